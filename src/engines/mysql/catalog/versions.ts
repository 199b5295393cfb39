import type { DbObject } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { isToken, nameOf, tokenize } from '../lexer.ts'
import type { Server } from '../session.ts'
import { isDenied } from './describe.ts'

/**
 * What a restore needs that is no object of the database: plugins (storage engines, parsers, ways to log in) and loadable
 * functions that its definitions name, each with its library (a name that merely looks like one does no harm);
 * on MySQL tablespaces and spatial reference systems of a user's, and the server's components, which can bring functions.
 */
export async function readVersions(
  client: Client,
  server: Server,
  objects: readonly DbObject[],
): Promise<Readonly<Record<string, string>>> {
  const plugins = await client.query<'name' | 'version' | 'path'>(
    `SELECT plugin_name AS name, plugin_version AS version, plugin_library AS path
     FROM information_schema.plugins WHERE plugin_library IS NOT NULL ORDER BY CAST(plugin_name AS BINARY)`,
  )
  const functions = await unlessDenied(
    client,
    'SELECT name AS name, dl AS path FROM mysql.func ORDER BY CAST(name AS BINARY)',
  )
  const isNamed = namedIn(plugins.length + functions.length === 0 ? [] : objects)
  return Object.fromEntries([
    ...plugins
      .filter(isNamed)
      .map(({ name, version, path }) => [
        `plugin ${name ?? ''}`,
        `${version ?? ''} (${path ?? ''})`,
      ]),
    ...functions
      .filter(isNamed)
      .map(({ name, path }) => [`loadable function ${name ?? ''}`, path ?? '']),
    ...(server.product === 'MySQL' ? await ofMysql(client, objects) : []),
  ]) as Record<string, string>
}

function namedIn(objects: readonly DbObject[]): (record: TextRecord) => boolean {
  const words = new Set(
    objects.flatMap(({ sql, sqlAfterRows = '' }) =>
      `${sql}${sqlAfterRows}`.toLowerCase().match(/[\w$\u0080-\u{10ffff}]+/gu),
    ),
  )
  return ({ name }) => words.has((name ?? '').toLowerCase())
}

type Fact = readonly [string, string]

async function ofMysql(client: Client, objects: readonly DbObject[]): Promise<readonly Fact[]> {
  const tables = objects.filter(({ kind }) => kind === 'table').map(({ sql }) => sql)
  const tablespaces = new Set(tables.filter((sql) => /\bTABLESPACE\b/.test(sql)).flatMap(spacesIn))
  const components = await unlessDenied(
    client,
    'SELECT component_urn AS name FROM mysql.component ORDER BY CAST(component_urn AS BINARY)',
  )
  return [
    ...[...tablespaces].toSorted().map((name): Fact => [`tablespace ${name}`, 'of the server']),
    ...components.map(({ name }): Fact => [`component ${name ?? ''}`, 'of the server']),
    ...(await referenceSystems(client, tables)),
  ]
}

/** Tablespaces in a definition, without those that every server has. */
function spacesIn(statement: string): readonly string[] {
  const tokens = tokenize(statement).filter(({ kind }) => kind !== 'space')
  return tokens.flatMap((token, index) => {
    if (!isToken(token, 'TABLESPACE')) return []
    const name = nameOf(tokens[isToken(tokens[index + 1], '=') ? index + 2 : index + 1])
    return name === undefined || name.startsWith('innodb_') ? [] : [name]
  })
}

/**
 * Spatial reference systems that columns name and that no server has of itself.
 * Source: https://dev.mysql.com/doc/refman/9.7/en/create-spatial-reference-system.html
 */
async function referenceSystems(
  client: Client,
  tables: readonly string[],
): Promise<readonly Fact[]> {
  const numbers = tables.flatMap((sql) =>
    [...sql.matchAll(/\bSRID (\d+) \*\//g)].map(([, number = '']) => Number(number)),
  )
  const isReserved = (number: number) =>
    number <= 32_767 ||
    (number >= 60_000_000 && number <= 69_999_999) ||
    (number >= 2_000_000_000 && number <= 2_147_483_647)
  const own = [...new Set(numbers.filter((number) => !isReserved(number)))]
  if (own.length === 0) return []
  const records = await client.query<'number' | 'name' | 'definition'>(
    `SELECT srs_id AS number, srs_name AS name, definition AS definition
     FROM information_schema.st_spatial_reference_systems WHERE srs_id IN (${own.join(', ')}) ORDER BY srs_id`,
  )
  return records.map(({ number, name, definition }): Fact => [
    `spatial reference system ${number ?? ''}`,
    `${name ?? ''}: ${definition ?? ''}`,
  ])
}

/** Who may not see them can't name them; the definitions that call them say so on their own. */
async function unlessDenied(client: Client, question: string): Promise<readonly TextRecord[]> {
  try {
    return await client.query(question)
  } catch (error) {
    if (isDenied(error)) return []
    throw error
  }
}
