import type { DbObject, NotCaptured, TextPolicies } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { quoteName } from '../lexer.ts'
import { isThisDatabase, type Server } from '../session.ts'
import { changedWhileReading, describeAll, isVanished, notShown } from './describe.ts'
import { neededLibraries, readUses } from './libraries.ts'
import {
  beforeItEnds,
  programSql,
  recodedWarnings,
  withExactComment,
  type StoredProgram,
} from './programs.ts'
import { withDefiner, withStarts } from './text-policies.ts'

/** What was found out about a kind of stored program. */
export interface ProgramsRead {
  readonly objects: readonly DbObject[]
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

interface ListedProgram {
  readonly name: string
  readonly kind: 'function' | 'procedure' | 'event' | 'package' | 'package body'
  readonly comment: string
  /** Of an event: there is a time after which it does not run again. */
  readonly ends?: boolean
}

const kindsOfRoutines: readonly string[] = ['function', 'procedure', 'package', 'package body']

/** How the texts of programs are written. */
export interface ProgramTexts {
  readonly databaseCollation: string
  readonly texts: TextPolicies
}

/**
 * Reads functions, procedures and packages; other kinds of routines are named as not captured. `libraries` are the names of
 * those that the database has.
 */
export async function readRoutines(
  client: Client,
  server: Server,
  texts: ProgramTexts,
  libraries: readonly string[],
): Promise<ProgramsRead> {
  const records = await client.query<'name' | 'type' | 'comment'>(
    `SELECT routine_name AS name, routine_type AS type, routine_comment AS comment FROM information_schema.routines
     WHERE ${isThisDatabase('routine_schema', server)} ORDER BY routine_type, CAST(routine_name AS BINARY)`,
  )
  const listed: ListedProgram[] = []
  const others: NotCaptured[] = []
  for (const { name, type, comment } of records) {
    const kind = (type ?? '').toLowerCase()
    if (isRoutine(kind)) listed.push({ kind, name: name ?? '', comment: comment ?? '' })
    else others.push({ kind, name: name ?? '', reason: `a ${kind} is not saved yet` })
  }
  const help = `The account needs to be its definer, or: ${grantForBodies(server)}`
  const read = await readPrograms(client, server, listed, { help, ...texts })
  const whole = withBodies(read.objects)
  const needs = read.objects.map(({ kind, name, uses }) => ({
    key: `${kind} ${name}`,
    ...neededLibraries(`${kind} ${name}`, uses, libraries),
  }))
  const needsOf = new Map(needs.map(({ key, dependsOn }) => [key, dependsOn]))
  return {
    objects: whole.objects.map((object) => ({
      ...object,
      dependsOn: needsOf.get(`${object.kind} ${object.name}`) ?? [],
    })),
    notCaptured: [...others, ...read.notCaptured, ...whole.notCaptured],
    warnings: [...read.warnings, ...needs.flatMap(({ warnings }) => warnings)],
  }
}

function isRoutine(kind: string): kind is ListedProgram['kind'] {
  return kindsOfRoutines.includes(kind)
}

/** A package is its specification and its body: the second means nothing without the first. */
function withBodies(programs: readonly ReadProgram[]): Omit<ProgramsRead, 'warnings'> {
  const bodies = programs.filter(({ kind }) => kind === 'package body')
  const objects = programs.flatMap(({ kind, name, sql }): DbObject[] => {
    if (kind === 'package body') return []
    const body = kind === 'package' ? bodies.find((each) => each.name === name) : undefined
    return [{ kind, name, sql: sql + (body?.sql ?? ''), dependsOn: [] }]
  })
  const alone = bodies.filter(
    ({ name }) => !objects.some((each) => each.kind === 'package' && each.name === name),
  )
  const reason = 'its package has no specification that the server shows; drop the body'
  return { objects, notCaptured: alone.map(({ kind, name }) => ({ kind, name, reason })) }
}

/** The grant that shows the bodies of other accounts' routines. */
export function grantForBodies(server: Server): string {
  const table = server.can.readRoutinesFrom
  return table === undefined
    ? 'GRANT SHOW_ROUTINE ON *.* TO the account.'
    : `GRANT SELECT ON ${table} TO the account.`
}

/** Reads the events of the scheduler. */
export async function readEvents(
  client: Client,
  server: Server,
  programTexts: ProgramTexts,
): Promise<ProgramsRead> {
  const records = await client.query<'name' | 'comment' | 'ending'>(
    `SELECT event_name AS name, event_comment AS comment, COALESCE(execute_at, ends) IS NOT NULL AS ending
     FROM information_schema.events
     WHERE ${isThisDatabase('event_schema', server)} ORDER BY CAST(event_name AS BINARY)`,
  )
  const listed = records.map((record): ListedProgram => ({
    kind: 'event',
    name: record.name ?? '',
    comment: record.comment ?? '',
    ends: record.ending === '1',
  }))
  const help = `GRANT EVENT ON ${quoteName(server.database)}.* TO the account.`
  const texts = { help, ...programTexts }
  const { objects, notCaptured, warnings } = await readPrograms(client, server, listed, texts)
  return {
    objects: objects.map(({ name, sql }) => ({ kind: 'event', name, sql, dependsOn: [] })),
    notCaptured,
    warnings,
  }
}

interface ReadProgram extends ListedProgram {
  readonly sql: string
  /** Names of libraries of this database. */
  readonly uses: readonly string[]
}

async function readPrograms(
  client: Client,
  server: Server,
  listed: readonly ListedProgram[],
  { help, databaseCollation, texts }: ProgramTexts & { readonly help: string },
): Promise<{
  readonly objects: readonly ReadProgram[]
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}> {
  const described = await describeAll(
    client,
    listed,
    ({ kind, name }) => `SHOW CREATE ${kind.toUpperCase()} ${quoteName(name)}`,
  )
  const objects: ReadProgram[] = []
  const notCaptured: NotCaptured[] = []
  const warnings: string[] = []
  for (const { item, record, refusal } of described) {
    if (isVanished(refusal)) throw changedWhileReading(`${item.kind} ${item.name}`)
    const program = record === undefined ? undefined : storedProgram(record, columnOf(item.kind))
    if (program === undefined) {
      notCaptured.push(notShown(item.kind, item.name, help, refusal))
      continue
    }
    const mayUse = server.can.haveLibraries && item.kind !== 'event'
    const shown = withDefiner(program.statement, texts)
    const { statement, uses } = mayUse
      ? readUses(shown, server.database)
      : { statement: item.kind === 'event' ? withStarts(shown, texts) : shown, uses: [] }
    const client = program.characterSetClient
    warnings.push(...recodedWarnings(item.kind, [{ name: item.name, statement, client }]))
    const exact = withExactComment({ ...program, statement }, item.comment)
    const sql = programSql(exact, databaseCollation)
    objects.push({ ...item, uses, sql: item.ends === true ? beforeItEnds(sql) : sql })
  }
  return { objects, notCaptured, warnings }
}

function columnOf(kind: ListedProgram['kind']): string {
  return `Create ${kind.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase())}`
}

/** The program of a SHOW CREATE record, or undefined when the server hides its text (NULL, never an empty body). */
export function storedProgram(record: TextRecord, column: string): StoredProgram | undefined {
  const statement = record[column]
  if (typeof statement !== 'string' || statement === '') return undefined
  const timeZone = record['time_zone']
  return {
    statement,
    sqlMode: record['sql_mode'] ?? '',
    characterSetClient: record['character_set_client'] ?? 'utf8mb4',
    collationConnection: record['collation_connection'] ?? 'utf8mb4_general_ci',
    databaseCollation: record['Database Collation'] ?? '',
    ...(typeof timeZone === 'string' ? { timeZone } : {}),
  }
}
