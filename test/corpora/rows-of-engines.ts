import type { Corpus } from './corpus.ts'
import type { Loaded } from './loaded.ts'

/** What a vendor's own client says of rows, in words that are the same for every engine. */

type EngineName = Corpus['engine']

/** The names of the base tables without their schema. */
export function tablesOf(engine: EngineName, loaded: Loaded): readonly string[] {
  const names = loaded.tables().map((name) => name.replace(/^public\./, ''))
  return engine === 'sqlite' ? names.filter((name) => !name.startsWith('sqlite_')) : names
}

/** Removes all rows and leaves the tables. */
export function emptied(engine: EngineName, loaded: Loaded): void {
  const tables = tablesOf(engine, loaded)
  if (engine === 'postgres') loaded.run(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY CASCADE;`)
  else if (engine === 'sqlite') loaded.run(tables.map((name) => `DELETE FROM "${name}";`).join(''))
  else {
    const truncates = tables.map((name) => `TRUNCATE \`${name}\`;`).join('')
    loaded.run(`SET foreign_key_checks = 0; ${truncates}`)
  }
}

/**
 * Table → its rows as sorted lines of hexadecimal digits. Names are in lower case without underscores, columns in the order
 * of their names; numbers with a fraction have two digits behind the point, and every time is in UTC.
 */
export function answers(
  engine: EngineName,
  loaded: Loaded,
  tables: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const answered = tables.map((table) => {
    const columns = columnsOf(engine, loaded, table).map(({ name, type }) => ({
      plain: plainName(name),
      question: questions[engine](name, type.toLowerCase()),
    }))
    const sorted = columns.toSorted((one, other) => (one.plain < other.plain ? -1 : 1))
    const list = sorted.map(({ question }) => question)
    const lines = loaded.run(selects[engine](list, table)).split('\n')
    return [plainName(table), lines.filter((line) => line !== '').toSorted()] as const
  })
  return new Map(answered.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '')
}

function columnsOf(engine: EngineName, loaded: Loaded, table: string) {
  const catalogs = {
    mariadb: `SELECT column_name, column_type FROM information_schema.columns WHERE table_schema = database() AND table_name = '${table}';`,
    postgres: `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '${table}';`,
    sqlite: `.separator "\\t"\nSELECT name, type FROM pragma_table_info('${table}');`,
  }
  const lines = loaded.run(catalogs[engine]).trim().split('\n')
  return lines.map((line) => {
    const [name = '', type = ''] = line.split('\t')
    return { name, type }
  })
}

const selects: Readonly<Record<EngineName, (list: readonly string[], table: string) => string>> = {
  mariadb: (list, table) =>
    `SET time_zone = '+00:00'; SELECT CONCAT_WS('|', ${list.join(', ')}) FROM \`${table}\`;`,
  postgres: (list, table) =>
    `SET timezone = 'UTC'; SELECT concat_ws('|', ${list.join(', ')}) FROM "${table}";`,
  sqlite: (list, table) => `SELECT ${list.join(" || '|' || ")} FROM "${table}";`,
}

const questions: Readonly<Record<EngineName, (name: string, type: string) => string>> = {
  mariadb: (name, type) => {
    const column = `\`${name}\``
    const text = /blob|binary/.test(type)
      ? column
      : `CONVERT(CAST(${column} AS CHAR) USING utf8mb4)`
    return `IFNULL(LOWER(HEX(${text})), '-')`
  },
  postgres: (name, type) => {
    const column = `"${name}"`
    if (type === 'bytea') return `coalesce(encode(${column}, 'hex'), '-')`
    const texts: Readonly<Record<string, string>> = {
      boolean: `${column}::integer::text`,
      date: `${column}::timestamp::text`,
      character: `rtrim(${column})`,
      array: `array_to_string(${column}, ',')`,
      'timestamp with time zone': `(${column} AT TIME ZONE 'UTC')::text`,
    }
    return `coalesce(encode(convert_to(${texts[type] ?? `${column}::text`}, 'UTF8'), 'hex'), '-')`
  },
  sqlite: (name, type) => {
    const column = `"${name}"`
    const text = type.startsWith('numeric')
      ? `printf('%.2f', ${column})`
      : `CAST(${column} AS TEXT)`
    return `iif(${column} IS NULL, '-', lower(hex(${text})))`
  },
}
