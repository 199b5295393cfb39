import type { Column, NotCaptured, ObjectKey, Table, TextPolicies } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { readCreateTable, withQuotedForeignKeys } from '../create-table.ts'
import { quoteName } from '../lexer.ts'
import { withoutCredentials } from '../redact.ts'
import { isThisDatabase, type Server } from '../session.ts'
import {
  changedWhileReading,
  describeAll,
  isVanished,
  notShown,
  type Described,
} from './describe.ts'
import { chooseKey, type Index } from './key.ts'
import { columnsWithoutDefault } from './no-default.ts'
import { withSettings } from './programs.ts'
import type { ListedTable } from './list.ts'
import { findLostCharacters } from './lost-characters.ts'
import { withoutPartitions } from './partitions.ts'

/** A column with what reading its values needs. */
export interface MysqlColumn extends Column {
  /** information_schema's DATA_TYPE: `varchar`, `bit`, `geometry`, … */
  readonly dataType: string
  /** Of a column of characters. */
  readonly characterSet?: string
  readonly collation?: string
  /** Of a system-versioned table: since when the row was or until when it is current; a row that still is has no end. */
  readonly period?: 'start' | 'end'
}

/** A table with what reading its rows needs. */
export interface MysqlTable extends Table {
  readonly columns: readonly MysqlColumn[]
  readonly engine: string
  readonly systemVersioned: boolean
  /** Whether its rows are all that it ever held, with their periods. */
  readonly hasHistory: boolean
}

