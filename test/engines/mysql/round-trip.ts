import { mysql } from '../../../src/engines/mysql/index.ts'
import type { ConnectionRequest } from '../../../src/engines/connection.ts'
import { decodeRows } from '../../../src/csv.ts'
import type { Column, DbObject, ObjectKey, Schema, Snapshot, Table } from '../../../src/model.ts'
import { mariadbClient } from '../../support/launch-mariadb.ts'
import { mysqlClient } from '../../support/launch-mysql.ts'
import { run } from '../../support/program.ts'
import { vendorDump } from '../../support/databases.ts'
import type { Server } from '../../support/servers.ts'

/** All that a read gives: the schema and the CSV text of every table that has rows. */
export interface Poured {
  readonly schema: Schema
  readonly rows: ReadonlyMap<string, string>
}

/** The request that config/ would make for a database of a test server. */
export function requestFor(server: Server, database: string): ConnectionRequest {
  const url = `mysql://${encodeURIComponent(server.user)}@${server.host}:${server.port}`
  return {
    url: `${url}/${encodeURIComponent(database)}`,
    password: server.password,
    environment: {},
  }
}

/** Reads a database whole. */
export async function readWhole(request: ConnectionRequest): Promise<Poured> {
  await using database = await mysql.open(request)
  return await database.read({ wantsRows: () => true }, collect)
}

/** Everything of a snapshot. */
export async function collect(snapshot: Snapshot): Promise<Poured> {
  const rows = new Map<string, string>()
  for (const table of tablesOf(snapshot.schema)) {
    const blocks: Uint8Array[] = []
    for await (const block of snapshot.rows(table)) blocks.push(block)
    if (table.hasRows) rows.set(table.name, Buffer.concat(blocks).toString('utf8'))
  }
  return { schema: snapshot.schema, rows }
}

