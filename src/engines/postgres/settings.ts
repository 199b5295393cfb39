/** What the object of kind `database` says, read back from its SQL as catalog/database.ts writes it. */

const setting =
  /^DO (\$database\d*\$) BEGIN EXECUTE pg_catalog\.format\('ALTER DATABASE %I SET ((?:[^']|'')*)', pg_catalog\.current_database\(\)\); END \1;$/gm

/** The settings that the database gives to every session: name → SQL text of the value. */
function databaseSettings(sql: string): ReadonlyMap<string, string> {
  const clauses = [...sql.matchAll(setting)].map(([, , text = '']) =>
    text.replaceAll("''", "'").replaceAll('%%', '%'),
  )
  return new Map(
    clauses.map((clause) => {
      const [name = '', ...value] = clause.split(' TO ')
      return [name, value.join(' TO ')]
    }),
  )
}

/** The search path that the database gives to every session, as a value of the setting; undefined: it gives none. */
export function databaseSearchPath(sql: string): string | undefined {
  const path = databaseSettings(sql).get('search_path')
  return path === "''" ? '' : path
}

/** SET statements for what functions of the database may ask for while rows are loaded. */
export function ownSettings(sql: string): readonly string[] {
  return [...databaseSettings(sql)]
    .filter(([name]) => name.includes('.') || name === 'default_text_search_config')
    .map(([name, value]) => `SET ${name} TO ${value};`)
}

/** What only CREATE DATABASE can set. */
export interface CreationFacts {
  readonly encoding: string
  readonly collate: string
  readonly ctype: string
  readonly locale?: {
    readonly name: string
    readonly provider: 'icu' | 'builtin'
    /** Tailoring of an ICU locale. */
    readonly rules?: string
  }
  readonly owner: string
}

const facts =
  /^-- encoding (?<encoding>\S+), collation (?<collate>.*?), character type (?<ctype>.*?)(?:, locale (?<locale>\S*) by (?<provider>ICU|builtin)(?: with rules (?<rules>"(?:[^"\\]|\\.)*"))?)?, owner (?<owner>.*)$/m

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}

/** The facts in the first comment of the database's settings; undefined when it says nothing of the kind. */
export function creationFacts(sql: string): CreationFacts | undefined {
  const { encoding, collate, ctype, locale, provider, rules, owner } = facts.exec(sql)?.groups ?? {}
  if (encoding === undefined || collate === undefined || ctype === undefined) return undefined
  return {
    encoding,
    collate,
    ctype,
    ...(locale === undefined || provider === undefined
      ? {}
      : {
          locale: {
            name: locale,
            provider: provider === 'ICU' ? 'icu' : 'builtin',
            ...(rules === undefined ? {} : { rules: String(JSON.parse(rules)) }),
          },
        }),
    owner: unquoted(owner ?? ''),
  }
}
