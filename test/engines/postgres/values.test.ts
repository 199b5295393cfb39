import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from 'pg'
import { runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { Databases } from './filling.ts'
import { scriptOf } from './psql-script.ts'
import { dumpDifferences, pourInto, restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'
import {
  arraysOf,
  comparedColumns,
  edgesOf,
  ownTypes,
  rowsFrom,
  tablesOf,
  type OwnType,
} from './value-columns.ts'
import { named } from './value-edges.ts'
import { differingValues, exactSession, putRows } from './values.ts'

/** Settings of a database under which values are printed or understood otherwise. */
const hostile: Readonly<Record<string, string>> = {
  timezone: "'Pacific/Chatham'",
  datestyle: 'sql, dmy',
  intervalstyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  lc_monetary: "'C.UTF-8'",
  client_encoding: 'latin1',
  search_path: 'pg_temp, "odd ""schema""", public, pg_catalog',
  row_security: 'on',
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  array_nulls: 'off',
  xmloption: 'document',
  xmlbinary: 'hex',
  quote_all_identifiers: 'on',
  transform_null_equals: 'on',
  synchronize_seqscans: 'on',
  default_transaction_read_only: 'on',
  statement_timeout: '20',
}

/** The session's settings, as an environment gives them. */
const hostileOptions = Object.entries(hostile)
  .map(([name, value]) => `-c ${name}=${value.replace(/^'(.*)'$/, '$1').replaceAll(' ', '\\ ')}`)
  .join(' ')

describe.each(postgresServers)('%s: values of every type of the server', (name) => {
  const server = servers()[name]
  const databases = new Databases(server)
  let source = ''
  let client: Client
  let types: readonly OwnType[]

  beforeAll(async () => {
    source = databases.make(named)
    client = await exactSession(server.url(source))
    types = await ownTypes(client)
    runSql(server, source, tablesOf(types))
    const values = types.map((type) => edgesOf(type, majorVersion(name)))
    await putRows(client, 'public.scalars', rowsFrom(values))
    const arrays = types
      .filter(({ hasArrays }) => hasArrays)
      .map((type) => arraysOf(edgesOf(type, majorVersion(name)), type))
    await putRows(client, 'public.arrays', rowsFrom(arrays))
  })

  afterAll(async () => {
    await client.end()
    databases.dropAll()
  })

  test('come back', async () => {
    const original = await heldSnapshot(server.url(source))
    const copy = databases.make()
    await restore(original, server.url(copy))
    const other = await exactSession(server.url(copy))
    const withArrays = types.filter(({ hasArrays }) => hasArrays)
    for (const [table, list] of [
      ['scalars', types],
      ['arrays', withArrays],
    ] as const) {
      const from = `public.${table} ORDER BY id`
      expect(await differingValues([client, other], from, comparedColumns(list))).toEqual([])
    }
    await other.end()
    expect(dumpDifferences(server, source, copy)).toEqual([])
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  if (name !== 'postgres15' && name !== 'postgres18') return

  test('come back by a script for psql', async () => {
    const original = await heldSnapshot(server.url(source))
    const copy = databases.make(await scriptOf(original))
    const other = await exactSession(server.url(copy))
    const from = 'public.scalars ORDER BY id'
    expect(await differingValues([client, other], from, comparedColumns(types))).toEqual([])
    await other.end()
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test('are the same bytes in sessions that print and read them otherwise', async () => {
    const original = await heldSnapshot(server.url(source))
    const texts = ({ rows }: HeldSnapshot): readonly string[] => [...rows.values()].map(String)
    expect(texts(original).join('')).toContain('0.30000000000000004')
    for (const [setting, value] of Object.entries(hostile))
      runSql(server, 'postgres', `ALTER DATABASE ${source} SET ${setting} TO ${value}`)
    expect(runSql(server, source, 'SHOW datestyle')).toBe('SQL, DMY\n')
    expect(texts(await heldSnapshot(server.url(source)))).toEqual(texts(original))
    const copy = databases.make()
    const environment = { PGOPTIONS: hostileOptions }
    await using opened = await postgres.open({ url: server.url(copy), environment })
    await opened.fill({ mode: 'empty' }, (target) => pourInto(target, original))
    const other = await exactSession(server.url(copy))
    const from = 'public.scalars ORDER BY id'
    expect(await differingValues([client, other], from, comparedColumns(types))).toEqual([])
    await other.end()
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })
})
