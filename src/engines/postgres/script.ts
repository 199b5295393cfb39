import { decodeRows, RowCounter, type Row } from '../../csv.ts'
import type { DbObject } from '../../model.ts'
import type { ScriptRequest, ScriptRows, ScriptWriter } from '../script.ts'
import {
  isLargeObjects,
  largeObjectStaging,
  makeLargeObjects,
  stageLargeObjects,
} from './large-objects.ts'
import { identifier, literal, qualifiedIdentifier } from './quote.ts'
import { pinStatements } from './session.ts'
import { databaseSearchPath, ownSettings } from './settings.ts'

/**
 * psql ends the data of COPY at a line `\.`, also within a quoted CSV value, so rows are written in COPY's text format.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
 */
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function textLine(row: Row): string {
  const cells = row.map((value) =>
    value === null ? '\\N' : value.replace(/[\\\n\r\t]/g, (found) => escapes[found] ?? found),
  )
  return `${cells.join('\t')}\n`
}

async function* copyText(
  { table, columns }: ScriptRows,
  csv: AsyncIterable<Uint8Array>,
  into = qualifiedIdentifier(table),
): AsyncGenerator<string> {
  const name = `the rows of ${table.schema ?? ''}.${table.name}`
  let isBegun = false
  for await (const rows of decodeRows(csv, { columnCount: columns.length, name })) {
    if (!isBegun) {
      yield `COPY ${into} (${columns.map(identifier).join(', ')}) FROM stdin;\n`
      isBegun = true
    }
    yield rows.map(textLine).join('')
  }
  if (isBegun) yield '\\.\n'
}

/** The rows of large objects are parts of them: they are staged, and the server makes the objects. */
async function* largeObjectParts(
  request: ScriptRows,
  csv: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  yield `${stageLargeObjects}\n`
  yield* copyText(request, csv, largeObjectStaging)
  yield `${makeLargeObjects}\n`
}

/** COPY takes no rows without columns. */
async function* bareRows(
  { table }: ScriptRows,
  csv: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const counter = new RowCounter()
  for await (const block of csv) counter.add(block)
  if (counter.rows === 0) return
  yield `INSERT INTO ${qualifiedIdentifier(table)} SELECT FROM pg_catalog.generate_series(1, ${counter.rows});\n`
}

function rowsText(request: ScriptRows, csv: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  if (isLargeObjects(request.table)) return largeObjectParts(request, csv)
  return request.columns.length === 0 ? bareRows(request, csv) : copyText(request, csv)
}

function lines(statements: readonly string[]): string {
  return statements.map((statement) => `${statement}\n`).join('')
}

const emptyPath = "SET search_path = '';"

/** Writes a script for psql: `psql -X -v ON_ERROR_STOP=1 -d DATABASE -f FILE`. */
class PsqlWriter implements ScriptWriter {
  readonly #request: ScriptRequest
  #keepsPublicSchema = false
  #path: 'empty' | 'own' = 'empty'

  constructor(request: ScriptRequest) {
    this.#request = request
  }

  begin(): string {
    const { content, settings } = this.#request
    const path =
      settings === undefined || content === 'rows' ? undefined : databaseSearchPath(settings.sql)
    return lines([
      '-- For psql (-X -v ON_ERROR_STOP=1) and, unless it holds rows alone, a new database made from template0.',
      '\\set ON_ERROR_STOP on',
      // RESET search_path has to give the path that the database sets further down and that no session knows yet.
      ...(path === undefined
        ? []
        : [`\\connect -reuse-previous=on ${connectionText(optionText(path))}`]),
      '\\encoding UTF8',
      ...pinStatements(),
      'BEGIN;',
      ...(content === 'rows' ? ['SET session_replication_role = replica;'] : []),
      ...(settings === undefined || content === 'rows'
        ? []
        : [settings.sql.trimEnd(), ...ownSettings(settings.sql)]),
    ])
  }

  create(object: DbObject): string {
    if (object.kind === 'schema' && object.name === 'public') this.#keepsPublicSchema = true
    const text = object.kind === 'role' ? unlessThere(object.name, object.sql) : object.sql
    return this.#withPath('empty', text)
  }

  async *rows(
    request: ScriptRows,
    csv: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<string | Uint8Array> {
    for await (const text of rowsText(request, csv)) yield this.#withPath('own', text)
  }

  counters({ sqlCounters = '' }: DbObject): string {
    return this.#withPath('empty', sqlCounters)
  }

  finish({ kind, sqlAfterRows = '' }: DbObject): string {
    // They would run when the schema is dropped.
    const drop = kind === 'event_trigger' ? this.#dropSpareSchema() : ''
    return this.#withPath('empty', drop + sqlAfterRows)
  }

  end(): string {
    return this.#dropSpareSchema() + lines(['COMMIT;', 'RESET ALL;'])
  }

  /** Every new database has a schema public; where the snapshot has none, it was dropped. */
  #dropSpareSchema(): string {
    const { content, settings } = this.#request
    if (content === 'rows' || settings === undefined || this.#keepsPublicSchema) return ''
    this.#keepsPublicSchema = true
    return lines(['DROP SCHEMA IF EXISTS public;'])
  }

  #withPath(path: 'empty' | 'own', text: string): string {
    if (text === '' || this.#path === path) return text
    this.#path = path
    return `${path === 'empty' ? emptyPath : 'RESET search_path;'}\n${text}`
  }
}

/** Roles belong to the whole server: one that is there stays as it is. */
function unlessThere(role: string, text: string): string {
  return lines([
    `SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)}) AS role_is_new \\gset`,
    '\\if :role_is_new',
    text.trimEnd(),
    '\\endif',
  ])
}

/** The server's option for a search path, with blanks and backslashes escaped as it wants. */
function optionText(path: string): string {
  return `-c search_path=${path.replace(/[\\\s]/g, '\\$&')}`
}

/** A connection string with options, within its own quotes and those of psql, which takes `"` away from its argument. */
function connectionText(options: string): string {
  const text = `options='${options.replace(/[\\']/g, '\\$&')}'`
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replace(/"+/g, '"$&$&"')}'`
}

/** The writer for one script. */
export function scriptWriter(request: ScriptRequest): ScriptWriter {
  return new PsqlWriter(request)
}
