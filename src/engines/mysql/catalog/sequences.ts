import type { DbObject, NotCaptured } from '../../../model.ts'
import type { Client } from '../client.ts'
import { quoteName } from '../lexer.ts'
import type { Server } from '../session.ts'
import { changedWhileReading, describeAll, isVanished, notShown } from './describe.ts'
import type { ListedTable } from './list.ts'

/** What was found out about the sequences. */
export interface SequencesRead {
  readonly sequences: readonly DbObject[]
  readonly notCaptured: readonly NotCaptured[]
}

/** Reads MariaDB's sequences, without their positions. */
export async function readSequences(
  client: Client,
  server: Server,
  listed: readonly ListedTable[],
): Promise<SequencesRead> {
  const described = await describeAll(
    client,
    listed,
    ({ name }) => `SHOW CREATE SEQUENCE ${quoteName(name)}`,
  )
  const sequences: DbObject[] = []
  const notCaptured: NotCaptured[] = []
  for (const { item, record, refusal } of described) {
    const { name } = item
    if (isVanished(refusal)) throw changedWhileReading(`Sequence ${name}`)
    const statement = record?.['Create Table']
    if (typeof statement === 'string') {
      sequences.push({ kind: 'sequence', name, sql: `${statement};\n`, dependsOn: [] })
    } else notCaptured.push(notShown('sequence', name, helpFor(server), refusal))
  }
  return { sequences, notCaptured }
}

function helpFor(server: Server): string {
  return `GRANT SELECT ON ${quoteName(server.database)}.* TO the account.`
}

/**
 * Adds the positions of sequences to `objects`. Within the snapshot of the rows, and after it began: positions are
 * in no snapshot, and one from before could be given out again.
 */
export async function withPositions(
  client: Client,
  objects: readonly DbObject[],
): Promise<readonly DbObject[]> {
  const sequences = objects.filter((object) => object.kind === 'sequence')
  const positions = await describeAll(
    client,
    sequences,
    ({ name }) =>
      `SELECT next_not_cached_value AS next, cycle_count AS round FROM ${quoteName(name)}`,
  )
  const counters = new Map<DbObject, string>()
  for (const { item, record, refusal } of positions) {
    const { next, round } = record ?? {}
    if (isVanished(refusal)) throw changedWhileReading(`Sequence ${item.name}`)
    if (refusal !== undefined || typeof next !== 'string') {
      throw refusal ?? new Error(`sequence ${item.name} has no position`)
    }
    counters.set(item, `DO SETVAL(${quoteName(item.name)}, ${next}, 0, ${round ?? '0'});\n`)
  }
  return objects.map((object) => {
    const sqlCounters = counters.get(object)
    return sqlCounters === undefined ? object : { ...object, sqlCounters }
  })
}
