/** An SQL string literal; the session and the reader have standard_conforming_strings on. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** An SQL identifier, always quoted: for statements that only the server reads. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."name"`, always quoted. */
export function qualifiedIdentifier(table: {
  readonly schema?: string
  readonly name: string
}): string {
  const name = identifier(table.name)
  return table.schema === undefined ? name : `${identifier(table.schema)}.${name}`
}

/** What an administrator runs so that a user can read the rows of some tables. */
export function grantReading(
  tables: readonly { readonly schema: string; readonly name: string }[],
  user: string,
): string {
  const to = `TO ${identifier(user)};`
  const schemas = new Set(tables.map(({ schema }) => `GRANT USAGE ON SCHEMA ${identifier(schema)}`))
  const grants = tables.map((table) => `GRANT SELECT ON ${qualifiedIdentifier(table)}`)
  const all = [...schemas, ...grants].map((grant) => `${grant} ${to}`).join(' ')
  return `Run: ${all} (or GRANT pg_read_all_data ${to})`
}

/** Order of strings by code point, the same on every host: `COLLATE "C"` of a UTF-8 database. */
export function compareText(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
