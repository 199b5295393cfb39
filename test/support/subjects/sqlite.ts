import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionRequest } from '../../../src/engines/connection.ts'
import { runSqlite } from '../databases.ts'
import { temporaryDirectory } from '../servers.ts'
import type { Subject, TestDatabase } from './subject.ts'

/** SQLite files. */
export const sqliteSubject: Subject = {
  name: 'sqlite',
  fixtures: ['sqlite'],
  objects: [
    'table customer',
    'table orders',
    'table setting',
    'table exact',
    'table no_key',
    'table a/b."c',
    'table für',
    'table search',
    'view z_first',
    'view a_last',
  ],
  bytesType: 'blob',
  bytes: (hexadecimal) => `X'${hexadecimal}'`,
  doubleType: 'double precision',
  plainStrings: '',
  maintenance: 'VACUUM; ANALYZE; REINDEX;',
  async create() {
    const directory = await temporaryDirectory()
    const file = join(directory, 'test.db')
    // Write-ahead logging lets one connection write while another reads.
    const make = () =>
      runSqlite(file, 'PRAGMA journal_mode = WAL; CREATE TABLE x (a); DROP TABLE x;')
    make()
    return {
      name: file,
      request: requestFor(file),
      run: (sqlText) => runSqlite(file, sqlText),
      dump: () =>
        runSqlite(file, 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2;'),
      recreate() {
        rmSync(file)
        make()
      },
      remove() {
        rmSync(directory, { recursive: true })
      },
    }
  },
  badRequests(database) {
    const noDatabase = `${database.name}.txt`
    writeFileSync(
      noDatabase,
      'canary-text that is no database, and long enough to be looked at\n'.repeat(99),
    )
    return [
      {
        title: 'a file that is not there',
        request: requestFor(`${database.name}.missing`),
        code: /^unknown-database$/,
      },
      {
        title: 'a file that is no database',
        request: requestFor(noDatabase),
        code: /./,
      },
    ]
  },
  // A file has no settings of a server; the variables of the process are the only ones left.
  disturbed: (database) => ({
    ...database.request,
    environment: { TZ: 'Asia/Tokyo', LC_ALL: 'de_DE.UTF-8', SQLITE_TMPDIR: '/nonexistent' },
  }),
  hideRows(database) {
    damageTable(database, 'secret_table')
    return database.request
  },
  findingOfHiddenRows: /damaged/,
  sessions: () => undefined,
}

function requestFor(file: string): ConnectionRequest {
  return { url: `sqlite:${encodeURI(file)}`, environment: {} }
}

/** Overwrites the first page of a table. */
function damageTable(database: TestDatabase, table: string): void {
  database.run('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;')
  const question = `SELECT rootpage FROM sqlite_schema WHERE name = '${table}'; PRAGMA page_size;`
  const [page = 0, size = 0] = database.run(question).trim().split('\n').map(Number)
  const file = openSync(database.name, 'r+')
  writeSync(file, Buffer.alloc(size, 0x7f), 0, size, (page - 1) * size)
  closeSync(file)
}