/** What must be equal between two reads of equal databases: everything that would reach a file. */
export function filesOf({ schema, rows }: Poured): Readonly<Record<string, string>> {
  const objects = schema.objects.map((object) => {
    const counters = object.sqlCounters ?? ''
    const dependsOn = object.dependsOn.map((key) => `-- needs ${key.kind} ${key.name}\n`).join('')
    const text = `${dependsOn}${object.sql}${object.sqlAfterRows ?? ''}${counters}`
    return [`${object.kind} ${object.name}`, text] as const
  })
  const csv = [...rows].map(([name, text]) => [`rows of ${name}`, text] as const)
  return Object.fromEntries([...objects, ...csv].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Makes the database again in an empty one, by the vendor's own client. */
export async function pour(server: Server, database: string, poured: Poured): Promise<void> {
  const objects = inOrder(poured.schema.objects).filter((object) => !isBroken(object))
  const structure = objects.filter((object) => object.kind !== 'event').map((object) => object.sql)
  const rows: string[] = []
  for (const table of tablesOf(poured.schema)) {
    rows.push(await insertsOf(table, poured.rows.get(table.name) ?? ''))
  }
  const counters = objects.map((object) => object.sqlCounters ?? '')
  const afterRows = objects.map((object) => object.sqlAfterRows ?? '')
  const events = objects.filter((object) => object.kind === 'event').map((object) => object.sql)
  const history = server.name === 'mysql' ? '' : 'SET system_versioning_insert_history = 1;\n'
  const script = [
    ...structure,
    sessionForRows + history,
    ...rows,
    ...counters,
    ...afterRows,
    ...events,
  ]
  runClient(server, database, script.join('\n'))
}

/** Runs a script with the vendor's client as the files want it: comments in bodies and line ends kept. */
export function runClient(server: Server, database: string, script: string): string {
  const [client = '', ...first] =
    server.name === 'mysql' ? mysqlClient('mysql') : mariadbClient(server.name, 'mariadb')
  const login = ['--no-defaults', `-h${server.host}`, `-P${server.port}`, `-u${server.user}`]
  const style = [
    '--binary-mode',
    '--comments',
    '--batch',
    '--skip-column-names',
    '--max-allowed-packet=1G',
  ]
  const words = [...first, ...login, ...style, '--default-character-set=utf8mb4']
  const environment = { ...process.env, MYSQL_PWD: server.password }
  return run(client, [...words, ...(database === '' ? [] : [database])], environment, script)
}

/** The vendor's whole dump of a database, without its name, the rows of each table sorted: some have no key. */
export function wholeDump(
  server: Server,
  database: string,
  options: readonly string[] = [],
): string {
  const own =
    server.name === 'mysql'
      ? ['--set-gtid-purged=OFF', '--no-tablespaces', '--column-statistics=0']
      : []
  const dump = vendorDump(server, database, [
    ...['--routines', '--events', '--triggers', '--hex-blob', '--skip-dump-date'],
    ...['--skip-extended-insert', '--max-allowed-packet=1G', '--single-transaction'],
    ...own,
    ...options,
  ])
  return dump
    .replaceAll(`\`${database}\``, '`the_database`')
    .replaceAll(/^-- (?:Host: |Dumping \w+ for database ).*$/gm, '')
    .replaceAll(/(?:^INSERT INTO .*\n)+/gm, (lines) => lines.split('\n').toSorted().join('\n'))
}

function tablesOf(schema: Schema): Table[] {
  return schema.objects.filter((object): object is Table => object.kind === 'table')
}

function isBroken(object: DbObject): boolean {
  return object.sql.startsWith('-- This view was broken')
}

/** Every object after those that it depends on. */
export function inOrder(objects: readonly DbObject[]): DbObject[] {
  const nameOf = (key: ObjectKey) => `${key.kind} ${key.name}`
  const byName = new Map(objects.map((object) => [nameOf(object), object]))
  const ordered = new Set<DbObject>()
  const visit = (object: DbObject, trail: readonly DbObject[]): void => {
    if (trail.includes(object)) throw new Error(`${nameOf(object)} depends on itself`)
    for (const key of object.dependsOn) {
      const needed = byName.get(nameOf(key))
      if (needed === undefined)
        throw new Error(`${nameOf(object)} needs ${nameOf(key)}, which is missing`)
      visit(needed, [...trail, object])
    }
    ordered.add(object)
  }
  for (const object of objects) visit(object, [])
  return [...ordered]
}

const sessionForRows = `SET NAMES utf8mb4;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0;
`

async function insertsOf(table: Table, csv: string): Promise<string> {
  const columns = table.columns.filter((column) => !column.generated)
  const names = columns.map((column) => quoted(column.name)).join(', ')
  const head = `INSERT INTO ${quoted(table.name)} (${names}) VALUES\n`
  const statements: string[] = []
  let values: string[] = []
  let length = 0
  const flush = () => {
    if (values.length > 0) statements.push(`${head}${values.join(',\n')};\n`)
    values = []
    length = 0
  }
  for await (const batch of decodeRows(piecesOf(csv), { columnCount: columns.length })) {
    for (const row of batch) {
      const made = `(${columns.map((column, index) => valueOf(column, row[index] ?? null)).join(', ')})`
      values.push(made)
      length += made.length
      if (length > 400_000) flush()
    }
  }
  flush()
  return statements.join('')
}

// eslint-disable-next-line @typescript-eslint/require-await -- decodeRows wants an asynchronous source
async function* piecesOf(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text)
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** A row of a system-versioned table that is current has no end. */
function valueOf(column: Column & { readonly period?: string }, text: string | null): string {
  return column.period === 'end' && text === null ? 'DEFAULT' : literal(column, text)
}

const bytesType =
  /^(?:\w*binary|\w*blob|geometry|point|\w*linestring|\w*polygon|multipoint|geom\w*|vector)\b/i

/** The value of a CSV cell as SQL of ASCII alone. */
function literal({ type }: Column, text: string | null): string {
  if (text === null) return 'NULL'
  if (bytesType.test(type)) return `x'${text.slice(2)}'`
  if (/^bit\b/i.test(type)) return `b'${text}'`
  const hasLabels = /^(?:enum|set)\b/i.test(type)
  if (hasLabels && /^\\\d+$/.test(text)) return text.slice(1)
  const [, escape = '', digits] = /^(\\*)x((?:[0-9a-f]{2})*)$/.exec(text) ?? []
  if (!hasLabels && escape === '\\') return `x'${digits ?? ''}'`
  const isEscaped = hasLabels ? text.startsWith('\\') : escape !== ''
  const value = isEscaped ? text.slice(1) : text
  return `_utf8mb4 x'${Buffer.from(value, 'utf8').toString('hex')}'`
}
