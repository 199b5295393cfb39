import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { dropDatabase, runSql } from '../../support/databases.ts'
import {
  majorVersion,
  outerPostgresServers,
  servers,
  type PostgresServer,
} from '../../support/servers.ts'
import { heldSnapshot } from './round-trip.ts'
import { edges } from './value-edges.ts'
import { exactSession } from './values.ts'

/** Types of keys, with the names by which their values are known. */
const keys: Readonly<Record<string, string>> = {
  bool: 'bool',
  bpchar: 'bpchar',
  'character(7)': 'name',
  'bit varying': 'varbit',
  bytea: 'bytea',
  date: 'date',
  float4: 'float4',
  float8: 'float8',
  inet: 'inet',
  int2: 'int2',
  int8: 'int8',
  int4range: 'int4range',
  interval: 'interval',
  jsonb: 'jsonb',
  macaddr: 'macaddr',
  money: 'money',
  name: 'name',
  numeric: 'numeric',
  oid: 'oid',
  pg_lsn: 'pg_lsn',
  text: 'text',
  'text[]': 'int2vector',
  time: 'time',
  timestamp: 'timestamp',
  'timestamp(0) with time zone': 'timestamptz',
  timestamptz: 'timestamptz',
  timetz: 'timetz',
  tsvector: 'tsvector',
  uuid: 'uuid',
  'character varying(40)': 'varchar',
}

/** Words that collations put in many orders. */
const words = [
  'a',
  'A',
  'b',
  'B',
  'z',
  'Z',
  'é',
  'E',
  'e',
  'ä',
  '_c',
  '-d',
  ' x',
  'ß',
  'ss',
  '10',
  '9',
  'İ',
  'ı',
  '日',
  '😀',
  '\uffff',
]

function valuesOf(type: string): readonly string[] {
  const known = edges[keys[type] ?? ''] ?? []
  if (type === 'text[]') return words.map((word) => `{"${word}",NULL}`)
  return /char|text|name/.test(type)
    ? [...known.filter((text) => text.length < 8), ...words]
    : known
}

/** Makes a database with a table for each type of key, and tables of the same values without a key. */
async function make(name: PostgresServer, options: string, order: string): Promise<string> {
  const server = servers()[name]
  const database = `order_${randomBytes(6).toString('hex')}`
  runSql(server, 'postgres', `CREATE DATABASE ${database} TEMPLATE template0 ${options}`)
  const client = await exactSession(server.url(database))
  for (const [number, type] of Object.keys(keys).entries()) {
    const values = valuesOf(type).filter((text) => text.length < 500)
    await client.query(`CREATE TABLE public.key_${number} (v ${type} PRIMARY KEY);
      CREATE TABLE public.plain_${number} (v ${type}, w text)`)
    // Of values that are equal for a key, the same one everywhere.
    await client.query(
      `INSERT INTO public.key_${number} SELECT v FROM (SELECT DISTINCT ON (v) v FROM
         (SELECT u::${type} AS v FROM unnest($1::text[]) u) x ORDER BY v, pg_catalog.format('%s', v) COLLATE "C") y ORDER BY ${order}`,
      [values],
    )
    await client.query(
      `INSERT INTO public.plain_${number} SELECT v, w FROM (SELECT u::${type} AS v, w FROM unnest($1::text[] || NULL) u, unnest('{NULL,"",a,a}'::text[]) w) x
       ORDER BY ${order}`,
      [values],
    )
  }
  await client.end()
  return database
}

describe('rows', () => {
  const made: [PostgresServer, string][] = []

  afterAll(() => {
    for (const [name, database] of made) dropDatabase(servers()[name], database)
  })

  test('are in the same order whatever the server, its collation and the order in which they came', async () => {
    const texts = async (name: PostgresServer, options: string, order: string) => {
      const database = await make(name, options, order)
      made.push([name, database])
      const { rows } = await heldSnapshot(servers()[name].url(database))
      return new Map([...rows].map(([table, csv]) => [table, csv.toString()]))
    }
    const first = await texts('postgres18', "LOCALE 'C'", 'v')
    expect([...first.values()].every((text) => text.length > 3)).toBe(true)
    for (const name of outerPostgresServers) {
      const icu = "LOCALE_PROVIDER icu ICU_LOCALE 'tr-u-kf-upper' LOCALE 'C.UTF-8'"
      const options = majorVersion(name) < 15 ? "LOCALE 'C.UTF-8'" : icu
      expect(await texts(name, options, 'md5(v::text)')).toEqual(first)
    }
    expect(await texts('postgres15', "LOCALE 'C.UTF-8'", 'v DESC')).toEqual(first)
  })
})
