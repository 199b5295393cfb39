import type { DbObject } from '../../model.ts'
import type { ScriptRequest, ScriptRows, ScriptWriter } from '../script.ts'
import { definitionMode, rowMode } from './fill-session.ts'
import { insertStatements } from './insert.ts'
import { isToken, nameOf, quoteName, quoteText, tokenize } from './lexer.ts'
import { columnTypes, periodOf } from './literals.ts'
import { isOfServer, lookup } from './server-objects.ts'
import { splitStatements } from './split.ts'

const statementBytes = 1 << 20

const head = `-- Run it with: mariadb --binary-mode --comments DATABASE < FILE   (or mysql)
-- It stops at the first error. Definitions commit on their own: after an error drop the database and begin anew.
`
const headOfRows = `-- Run it with: mariadb --binary-mode --comments DATABASE < FILE   (or mysql)
-- Triggers must not see the rows: those of the tables here are dropped first and made again at the end.
`

const variables = ['sql_mode', 'time_zone', 'foreign_key_checks']

/**
 * A script for the `mariadb` or `mysql` program, which stops at the first error. Definitions commit on their own,
 * so there is one transaction for the rows alone; events come last, when everything is there that they may change.
 * Source: https://mariadb.com/docs/server/clients-and-utilities/mariadb-client
 */
export function mysqlScript(request: ScriptRequest): ScriptWriter {
  const writer = new MysqlScript(request)
  return {
    begin: () => writer.begin(),
    create: (object) => writer.create(object),
    rows: (rows, csv) => writer.rows(rows, csv),
    counters: (object) => writer.counters(object),
    finish: (object) => writer.finish(object),
    end: () => writer.end(),
  }
}

class MysqlScript {
  private readonly request: ScriptRequest
  /** Texts that wait for the end. */
  private readonly last: string[] = []
  private inTransaction = false

  constructor(request: ScriptRequest) {
    this.request = request
  }

  begin(): string {
    const saved = variables.map((name) => `@old_${name} = @@${name}`).join(', ')
    return (
      `${this.request.content === 'rows' ? headOfRows : head}SET NAMES utf8mb4;\n` +
      `SET ${saved};\n` +
      `SET sql_mode = '${definitionMode}', time_zone = '+00:00', foreign_key_checks = 0;\n` +
      (this.request.content === 'rows' ? '' : lenientDefinitions) +
      (this.request.content === 'rows' ? '' : (this.request.settings?.sql ?? ''))
    )
  }

  create(object: DbObject): string {
    const { kind, sql, sqlPartitions = '' } = object
    if (isOfServer(object)) return unlessThere(object)
    if (kind !== 'event') return sql + sqlPartitions
    this.last.push(sql)
    return ''
  }

  async *rows(request: ScriptRows, csv: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
    const types = columnTypes(request.table.sql)
    const plan = {
      table: request.table.name,
      columns: request.columns.map((name) => ({
        name,
        type: types.get(name) ?? '',
        period: periodOf(name, types),
      })),
      statementBytes,
    }
    const hasPeriods = plan.columns.some(({ period }) => period !== undefined)
    let isFirst = true
    for await (const { sql, needsLeniency } of insertStatements(plan, csv)) {
      if (isFirst) yield this.beforeRows(request.table) + (hasPeriods ? withHistory : '')
      isFirst = false
      yield needsLeniency ? `${lenient}${sql};\n${strict}` : `${sql};\n`
    }
    if (!isFirst) yield `SET sql_mode = '${definitionMode}';\n${hasPeriods ? withoutHistory : ''}`
  }

  counters({ sqlCounters = '' }: DbObject): string {
    // It would end the transaction of the rows.
    if (this.request.content !== 'rows') return this.commit() + sqlCounters
    if (sqlCounters !== '') this.last.push(sqlCounters)
    return ''
  }

  finish({ sqlAfterRows = '' }: DbObject): string {
    return this.commit() + sqlAfterRows
  }

  end(): string {
    const restored = variables.map((name) => `${name} = @old_${name}`).join(', ')
    return `${this.commit()}${this.last.join('')}SET ${restored};\n`
  }

  private beforeRows(table: DbObject): string {
    const quiet = this.request.content === 'rows' ? this.withoutTriggers(table) : ''
    const start = this.inTransaction ? '' : 'START TRANSACTION;\n'
    this.inTransaction = true
    return quiet + start + strict
  }

  private withoutTriggers({ sqlAfterRows }: DbObject): string {
    if (sqlAfterRows === undefined) return ''
    this.last.push(sqlAfterRows)
    const drops = triggerNames(sqlAfterRows).map(
      (name) => `DROP TRIGGER IF EXISTS ${quoteName(name)};\n`,
    )
    return this.commit() + drops.join('')
  }

  private commit(): string {
    if (!this.inTransaction) return ''
    this.inTransaction = false
    return 'COMMIT;\n'
  }
}

/** MySQL wants a privilege for the like, without which the script would stop. */
const lenientDefinitions = '/*M! SET innodb_strict_mode = 0 */;\n'

const strict = `SET sql_mode = '${rowMode}';\n`
const withHistory = 'SET system_versioning_insert_history = 1;\n'
const withoutHistory = 'SET system_versioning_insert_history = 0;\n'
const lenient = `SET sql_mode = '${definitionMode}';\n`

/**
 * Accounts and foreign servers that are there stay as they are: the client knows no other condition than this. Not every
 * statement can be prepared; MySQL can't make a server only where there is none.
 */
function unlessThere(object: DbObject): string {
  if (object.kind === 'foreign_server') {
    return object.sql.replace(/^CREATE SERVER /, 'CREATE SERVER /*M! IF NOT EXISTS */ ')
  }
  const statements = splitStatements(object.sql).map((statement) =>
    /^CREATE ROLE\b/.test(statement)
      ? `${statement.replace('CREATE ROLE', 'CREATE ROLE IF NOT EXISTS')};\n`
      : prepared(statement),
  )
  if (statements.length === 0) return object.sql
  return `SET @is_there = EXISTS (${lookup(object)});\n${statements.join('')}`
}

function prepared(statement: string): string {
  const chosen = `SET @statement = IF(@is_there, 'DO 0', ${quoteText(statement)});\n`
  return `${chosen}PREPARE statement FROM @statement;\nEXECUTE statement;\nDEALLOCATE PREPARE statement;\n`
}

/** The names in `CREATE … TRIGGER [IF NOT EXISTS] name …` of a script. */
function triggerNames(script: string): string[] {
  return splitStatements(script).flatMap((statement) => {
    const tokens = tokenize(statement).filter(({ kind }) => kind !== 'space' && kind !== 'comment')
    if (!isToken(tokens[0], 'CREATE')) return []
    const keyword = tokens.findIndex((token) => isToken(token, 'TRIGGER'))
    const first = isToken(tokens[keyword + 1], 'IF') ? keyword + 4 : keyword + 1
    const name = nameOf(tokens[first])
    return keyword < 0 || name === undefined ? [] : [name]
  })
}
