import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { postgresDirectory } from '../../../scripts/setup/places.mjs'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

/** Extensions of the server's own source that make types with operators of their own, and the library of each. */
const libraries: Readonly<Record<string, string>> = {
  btree_gin: 'btree_gin',
  btree_gist: 'btree_gist',
  bloom: 'bloom',
  citext: 'citext',
  cube: 'cube',
  dict_xsyn: 'dict_xsyn',
  hstore: 'hstore',
  intarray: '_int',
  isn: 'isn',
  ltree: 'ltree',
  pg_trgm: 'pg_trgm',
  seg: 'seg',
  unaccent: 'unaccent',
}

/** What an extension makes, as a script that makes no extension of it: in a schema of its own. */
function scriptOf(directory: string, extension: string, library: string): string {
  const isScript = new RegExp(`^${extension}--[\\d.]+\\.sql$`)
  const file = readdirSync(directory)
    .filter((name) => isScript.test(name))
    .sort()
    .at(-1)
  if (file === undefined) throw new Error(`There is no script of ${extension} in ${directory}.`)
  const script = readFileSync(join(directory, file), 'utf8')
    .replace(/^\\echo .*$/gm, '')
    .replaceAll('MODULE_PATHNAME', `$libdir/${library}`)
    .replaceAll('@extschema@', `own_${extension}`)
  return `SET client_min_messages = error; CREATE SCHEMA own_${extension}; SET search_path = own_${extension};\n${script}`
}

describe.each(postgresServers)('%s: what extensions make, made by hand', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (scripts: readonly string[]): string => {
    const database = createDatabase(server)
    databases.push(database)
    for (const script of scripts) runSql(server, database, script)
    return database
  }

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test('comes back: base types, operators, classes of every index method, dictionaries', async () => {
    const directory = join(
      postgresDirectory(majorVersion(name)),
      'share',
      'postgresql',
      'extension',
    )
    const scripts = Object.entries(libraries).map(([extension, library]) =>
      scriptOf(directory, extension, library),
    )
    const source = make(scripts)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.objects.length).toBeGreaterThan(1000)
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.warnings).toEqual([])
    const copy = make([])
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
  })
})
