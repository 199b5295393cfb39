import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { Client } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeRows, decodeTable, encodeRows } from '../src/csv.ts'
import type { Row } from '../src/csv.ts'
import { createDatabase, dropDatabase } from './support/databases.ts'
import { all, pieces, rowsOf } from './support/csv-text.ts'
import { majorVersion, postgresServers, servers } from './support/servers.ts'

const megabyte = 'line "one",\r\n\\.\n'.repeat(70_000)

/** Rows that PostgreSQL can hold: it knows no NUL. */
function samples(columns: number): (string | null)[][] {
  const random = fc.sample(rowsOf(columns, 60), { numRuns: 25, seed: 11 }).flat()
  const long = Array.from({ length: columns }, (_, index) => (index === 0 ? megabyte : null))
  return [...random.filter((row) => row.every((value) => !value?.includes('\0'))), long]
}

const namesOf = (columns: number) => Array.from({ length: columns }, (_, index) => `c${index}`)

describe.each(postgresServers)("%s: COPY's text and ours", (name) => {
  const server = servers()[name]
  const database = createDatabase(server)
  const { host, port, user, password } = server
  const client = new Client({ host, port, user, password, database })

  beforeAll(async () => {
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    dropDatabase(server, database)
  })

  async function copyIn(table: string, columns: string, text: string): Promise<void> {
    const query = `COPY ${table} (${columns}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')`
    await pipeline(Readable.from([Buffer.from(text)]), client.query(copyFrom(query)))
  }

  async function copyOut(query: string, options = ''): Promise<Buffer> {
    const words = `COPY (${query}) TO STDOUT (FORMAT csv, ENCODING 'UTF8'${options})`
    return await buffer(client.query(copyTo(words)))
  }

  /** Stores values without CSV: as hexadecimal digits of their UTF-8. */
  async function store(table: string, columns: number, rows: readonly Row[]): Promise<void> {
    const list = namesOf(columns)
    await client.query(
      `CREATE TABLE ${table} (n serial, ${list.map((each) => `${each} text`).join(', ')})`,
    )
    const digits = list.map((_, index) =>
      rows.map((row) => {
        const value = row[index] ?? null
        return value === null ? null : Buffer.from(value).toString('hex')
      }),
    )
    const parameters = list.map((_, index) => `$${index + 1}::text[]`).join(', ')
    const values = list.map((each) => `convert_from(decode(${each}, 'hex'), 'UTF8')`).join(', ')
    await client.query(
      `INSERT INTO ${table} (${list.join(', ')}) SELECT ${values}
       FROM unnest(${parameters}) WITH ORDINALITY u(${list.join(', ')}, place) ORDER BY place`,
      digits,
    )
  }

  /** How many rows there are in the first table, and how many differ from that of the second. */
  async function differences(one: string, other: string, columns: number): Promise<unknown> {
    const unequal = namesOf(columns).map((each) => `a.${each} IS DISTINCT FROM b.${each}`)
    const { rows } = await client.query<{ rows: number; differ: number }>(
      `SELECT count(a.n)::int AS rows, count(*) FILTER (WHERE a.n IS NULL OR b.n IS NULL OR ${unequal.join(' OR ')})::int AS differ
       FROM ${one} a FULL JOIN ${other} b USING (n)`,
    )
    return rows[0]
  }

  test.each([1, 2, 4])('are the same bytes and the same values, %d columns', async (columns) => {
    const [stored, loaded, read] = [`stored_${columns}`, `loaded_${columns}`, `read_${columns}`]
    const given = samples(columns)
    const list = namesOf(columns).join(', ')
    await store(stored, columns, given)
    const copied = await copyOut(`SELECT ${list} FROM ${stored} ORDER BY n`)
    // Not by toEqual: the difference would be a page of a megabyte.
    expect(copied.equals(Buffer.from(encodeRows(given)))).toBe(true)
    const ours = await all(decodeRows(pieces(copied, [1, 65_536, 7]), { columnCount: columns }))
    await store(read, columns, ours)
    await client.query(`CREATE TABLE ${loaded} (LIKE ${stored} INCLUDING ALL)`)
    await copyIn(loaded, list, encodeRows(given))
    const equal = { rows: given.length, differ: 0 }
    expect(await differences(stored, read, columns)).toEqual(equal)
    await client.query(`UPDATE ${loaded} SET n = n - (SELECT min(n) FROM ${loaded}) + 1`)
    expect(await differences(stored, loaded, columns)).toEqual(equal)
  })

  test('are the same with a header of names that need quotes', async () => {
    const header = ['a,b', 'say "x"', 'ü\n', '\\.', ' c ']
    const names = header.map((each) => `"${each.replaceAll('"', '""')}"`).join(', ')
    const copied = await copyOut(`SELECT * FROM (VALUES (1, 2, 3, 4, 5)) v(${names})`, ', HEADER')
    expect(copied.toString()).toBe(encodeRows([header, ['1', '2', '3', '4', '5']]))
    const { columns } = await decodeTable(pieces(copied, [1]), 'x.csv')
    expect(columns).toEqual(header)
    expect((await copyOut('SELECT 1 AS "\\."', ', HEADER')).toString()).toBe(
      encodeRows([['\\.'], ['1']]),
    )
  })

  test('are the same without columns, and with 1,600', async () => {
    expect((await copyOut('SELECT FROM generate_series(1, 3)')).toString()).toBe(
      encodeRows([[], [], []]),
    )
    const wide = Array.from({ length: 1600 }, (_, index) => (index % 3 === 0 ? null : `"${index}`))
    const values = wide.map((value) => (value === null ? 'NULL::text' : `'${value}'`)).join(', ')
    const copied = await copyOut(`SELECT ${values}`)
    expect(copied.toString()).toBe(encodeRows([wide]))
    expect(await all(decodeRows(pieces(copied, [13]), { columnCount: 1600 }))).toEqual([wide])
  })

  test('a bare \\. in a line ends the data until 17 and is a value from 18 on, so we refuse it', async () => {
    await client.query('CREATE TABLE ends (v text)')
    await copyIn('ends', 'v', 'a\n\\.\nb\n')
    const { rows } = await client.query<{ v: string }>('SELECT v FROM ends')
    expect(rows.map(({ v }) => v)).toEqual(majorVersion(name) < 18 ? ['a'] : ['a', '\\.', 'b'])
    await expect(all(decodeRows(pieces('a\n\\.\nb\n', [2])))).rejects.toThrow('line 2: \\. alone')
  })
})
