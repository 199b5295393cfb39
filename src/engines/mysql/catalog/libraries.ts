import type { DbObject, NotCaptured, ObjectKey } from '../../../model.ts'
import type { Client } from '../client.ts'
import {
  depthChange,
  isToken,
  joinTokens,
  nameOf,
  quoteName,
  quoteText,
  tokenize,
} from '../lexer.ts'
import { isThisDatabase, type Server } from '../session.ts'
import { changedWhileReading, describeAll, isVanished, notShown } from './describe.ts'
import { delimited, withSettings } from './programs.ts'

/** What was found out about the code that routines share. */
export interface LibrariesRead {
  readonly libraries: readonly DbObject[]
  readonly notCaptured: readonly NotCaptured[]
}

/**
 * Reads MySQL's libraries: code of other languages that routines name after USING.
 * Source: https://dev.mysql.com/doc/refman/9.7/en/create-library.html
 */
export async function readLibraries(client: Client, server: Server): Promise<LibrariesRead> {
  if (!server.can.haveLibraries) return { libraries: [], notCaptured: [] }
  const described = await describeAll(
    client,
    await libraryNames(client, server),
    (name) => `SHOW CREATE LIBRARY ${quoteName(name)}`,
  )
  const libraries: DbObject[] = []
  const notCaptured: NotCaptured[] = []
  for (const { item: name, record, refusal } of described) {
    if (isVanished(refusal)) throw changedWhileReading(`Library ${name}`)
    const statement = record?.['Create Library']
    if (typeof statement !== 'string' || statement === '') {
      const help = 'GRANT SHOW_ROUTINE ON *.* TO the account.'
      notCaptured.push(notShown('library', name, help, refusal))
      continue
    }
    const settings = { sql_mode: quoteText(record?.['sql_mode'] ?? '') }
    const sql = withSettings(settings, delimited(statement))
    libraries.push({ kind: 'library', name, sql, dependsOn: [] })
  }
  return { libraries, notCaptured }
}

/** The names of the libraries in `server.database`. */
export async function libraryNames(client: Client, server: Server): Promise<readonly string[]> {
  if (!server.can.haveLibraries) return []
  const records = await client.query<'name'>(
    `SELECT library_name AS name FROM information_schema.libraries
     WHERE ${isThisDatabase('library_schema', server)} ORDER BY CAST(library_name AS BINARY)`,
  )
  return records.map(({ name }) => name ?? '')
}

/** A routine without the name of its own database before the libraries that it uses, and those. */
export interface LibraryUser {
  readonly statement: string
  readonly uses: readonly string[]
}

/** Reads the `USING (…)` that the server writes between a routine's characteristics and its body. */
export function readUses(statement: string, database: string): LibraryUser {
  const head = headWithUses(statement)
  const tokens = tokenize(head)
  const start = tokens.findLastIndex((token) => isToken(token, 'USING'))
  const uses: string[] = []
  const dropped = new Set<number>()
  for (let index = start; index >= 0 && index < tokens.length; index += 1) {
    if (!isToken(tokens[index], '(') && !isToken(tokens[index], ',')) continue
    const first = tokens[index + 1]?.kind === 'space' ? index + 2 : index + 1
    if (!isToken(tokens[first + 1], '.') || nameOf(tokens[first]) !== database) continue
    dropped.add(first).add(first + 1)
    const name = nameOf(tokens[first + 2])
    if (name !== undefined) uses.push(name)
  }
  const kept = joinTokens(tokens.filter((_, index) => !dropped.has(index)))
  return { statement: kept + statement.slice(head.length), uses }
}

const text = /'(?:[^'\\]|\\[\s\S]|'')*'/.source
const returns = `(?: RETURNS (?:[^\\n']|${text})*)?`
const characteristic = `\\n {4}(?:[A-Z]+(?: [A-Z]+)*|COMMENT ${text})(?=\\n)`
const language = /\n {4}LANGUAGE (?!SQL\n)\w+(?=\n)/.source
const usesClause = /\n {4}USING \([^\n]*\)(?=\n)/.source
/** What the server writes between the parameters and the body of a routine that may use libraries. */
const beforeBody = new RegExp(
  `^${returns}(?:${characteristic})*?${language}(?:${characteristic})*?${usesClause}`,
)

/** A routine up to its libraries; empty when it has none. A body may hold the same words. */
function headWithUses(statement: string): string {
  const tokens = tokenize(statement)
  let depth = 0
  const end = tokens.findIndex((token) => {
    const change = depthChange(token)
    depth += change
    return change < 0 && depth === 0
  })
  const parameters = joinTokens(tokens.slice(0, end + 1))
  const [rest] = beforeBody.exec(statement.slice(parameters.length)) ?? []
  return rest === undefined ? '' : parameters + rest
}

/** The libraries among `names` that a routine needs, and a warning for each that is gone. */
export function neededLibraries(
  what: string,
  uses: readonly string[],
  names: readonly string[],
): { readonly dependsOn: readonly ObjectKey[]; readonly warnings: readonly string[] } {
  // Their names do not tell upper and lower case apart.
  const known = new Map(names.map((name) => [name.toLowerCase(), name]))
  const dependsOn: ObjectKey[] = []
  const warnings: string[] = []
  for (const use of uses) {
    const name = known.get(use.toLowerCase())
    if (name !== undefined) dependsOn.push({ kind: 'library', name })
    else
      warnings.push(
        `${what} uses the library ${use}, which does not exist: it can't be used or restored`,
      )
  }
  return { dependsOn, warnings }
}