/** What was found out about the tables. */
export interface TablesRead {
  readonly tables: readonly MysqlTable[]
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

/** Engines whose tables show rows that live in another place. */
export const enginesWithoutRows = new Set([
  'FEDERATED',
  'CONNECT',
  'SPIDER',
  'MRG_MYISAM',
  'BLACKHOLE',
  'OQGRAPH',
  'SPHINX',
])

/** A table without rows of its own, made anew: FEDERATED, for one, knows no ALTER TABLE. */
function tableAgain(name: string, statement: string): string {
  return `DROP TABLE IF EXISTS ${quoteName(name)};\n${statement};\n`
}

/** Reads the base tables; triggers are joined to them by read-schema.ts. */
export async function readTables(
  client: Client,
  server: Server,
  listed: readonly ListedTable[],
  texts: TextPolicies,
): Promise<TablesRead> {
  const columns = await readColumns(client, server)
  const indexes = await readIndexes(client, server)
  const described = await describeTables(client, listed)
  const tables: MysqlTable[] = []
  const notCaptured: NotCaptured[] = []
  for (const answer of described) {
    const text = createText(answer, server, notCaptured)
    if (text === undefined) continue
    const { name } = answer.item
    const facts = { columns: columns.get(name) ?? [], indexes: indexes.get(name) ?? [] }
    tables.push(tableOf(answer.item, text, facts, server, texts))
  }
  return {
    tables,
    notCaptured,
    warnings: [
      ...(server.can.dropEveryDefault ? [] : tables.flatMap(missingDefaults)),
      ...(await findLostCharacters(client, server, new Set(tables.map(({ name }) => name)))),
    ],
  }
}

function withoutDefaults(table: string, statement: string): string {
  return columnsWithoutDefault(statement)
    .map(
      (column) =>
        `ALTER TABLE ${quoteName(table)} ALTER COLUMN ${quoteName(column)} DROP DEFAULT;\n`,
    )
    .join('')
}

function missingDefaults({ name, sql }: MysqlTable): readonly string[] {
  return columnsWithoutDefault(sql).map(
    (column) =>
      `table ${name}, column ${column}: it has no default, not even NULL; newer MariaDB servers can't be told so, and give it DEFAULT NULL`,
  )
}

/** Unconverted, because MySQL puts `?` for characters of four bytes in expressions when it converts. */
async function describeTables(
  client: Client,
  listed: readonly ListedTable[],
): Promise<Described<ListedTable>[]> {
  await client.query('SET SESSION character_set_results = NULL')
  try {
    return await describeAll(
      client,
      listed,
      (table) => `SHOW CREATE TABLE ${quoteName(table.name)}`,
    )
  } finally {
    if (client.usable) await client.query('SET SESSION character_set_results = utf8mb4')
  }
}

function createText(
  { item, record, refusal }: Described<ListedTable>,
  server: Server,
  notCaptured: NotCaptured[],
): string | undefined {
  const text = record?.['Create Table']
  if (typeof text === 'string') return withQuotedForeignKeys(text)
  if (isVanished(refusal)) throw changedWhileReading(`Table ${item.name}`)
  const help = `GRANT SELECT ON ${quoteName(server.database)}.* TO the account.`
  notCaptured.push(notShown('table', item.name, help, refusal))
  return undefined
}

function tableOf(
  listed: ListedTable,
  text: string,
  { columns, indexes }: { columns: readonly MysqlColumn[]; indexes: readonly Index[] },
  server: Server,
  texts: TextPolicies,
): MysqlTable {
  const { statement: whole, autoIncrement, sequences } = readCreateTable(text, server.database)
  const { name, engine } = listed
  const hasRows = !enginesWithoutRows.has(engine.toUpperCase())
  // Partitions of the others say where the rows are.
  const { statement, partitions } = hasRows
    ? withoutPartitions(whole, texts)
    : { statement: whole, partitions: undefined }
  const systemVersioned = listed.type === 'SYSTEM VERSIONED'
  const inTime = systemVersioned && server.can.insertHistory ? withPeriod(columns) : columns
  const ends = inTime
    .filter(({ period, generated }) => period === 'end' && !generated)
    .map((column) => column.name)
  const key = chooseKey(columns, indexes)
  const settings = settingsNeeded(statement, columns)
  const { sql, secretOptions } = withoutCredentials(statement)
  const defaults = withoutDefaults(name, statement)
  const alter = `ALTER TABLE ${quoteName(name)}`
  const secrets = hasRows ? `${alter} ${secretOptions};\n` : tableAgain(name, statement)
  const counter = `${alter} AUTO_INCREMENT = ${autoIncrement ?? ''};\n`
  return {
    kind: 'table',
    name,
    sql: withSettings(settings, `${sql};\n${defaults}`),
    ...(secretOptions === '' ? {} : { sqlSecrets: withSettings(settings, secrets) }),
    ...(partitions === undefined
      ? {}
      : {
          sqlPartitions: withSettings(
            settingsNeeded(partitions, columns),
            `${alter}${partitions};\n`,
          ),
        }),
    ...(autoIncrement === undefined ? {} : { sqlCounters: counter }),
    dependsOn: sequences.map((sequence): ObjectKey => ({ kind: 'sequence', name: sequence })),
    columns: inTime,
    orderBy: key.length === 0 ? [] : [...key, ...ends.filter((end) => !key.includes(end))],
    hasRows,
    engine,
    systemVersioned,
    hasHistory: ends.length > 0,
  }
}

/**
 * Times in a definition are in UTC, like the session that read them; some need a permissive sql_mode; a table that
 * a foreign key points to may be made later.
 */
function settingsNeeded(
  statement: string,
  columns: readonly MysqlColumn[],
): Record<string, string> {
  const hasTimestamp = columns.some((column) => column.dataType === 'timestamp')
  const hasTimes = hasTimestamp && /DEFAULT '\d/.test(statement)
  const hasPartitionTimes = /\bPARTITION BY\b/.test(statement) && /TIMESTAMP/i.test(statement)
  const hasInvalidDates = /DEFAULT '\d{4}-(?:00|\d\d-00)/.test(statement)
  return {
    ...(hasTimes || hasPartitionTimes ? { time_zone: "'+00:00'" } : {}),
    ...(hasInvalidDates ? { sql_mode: "''" } : {}),
    ...(/\bFOREIGN KEY \(/.test(statement) ? { foreign_key_checks: '0' } : {}),
  }
}

async function readColumns(
  client: Client,
  server: Server,
): Promise<ReadonlyMap<string, readonly MysqlColumn[]>> {
  const records = await client.query<ColumnFact | 'of'>(
    `SELECT table_name AS \`of\`, column_name AS name, column_type AS type, data_type AS data, extra AS extra,
       generation_expression AS expression, character_set_name AS characters, collation_name AS collation
     FROM information_schema.columns WHERE ${isThisDatabase('table_schema', server)}
     ORDER BY table_name, ordinal_position`,
  )
  const byTable = groupBy(records, (record) => record.of)
  return new Map([...byTable].map(([table, rows]) => [table, rows.map(columnOf)]))
}

type ColumnFact = 'name' | 'type' | 'data' | 'extra' | 'expression' | 'characters' | 'collation'

function columnOf({
  name,
  type,
  data,
  extra,
  expression,
  characters,
  collation,
}: TextRecord<ColumnFact>): MysqlColumn {
  const period = /^ROW (START|END)$/.exec(expression ?? '')?.[1]
  return {
    ...(period === undefined ? {} : { period: period === 'START' ? 'start' : 'end' }),
    name: name ?? '',
    type: type ?? '',
    dataType: (data ?? '').toLowerCase(),
    ...(characters === null ? {} : { characterSet: characters.toLowerCase() }),
    ...(collation === null ? {} : { collation: collation.toLowerCase() }),
    generated: /\b(?:VIRTUAL|STORED|PERSISTENT) GENERATED\b/i.test(extra ?? ''),
  }
}

/**
 * The columns with those of the period, which a session can write as they were; those that count transactions, it can
 * not. Source: https://mariadb.com/docs/server/reference/sql-structure/temporal-tables/system-versioned-tables
 */
function withPeriod(columns: readonly MysqlColumn[]): readonly MysqlColumn[] {
  const own = columns.filter(({ period }) => period !== undefined)
  if (own.some(({ dataType }) => dataType !== 'timestamp')) return columns
  if (own.length > 0) {
    return columns.map((column) =>
      column.period === undefined ? column : { ...column, generated: false },
    )
  }
  // A column of the user's that has such a name hides the server's.
  if (columns.some(({ name }) => /^row_(?:start|end)$/i.test(name))) return columns
  return [...columns, hiddenColumn('row_start', 'start'), hiddenColumn('row_end', 'end')]
}

function hiddenColumn(name: string, period: 'start' | 'end'): MysqlColumn {
  return { name, type: 'timestamp(6)', dataType: 'timestamp', generated: false, period }
}

async function readIndexes(
  client: Client,
  server: Server,
): Promise<ReadonlyMap<string, readonly Index[]>> {
  const records = await client.query<'of' | 'name' | 'column' | 'part' | 'nullable'>(
    `SELECT table_name AS \`of\`, index_name AS name, column_name AS \`column\`, sub_part AS part, nullable AS nullable
     FROM information_schema.statistics WHERE ${isThisDatabase('table_schema', server)} AND non_unique = 0
     ORDER BY table_name, index_name, seq_in_index`,
  )
  const byTable = groupBy(records, (record) => record.of)
  return new Map(
    [...byTable].map(([table, parts]) => {
      const byName = groupBy(parts, (part) => part.name)
      return [table, [...byName].map(([name, columns]) => indexOf(name, columns))]
    }),
  )
}

function indexOf(
  name: string,
  parts: readonly TextRecord<'column' | 'part' | 'nullable'>[],
): Index {
  // An expression has no column name; a prefix or a NULL does not tell rows apart for certain.
  const exact = parts.every(
    (part) => part.column !== null && part.part === null && part.nullable !== 'YES',
  )
  return { name, columns: parts.map((part) => part.column ?? ''), exact }
}

function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | null,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item) ?? ''
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
