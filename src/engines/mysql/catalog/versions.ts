import type { DbObject } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { isDenied } from './describe.ts'

/**
 * What a restore needs that is no object of the database: plugins (storage engines, parsers, ways to log in) and loadable
 * functions that its definitions name, each with its library; a name that merely looks like one does no harm.
 */
export async function readVersions(
  client: Client,
  objects: readonly DbObject[],
): Promise<Readonly<Record<string, string>>> {
  const plugins = await client.query<'name' | 'version' | 'path'>(
    `SELECT plugin_name AS name, plugin_version AS version, plugin_library AS path
     FROM information_schema.plugins WHERE plugin_library IS NOT NULL ORDER BY CAST(plugin_name AS BINARY)`,
  )
  const functions = await loadableFunctions(client)
  if (plugins.length + functions.length === 0) return {}
  const words = new Set(
    objects.flatMap(({ sql, sqlAfterRows = '' }) =>
      `${sql}${sqlAfterRows}`.toLowerCase().match(/[\w$\u0080-\u{10ffff}]+/gu),
    ),
  )
  const isNamed = ({ name }: TextRecord) => words.has((name ?? '').toLowerCase())
  const named = [
    ...plugins
      .filter(isNamed)
      .map(({ name, version, path }) => [
        `plugin ${name ?? ''}`,
        `${version ?? ''} (${path ?? ''})`,
      ]),
    ...functions
      .filter(isNamed)
      .map(({ name, path }) => [`loadable function ${name ?? ''}`, path ?? '']),
  ]
  return Object.fromEntries(named) as Record<string, string>
}

/** Who may not see them can't name them; the definitions that call them say so on their own. */
async function loadableFunctions(client: Client): Promise<readonly TextRecord<'name' | 'path'>[]> {
  try {
    return await client.query<'name' | 'path'>(
      'SELECT name AS name, dl AS path FROM mysql.func ORDER BY CAST(name AS BINARY)',
    )
  } catch (error) {
    if (isDenied(error)) return []
    throw error
  }
}
