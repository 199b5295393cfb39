import type { DbObject, NotCaptured, ObjectKey } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { secrecyOfOption } from '../../secrets.ts'
import { isToken, quoteName, quoteText, textOf, tokenize } from '../lexer.ts'
import { isDenied } from './describe.ts'

/** What was found out about the servers that tables lead to. */
export interface ForeignServersRead {
  readonly servers: readonly DbObject[]
  readonly serversByTable: ReadonlyMap<string, readonly ObjectKey[]>
  readonly notCaptured: readonly NotCaptured[]
}

/** Reads, of the servers that CREATE SERVER made, those that tables of this database name; they are the whole server's. */
export async function readForeignServers(
  client: Client,
  objects: readonly DbObject[],
): Promise<ForeignServersRead> {
  const tables = objects.filter(({ kind, sql }) => kind === 'table' && mayLeadAway.test(sql))
  const named = new Map(tables.map((table) => [table.name, serversNamedIn(table.sql)]))
  const wanted = [...new Set([...named.values()].flat())].toSorted()
  if (wanted.length === 0) return { servers: [], serversByTable: new Map(), notCaptured: [] }
  try {
    const records = await client.query(
      `SELECT * FROM mysql.servers WHERE server_name IN (${wanted.map(quoteText).join(', ')})
       ORDER BY CAST(server_name AS BINARY)`,
    )
    const servers = records.map(serverOf)
    const known = new Set(servers.map(({ name }) => name))
    const keys = (names: readonly string[]) =>
      names
        .filter((name) => known.has(name))
        .map((name): ObjectKey => ({ kind: 'foreign_server', name }))
    const serversByTable = new Map([...named].map(([table, names]) => [table, keys(names)]))
    return { servers, serversByTable, notCaptured: [] }
  } catch (error) {
    if (!isDenied(error)) throw error
    const reason =
      'the account may not see the servers that tables lead to: GRANT SELECT ON mysql.servers TO the account.'
    const notCaptured = wanted.map((name) => ({ kind: 'server', name, reason }))
    return { servers: [], serversByTable: new Map(), notCaptured }
  }
}

/** Adds to a table the servers that must be there before it. */
export function withServers(
  object: DbObject,
  serversByTable: ReadonlyMap<string, readonly ObjectKey[]>,
): DbObject {
  const servers = object.kind === 'table' ? (serversByTable.get(object.name) ?? []) : []
  return servers.length === 0 ? object : { ...object, dependsOn: [...object.dependsOn, ...servers] }
}

const mayLeadAway = /\bCONNECTION=|\b(?:srv|server) "/i

/** `CONNECTION='server/table'` of FEDERATED and CONNECT; `srv "server"` in SPIDER's comments. */
function serversNamedIn(statement: string): readonly string[] {
  const tokens = tokenize(statement)
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'string') return []
    const text = textOf(token)
    if (isToken(tokens[index - 2], 'CONNECTION') && !text.includes('://')) {
      return text.split('/').slice(0, 1)
    }
    const isComment = isToken(tokens[index - 2], 'COMMENT') || isToken(tokens[index - 1], '=')
    const spider = isComment ? [...text.matchAll(/\b(?:srv|server) "([^"]+)"/gi)] : []
    return spider.flatMap(([, names = '']) => names.split(' '))
  })
}

/** The options of mysql.servers by their names in CREATE SERVER. */
const optionColumns = [
  ['HOST', 'Host'],
  ['DATABASE', 'Db'],
  ['USER', 'Username'],
  ['SOCKET', 'Socket'],
  ['OWNER', 'Owner'],
  ['PORT', 'Port'],
] as const

function serverOf(record: TextRecord): DbObject {
  const name = record['Server_name'] ?? ''
  const options = optionColumns.flatMap(([option, column]) => {
    const value = record[column] ?? ''
    if (value === '' || value === '0') return []
    return [`${option} ${option === 'PORT' ? value : quoteText(value)}`]
  })
  const own = ownOptions(record['Options'] ?? '')
  const written = ([option, value]: readonly [string, string]) =>
    `${quoteName(option)} ${quoteText(value)}`
  const isSecret = ([option, value]: readonly [string, string]) =>
    secrecyOfOption(option, value) !== 'none'
  const shared = [...options, ...own.filter((option) => !isSecret(option)).map(written)]
  const password = record['Password'] ?? ''
  const secrets = [
    ...(password === '' ? [] : [`PASSWORD ${quoteText(password)}`]),
    ...own.filter(isSecret).map(written),
  ]
  // A server without an option can't be written.
  const listed = shared.length === 0 ? ["HOST ''"] : shared
  const wrapper = `FOREIGN DATA WRAPPER ${quoteName(record['Wrapper'] ?? '')}`
  return {
    kind: 'foreign_server',
    name,
    sql: `CREATE SERVER ${quoteName(name)} ${wrapper} OPTIONS (\n  ${listed.join(',\n  ')}\n);\n`,
    ...(secrets.length === 0
      ? {}
      : { sqlSecrets: `ALTER SERVER ${quoteName(name)} OPTIONS (${secrets.join(', ')});\n` }),
    dependsOn: [],
  }
}

/** The parser's own error would quote the text, which can hold a password. */
function parsed(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>
  } catch {
    throw new Error('the options of a server are no JSON object')
  }
}

/** Options of the wrapper's own, which newer servers keep as one JSON object; those of CREATE SERVER stand in it, too. */
function ownOptions(json: string): readonly (readonly [string, string])[] {
  if (json === '') return []
  const standard = new Set(['password', ...optionColumns.map(([option]) => option.toLowerCase())])
  const all = Object.entries(parsed(json))
  return all
    .filter(([option]) => !standard.has(option.toLowerCase()))
    .map(([option, value]) => [option, String(value)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
}
