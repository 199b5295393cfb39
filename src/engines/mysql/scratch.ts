import { randomBytes } from 'node:crypto'
import type { Client } from './client.ts'
import { naming } from './fill-errors.ts'
import { freeLock, takeLock } from './fill-session.ts'
import { quoteName, quoteText } from './lexer.ts'
import { readMarker } from './marker.ts'

const scratchPrefix = 'schema_backup_scratch_fill_'
const asidePrefix = 'schema_backup_scratch_old_'

/** The two databases that a fill makes beside its target. */
export interface Scratch {
  /** Everything is made in it first. */
  readonly name: string
  /** It takes the tables that the target held before. */
  readonly aside: string
}

/** Makes the databases of one fill, with the default character set and collation of the target. */
export async function createScratch(client: Client, target: string): Promise<Scratch> {
  const suffix = randomBytes(6).toString('hex')
  const scratch = { name: `${scratchPrefix}${suffix}`, aside: `${asidePrefix}${suffix}` }
  await takeLock(client, scratch.name)
  const [settings] = await client.query<'charset' | 'collation'>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
     FROM information_schema.schemata WHERE schema_name = ${quoteText(target)}`,
  )
  const options = `CHARACTER SET = ${settings?.charset ?? ''} COLLATE = ${settings?.collation ?? ''}`
  await naming(
    `The scratch databases ${scratchPrefix}… and ${asidePrefix}… can't be made (GRANT ALL ON \`schema\\_backup\\_scratch\\_%\`.* TO the account)`,
    async () => {
      await client.query(`CREATE DATABASE ${quoteName(scratch.name)} ${options}`)
      await client.query(`CREATE DATABASE ${quoteName(scratch.aside)} ${options}`)
    },
  )
  return scratch
}

/** Drops both databases of a fill, or what is left of them. */
export async function dropScratch(client: Client, scratch: Scratch): Promise<void> {
  for (const name of [scratch.name, scratch.aside]) {
    await client.query(`DROP DATABASE IF EXISTS ${quoteName(name)}`)
  }
  await freeLock(client, scratch.name)
}

/**
 * Drops what killed fills left behind. Old tables stay as long as the target that they come from is marked: their
 * database gets the mark when the target loses it.
 */
export async function dropAbandoned(client: Client): Promise<void> {
  const records = await client.query<'name'>(
    `SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE 'schema\\\\_backup\\\\_scratch\\\\_%'`,
  )
  for (const { name } of records) {
    const suffix = /^schema_backup_scratch_(?:fill|old)_([0-9a-f]{12})$/.exec(name ?? '')?.[1]
    if (name === null || suffix === undefined) continue
    const lock = `${scratchPrefix}${suffix}`
    if (!(await takeLock(client, lock))) continue
    const isDisposable = name.startsWith(scratchPrefix) || (await isForgotten(client, name))
    if (isDisposable) await client.query(`DROP DATABASE IF EXISTS ${quoteName(name)}`)
    await freeLock(client, lock)
  }
}

async function isForgotten(client: Client, aside: string): Promise<boolean> {
  if ((await readMarker(client, aside)) !== undefined) return true
  const [record] = await client.query<'count'>(
    `SELECT count(*) AS count FROM information_schema.tables WHERE table_schema = ${quoteText(aside)}`,
  )
  return record?.count === '0'
}
