import { DatabaseSync } from 'node:sqlite'
import { decodeRows } from '../../csv.ts'
import { ExpectedError } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import type { ScriptRequest, ScriptRows, ScriptWriter } from '../script.ts'
import { encodingOf, readColumns } from './catalog.ts'
import { affinityOf, decodeCell, type Affinity, type Cell, type TextEncoding } from './cells.ts'
import { fillOfIndex, rebuildOf } from './full-text-index.ts'
import { literalOf } from './literal.ts'
import { rowidNames } from './rowids.ts'
import { firstStatement, foldName, forShell, quoteName } from './sqltext.ts'
import { contentOf, isDefinitionOfPart, isVirtual } from './virtual-text.ts'

/**
 * A script for the sqlite3 program, as its `.dump` makes them: the file's own settings outside a transaction,
 * everything else within one, and nothing at all when a statement fails (`.bail`).
 * Source: https://www.sqlite.org/cli.html
 */
export function sqliteScript(request: ScriptRequest): ScriptWriter {
  const columns = new ColumnTypes(request.settings)
  const loaded = new Set<string>()
  return {
    begin: () => {
      const first =
        request.content === 'rows' ? quietTriggers : forShell(request.settings?.sql ?? '')
      return `.bail on\n${first}${rowsAsTheyWere}BEGIN TRANSACTION;\n`
    },
    create: ({ sql }) =>
      (sql.startsWith('PRAGMA writable_schema') ? undefended : '') + forShell(sql),
    rows: (rows, csv) => {
      loaded.add(rows.table.name)
      return insertStatements(rows, columns.affinitiesOf(rows), columns.encoding, csv)
    },
    counters: (object) =>
      forShell(
        (object.sqlCounters ?? '') +
          (request.content === 'rows' ? fillOf(object, loaded.has(object.name)) : ''),
      ),
    finish: ({ sqlAfterRows = '' }) => forShell(sqlAfterRows),
    end: () => 'COMMIT;\n',
  }
}

/** Tables that exist have their triggers, which saw these rows when they were made. */
const quietTriggers = '.once /dev/null\n.dbconfig enable_trigger off\n'

/** Full-text indexes over other tables are kept up to date by triggers. */
function fillOf(object: DbObject, knowsSomeRows: boolean): string {
  const { sql, sqlAfterRows = '' } = object
  if ((contentOf(sql) ?? '') === '') return ''
  // What the index knew before is not all that it has to know.
  return knowsSomeRows
    ? sqlAfterRows
    : sqlAfterRows.replace(fillOfIndex(object), () => rebuildOf(object.name))
}

/** Also those that came before a condition or around it. */
const rowsAsTheyWere = 'PRAGMA foreign_keys=OFF;\nPRAGMA ignore_check_constraints=ON;\n'

/** The sqlite3 program may have been built so that it refuses to write into sqlite_schema. */
const undefended = '.dbconfig defensive off\n'

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
    const types = this.#typesOf(table)
    return columns.map((name) => {
      const type = types.get(name)
      if (type !== undefined) return affinityOf(type)
      // Rowids are listed nowhere, and columns of a virtual table have no types.
      if (rowidNames.includes(foldName(name)) || isVirtual(table.sql)) return 'other'
      throw new ExpectedError(
        'unknown-column',
        `The rows of "${table.name}" have a column "${name}", and its definition has none.`,
        'Take definition and rows from the same snapshot.',
      )
    })
  }

  #typesOf(table: DbObject): ReadonlyMap<string, string> {
    try {
      // The table alone: what stands behind it might reach other files.
      this.#database.prepare(table.sql).run()
    } catch {
      // It may need a function or collation of the application.
    }
    const types = typesIn(this.#database, table.name)
    this.#database.exec(`DROP TABLE IF EXISTS ${quoteName(table.name)}`)
    return types.size > 0 ? types : typesOfText(table)
  }
}

/** Declared type of each column, by its name. */
function typesIn(database: DatabaseSync, table: string): ReadonlyMap<string, string> {
  return new Map(readColumns(database, table).map(({ name, type }) => [name, type]))
}

/** A condition or a key may need a function or collation of the application: SQLite reads the text, and makes nothing of it. */
function typesOfText(table: DbObject): ReadonlyMap<string, string> {
  const database = new DatabaseSync(':memory:', {
    enableDoubleQuotedStringLiterals: true,
    defensive: false,
  })
  try {
    database.exec('PRAGMA writable_schema = ON; CREATE TABLE "text"("any")')
    database
      .prepare(`UPDATE sqlite_schema SET name = ?1, tbl_name = ?1, sql = ?2`)
      .run(table.name, firstStatement(table.sql))
    database.exec('PRAGMA writable_schema = RESET')
    return typesIn(database, table.name)
  } finally {
    database.close()
  }
}

async function* insertStatements(
  { table, columns }: ScriptRows,
  affinities: readonly Affinity[],
  encoding: TextEncoding,
  csv: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const names = columns.map(quoteName).join(',')
  // Inner tables of a virtual table hold rows from the beginning.
  const verb = isDefinitionOfPart(table.sql) ? 'INSERT OR REPLACE' : 'INSERT'
  const before = `${verb} INTO ${quoteName(table.name)}(${names}) VALUES(`
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
