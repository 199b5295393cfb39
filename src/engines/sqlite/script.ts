import { DatabaseSync } from 'node:sqlite'
import { decodeRows } from '../../csv.ts'
import { ExpectedError } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import type { ScriptRequest, ScriptRows, ScriptWriter } from '../script.ts'
import { encodingOf, readColumns } from './catalog.ts'
import { affinityOf, decodeCell, type Affinity, type Cell, type TextEncoding } from './cells.ts'
import { literalOf } from './literal.ts'
import { quoteName } from './sqltext.ts'

/**
 * A script for the sqlite3 program, as its `.dump` makes them: the file's own settings outside a transaction,
 * everything else within one, and nothing at all when a statement fails (`.bail`).
 * Source: https://www.sqlite.org/cli.html
 */
export function sqliteScript(request: ScriptRequest): ScriptWriter {
  const columns = new ColumnTypes(request.settings)
  return {
    begin: () => {
      const first =
        request.content === 'rows' ? quietTriggers : forShell(request.settings?.sql ?? '')
      return `.bail on\n${first}PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n`
    },
    create: ({ sql }) => forShell(sql),
    rows: (rows, csv) => insertStatements(rows, columns.affinitiesOf(rows), columns.encoding, csv),
    counters: ({ sqlCounters = '' }) => forShell(sqlCounters),
    finish: ({ sqlAfterRows = '' }) => forShell(sqlAfterRows),
    end: () => 'COMMIT;\n',
  }
}

/** Tables that exist have their triggers, which saw these rows when they were made. */
const quietTriggers = '.dbconfig enable_trigger off\n'

/** The sqlite3 program takes one CR away before each LF. */
function forShell(sql: string): string {
  return sql.replaceAll('\r\n', '\r\r\n')
}

/** What SQLite itself makes of the definitions, in a database of their own in memory. */
class ColumnTypes {
  readonly encoding: TextEncoding
  readonly #database = new DatabaseSync(':memory:', {
    enableDoubleQuotedStringLiterals: true,
    enableForeignKeyConstraints: false,
  })

  constructor(settings: DbObject | undefined) {
    if (settings !== undefined) this.#database.exec(settings.sql)
    this.encoding = encodingOf(this.#database)
  }

  affinitiesOf({ table, columns }: ScriptRows): readonly Affinity[] {
    try {
      this.#database.exec(table.sql)
    } catch {
      // An index may need a function or collation of the application; the table before it is there all the same.
    }
    const types = new Map(
      readColumns(this.#database, table.name).map(({ name, type }) => [name, type]),
    )
    this.#database.exec(`DROP TABLE IF EXISTS ${quoteName(table.name)}`)
    return columns.map((name) => affinityOf(types.get(name) ?? ''))
  }
}

async function* insertStatements(
  { table, columns }: ScriptRows,
  affinities: readonly Affinity[],
  encoding: TextEncoding,
  csv: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const names = columns.map(quoteName).join(',')
  const before = `INSERT INTO ${quoteName(table.name)}(${names}) VALUES(`
  const options = { columnCount: columns.length, name: `the rows of ${table.name}` }
  for await (const rows of decodeRows(csv, options)) {
    let text = ''
    for (const row of rows) {
      const values = row.map((cell, index) =>
        literalOf(decoded(cell, affinities[index] ?? 'other', table.name), encoding),
      )
      text += `${before}${values.join(',')});\n`
    }
    yield text
  }
}

function decoded(text: string | null, affinity: Affinity, table: string): Cell {
  try {
    return decodeCell(text, affinity)
  } catch (error) {
    throw new ExpectedError(
      'malformed-csv',
      `The rows of "${table}" hold a value that this format never writes: ${error instanceof Error ? error.message : ''}`,
      'Take the file from the last good commit, or run a backup, which writes it anew.',
    )
  }
}
