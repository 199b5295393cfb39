import type { DbObject, NotCaptured } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { quoteName } from '../lexer.ts'
import { isThisDatabase, type Server } from '../session.ts'
import { changedWhileReading, describeAll, isVanished, notShown } from './describe.ts'
import { programSql, type StoredProgram } from './programs.ts'

/** What was found out about a kind of stored program. */
export interface ProgramsRead {
  readonly objects: readonly DbObject[]
  readonly notCaptured: readonly NotCaptured[]
}

interface ListedProgram {
  readonly name: string
  readonly kind: 'function' | 'procedure' | 'event' | 'package' | 'package body'
}

const kindsOfRoutines: readonly string[] = ['function', 'procedure', 'package', 'package body']

/** Reads functions, procedures and packages; other kinds of routines are named as not captured. */
export async function readRoutines(
  client: Client,
  server: Server,
  databaseCollation: string,
): Promise<ProgramsRead> {
  const records = await client.query<'name' | 'type'>(
    `SELECT routine_name AS name, routine_type AS type FROM information_schema.routines
     WHERE ${isThisDatabase('routine_schema', server)} ORDER BY routine_type, CAST(routine_name AS BINARY)`,
  )
  const listed: ListedProgram[] = []
  const others: NotCaptured[] = []
  for (const { name, type } of records) {
    const kind = (type ?? '').toLowerCase()
    if (isRoutine(kind)) listed.push({ kind, name: name ?? '' })
    else others.push({ kind, name: name ?? '', reason: `a ${kind} is not saved yet` })
  }
  const help = `The account needs to be its definer, or: ${grantForBodies(server)}`
  const read = await readPrograms(client, listed, help, databaseCollation)
  const whole = withBodies(read.objects)
  return {
    objects: whole.objects,
    notCaptured: [...others, ...read.notCaptured, ...whole.notCaptured],
  }
}

function isRoutine(kind: string): kind is ListedProgram['kind'] {
  return kindsOfRoutines.includes(kind)
}

/** A package is its specification and its body: the second means nothing without the first. */
function withBodies(programs: readonly ReadProgram[]): ProgramsRead {
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
  databaseCollation: string,
): Promise<ProgramsRead> {
  const records = await client.query<'name'>(
    `SELECT event_name AS name FROM information_schema.events
     WHERE ${isThisDatabase('event_schema', server)} ORDER BY CAST(event_name AS BINARY)`,
  )
  const listed = records.map((record): ListedProgram => ({
    kind: 'event',
    name: record.name ?? '',
  }))
  const help = `GRANT EVENT ON ${quoteName(server.database)}.* TO the account.`
  const { objects, notCaptured } = await readPrograms(client, listed, help, databaseCollation)
  return {
    objects: objects.map(({ name, sql }) => ({ kind: 'event', name, sql, dependsOn: [] })),
    notCaptured,
  }
}

interface ReadProgram extends ListedProgram {
  readonly sql: string
}

async function readPrograms(
  client: Client,
  listed: readonly ListedProgram[],
  help: string,
  databaseCollation: string,
): Promise<{
  readonly objects: readonly ReadProgram[]
  readonly notCaptured: readonly NotCaptured[]
}> {
  const described = await describeAll(
    client,
    listed,
    ({ kind, name }) => `SHOW CREATE ${kind.toUpperCase()} ${quoteName(name)}`,
  )
  const objects: ReadProgram[] = []
  const notCaptured: NotCaptured[] = []
  for (const { item, record, refusal } of described) {
    if (isVanished(refusal)) throw changedWhileReading(`${item.kind} ${item.name}`)
    const program = record === undefined ? undefined : storedProgram(record, columnOf(item.kind))
    if (program === undefined) notCaptured.push(notShown(item.kind, item.name, help, refusal))
    else objects.push({ ...item, sql: programSql(program, databaseCollation) })
  }
  return { objects, notCaptured }
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
