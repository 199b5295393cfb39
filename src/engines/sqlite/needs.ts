import { DatabaseSync } from 'node:sqlite'
import type { Entry } from './catalog.ts'
import { foldName, tokens } from './sqltext.ts'
import { isVirtual } from './virtual-text.ts'

/** Those of SQLite itself; its own list has others, too, as soon as a definition names them. */
const builtIn = new Set(['binary', 'nocase', 'rtrim'])

/**
 * A warning for each table that is made, with its indexes, by collations or functions that SQLite has not: the application
 * brings them along. Source: https://www.sqlite.org/datatype3.html#collating_sequences, https://www.sqlite.org/appfunc.html
 */
export function needsOfApplication(entries: readonly Entry[]): string[] {
  const indexes = Map.groupBy(
    entries.filter(({ type }) => type === 'index'),
    ({ tableName }) => foldName(tableName),
  )
  return entries
    .filter(({ type, sql }) => type === 'table' && !isVirtual(sql))
    .flatMap(({ name, sql }) => {
      const texts = [sql, ...(indexes.get(foldName(name)) ?? []).map((index) => index.sql)]
      const needs = [...collationsOf(texts), ...functionsOf(texts)]
      return needs.length === 0
        ? []
        : [
            `The table "${name}" needs ${needs.join(', ')} of the application: restore it with a program that has this, by a script of "schema_backup export".`,
          ]
    })
}

function collationsOf(texts: readonly string[]): string[] {
  const found = new Map<string, string>()
  for (const text of texts.filter((each) => /collate/i.test(each))) {
    const all = tokens(text)
    for (const [index, { kind, text: word }] of all.entries()) {
      const collation = all[index + 1]
      if (kind === 'word' && /^collate$/i.test(word) && collation !== undefined) {
        found.set(foldName(collation.text), collation.text)
      }
    }
  }
  return [...found]
    .filter(([folded]) => !builtIn.has(folded))
    .map(([, name]) => `the collation "${name}"`)
}

/** SQLite names one at a time when the table is made: each is put in its place, until it names no more. */
function functionsOf(texts: readonly string[]): string[] {
  if (!texts.some((text) => /\b(?:check|as|where)\b|^create[^(]*index[^(]*\(.*\(/is.test(text)))
    return []
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true })
  const found: string[] = []
  try {
    for (const text of texts) {
      for (let name = missingIn(database, text); name !== undefined;) {
        found.push(`the function "${name}"`)
        const next = isPutInPlace(database, name) ? missingIn(database, text) : name
        name = next === name ? undefined : next
      }
    }
  } finally {
    database.close()
  }
  return found
}

/** SQLite takes no name of more than 255 bytes. Source: https://www.sqlite.org/c3ref/create_function.html */
function isPutInPlace(database: DatabaseSync, name: string): boolean {
  if (Buffer.byteLength(name) > 255) return false
  database.function(name, { deterministic: true, varargs: true }, () => null)
  return true
}

function missingIn(database: DatabaseSync, text: string): string | undefined {
  try {
    // SQLite itself reads the first statement of a definition alone.
    database.prepare(text).run()
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    return /^(?:no such|unknown) function: (.*?)(?:\(\))?$/s.exec(message)?.[1]
  }
}
