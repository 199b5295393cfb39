import { foldName, quoteText, tokens } from './sqltext.ts'

/** Whether the text is that of a virtual table. */
export function isVirtual(sql: string): boolean {
  if (!/virtual/i.test(sql)) return false
  const second = tokens(sql)[1]
  return second?.kind === 'word' && /^virtual$/i.test(second.text)
}

/** The module behind USING, in lower case. */
export function moduleOf(sql: string): string {
  const all = tokens(sql)
  const using = all.findIndex(({ kind, text }) => kind === 'word' && /^using$/i.test(text))
  return foldName(all[using + 1]?.text ?? '')
}

/** The value of an option `name = value` among the module's arguments. */
export function optionOf(sql: string, option: string): string | undefined {
  const all = tokens(sql)
  for (const [index, { kind, text }] of all.entries()) {
    if (kind !== 'word' || foldName(text) !== option || all[index + 1]?.text !== '=') continue
    const value = all[index + 2]
    return value === undefined || value.kind === 'punctuation' ? '' : value.text
  }
  return undefined
}

/** The table or view whose text a full-text table indexes; empty: it keeps no text; undefined: its own. */
export function contentOf(sql: string): string | undefined {
  return ['fts4', 'fts5'].includes(moduleOf(sql)) ? optionOf(sql, 'content') : undefined
}

/**
 * Puts a virtual table into the schema without asking its module, as `.dump` of the sqlite3 program does.
 * Source: https://www.sqlite.org/pragma.html#pragma_writable_schema
 */
export function definitionWithoutModule(name: string, sql: string): string {
  const text = quoteText(name)
  return (
    'PRAGMA writable_schema = ON;\n' +
    'INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)\n' +
    `  VALUES ('table', ${text}, ${text}, 0, ${quoteText(sql)});\n` +
    'PRAGMA writable_schema = OFF;\n'
  )
}

/**
 * The definition of an inner table, which its virtual table has made already where its module is there: the module writes
 * its name in single quotes, and ALTER TABLE writes it in double ones.
 */
export function definitionOfPart(sql: string, isMadeByModule: boolean): string {
  const named = isMadeByModule ? sql.replace(doubleQuotedName, inSingleQuotes) : sql
  return named.replace(/^CREATE TABLE /, 'CREATE TABLE IF NOT EXISTS ')
}

const doubleQuotedName = /^CREATE TABLE "((?:[^"]|"")*)"/

function inSingleQuotes(_: string, name: string): string {
  return `CREATE TABLE ${quoteText(name.replaceAll('""', '"'))}`
}

/** Whether a definition is that of an inner table: SQLite itself keeps no IF NOT EXISTS. */
export function isDefinitionOfPart(sql: string): boolean {
  return sql.startsWith('CREATE TABLE IF NOT EXISTS ')
}
