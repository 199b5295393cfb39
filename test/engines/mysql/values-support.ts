import { expect } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import type { Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, type Poured } from './round-trip.ts'

/** A session that takes whatever a column can hold. */
export const lenientSession =
  "SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', group_concat_max_len = 1048576;\n"

/** Two databases of one server: one to make values in, and what became of it. */
export class ValuesTrip {
  readonly server: Server
  readonly original: string
  readonly copy: string

  constructor(server: Server) {
    this.server = server
    this.original = createDatabase(server)
    this.copy = createDatabase(server)
  }

  [Symbol.dispose](): void {
    for (const database of [this.original, this.copy]) dropDatabase(this.server, database)
  }

  /** Runs a script in the original, which takes whatever a column can hold. */
  run(script: string): string {
    return runClient(this.server, this.original, lenientSession + script)
  }

  /** Database → files → restored database; the server compares every table, and a second snapshot has the same bytes. */
  async expectUnharmed(): Promise<Poured> {
    const read = await this.restore()
    expect(read.schema.notCaptured).toEqual([])
    this.expectSameRows()
    expect(filesOf(await readWhole(requestFor(this.server, this.copy)))).toEqual(filesOf(read))
    return read
  }

  /** Fills the copy with what the original's files would hold. */
  async restore(): Promise<Poured> {
    const read = await readWhole(requestFor(this.server, this.original))
    await fillWith(requestFor(this.server, this.copy), 'replace', read)
    return read
  }

  /** Every row of every table is in the other database as often, value by value, by the server's own word. */
  expectSameRows(): void {
    const questions = [...this.exactValues()].map(([table, values]) => {
      const row = [...values.values()].map((value) => `COALESCE(${value}, 'NULL')`).join(', ')
      return this.countDifferences(table, `SHA2(CONCAT_WS('|', ${row}), 512)`, table)
    })
    const lines = this.run(questions.join('\n')).trimEnd().split('\n')
    expect(lines).toHaveLength(questions.length)
    const different = lines.filter((line) => !line.endsWith('\t0'))
    expect(different.flatMap((line) => this.differentColumns(line.split('\t')[0] ?? ''))).toEqual(
      [],
    )
    expect(different).toEqual([])
  }

  private differentColumns(table: string): string[] {
    const values = [...(this.exactValues().get(table) ?? [])]
    const questions = values.map(([column, value]) => this.countDifferences(column, value, table))
    const lines = this.run(questions.join('\n')).trimEnd().split('\n')
    return lines.filter((line) => !line.endsWith('\t0')).map((line) => `${table}.${line}`)
  }

  private countDifferences(label: string, expression: string, table: string): string {
    const values = (database: string, sign: string) =>
      `SELECT ${expression} AS value, ${sign}1 AS times FROM \`${database}\`.\`${table}\``
    const all = `${values(this.original, '+')} UNION ALL ${values(this.copy, '-')}`
    return `SELECT '${label}', COUNT(*) FROM (SELECT value FROM (${all}) AS every_row GROUP BY value HAVING SUM(times) <> 0) AS different;`
  }

  /** By table and column an expression that is different for different values. */
  private exactValues(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    const answer = this.run(
      `SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
       WHERE c.table_schema = '${this.original}' AND t.table_type <> 'VIEW' ORDER BY c.table_name, c.ordinal_position;`,
    )
    const columns = answer
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    const tables = Map.groupBy(columns, ([table = '']) => table)
    return new Map(
      [...tables].map(([table, of]) => [
        table,
        new Map(of.map(([, name = '', type = '']) => [name, exactValue(`\`${name}\``, type)])),
      ]),
    )
  }
}

const ownText =
  /^(?:(?:tiny|small|medium|big)?int|decimal|double|date|time|year|datetime|timestamp|uuid|inet4|inet6)$/i

/** ASCII text that is different for values that differ in anything. */
function exactValue(column: string, type: string): string {
  switch (type.toLowerCase()) {
    case 'float':
      return `CAST(CAST(${column} AS DOUBLE) AS CHAR)`
    case 'enum':
    case 'set':
      return `CONCAT(CAST(${column} AS UNSIGNED), ' ', HEX(${column}))`
    case 'json':
      return `CONCAT(JSON_TYPE(${column}), ' ', HEX(CAST(${column} AS CHAR)))`
    default:
      return ownText.test(type) ? `CAST(${column} AS CHAR)` : `HEX(${column})`
  }
}
