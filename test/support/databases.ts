import { randomBytes } from 'node:crypto'
import { mariadbClient } from './launch-mariadb.ts'
import { mysqlClient } from './launch-mysql.ts'
import { postgresClient } from './launch-postgres.ts'
import { program, run } from './program.ts'
import type { Server } from './servers.ts'

/** Creates an empty database, under a name of its own when none is given, and returns its name. */
export function createDatabase(server: Server, name?: string): string {
  const chosen = name ?? `test_${randomBytes(6).toString('hex')}`
  if (isPostgres(server)) {
    runSql(server, 'postgres', `CREATE DATABASE ${quoted(server, chosen)} TEMPLATE template0;`)
  } else {
    runSql(server, '', `CREATE DATABASE ${quoted(server, chosen)} CHARACTER SET utf8mb4;`)
  }
  return chosen
}

/** Removes a database and ends its sessions; it is no error when there is none. */
export function dropDatabase(server: Server, name: string): void {
  const words = `DROP DATABASE IF EXISTS ${quoted(server, name)}`
  if (isPostgres(server)) runSql(server, 'postgres', `${words} WITH (FORCE);`)
  else runSql(server, '', `${words};`)
}

/**
 * Runs a script with the vendor's own client (psql, mariadb, mysql) as the superuser, stopping at the first error;
 * returns what it printed: rows without headings, columns separated by tabs.
 */
export function runSql(server: Server, database: string, sqlText: string): string {
  return runSqlAs(server, server, database, sqlText)
}

/** Like runSql, as another account. */
export function runSqlAs(
  server: Server,
  account: { readonly user: string; readonly password: string },
  database: string,
  sqlText: string,
): string {
  const environment = passwordEnvironment(server, account.password)
  if (isPostgres(server)) {
    const words = [
      ...loginWords(server, account.user),
      '-XAtq',
      '-F',
      '\t',
      '-v',
      'ON_ERROR_STOP=1',
    ]
    return run(program('psql'), [...words, '-d', database, '-f', '-'], environment, sqlText)
  }
  const [client = '', ...first] = mysqlFamilyClient(server, 'client')
  const words = [...first, '--no-defaults', ...loginWords(server, account.user)]
  const style = [
    '--default-character-set=utf8mb4',
    '--batch',
    '--skip-column-names',
    '--binary-mode',
  ]
  const place = database === '' ? [] : [database]
  return run(client, [...words, ...style, ...place], environment, sqlText)
}

/** What the vendor's own dump program (pg_dump, mariadb-dump, mysqldump) says of a database; `options` are its own. */
export function vendorDump(
  server: Server,
  database: string,
  options: readonly string[] = [],
): string {
  const environment = passwordEnvironment(server, server.password)
  const login = loginWords(server, server.user)
  if (isPostgres(server)) {
    const [client = '', ...first] = postgresClient(server.name, 'pg_dump')
    return run(client, [...first, ...login, ...options, '-d', database], environment)
  }
  const [client = '', ...first] = mysqlFamilyClient(server, 'dump')
  return run(client, [...first, '--no-defaults', ...login, ...options, database], environment)
}

/** Runs a script with the sqlite3 program on a database file and returns what it printed. */
export function runSqlite(file: string, sqlText: string): string {
  return run(program('sqlite3'), ['-batch', '-bail', file], process.env, sqlText)
}

function isPostgres(server: Server): boolean {
  return server.name.startsWith('postgres')
}

function quoted(server: Server, name: string): string {
  const quote = isPostgres(server) ? '"' : '`'
  return quote + name.replaceAll(quote, quote + quote) + quote
}

function loginWords(server: Server, user: string): readonly string[] {
  const port = isPostgres(server) ? '-p' : '-P'
  const accounts = isPostgres(server) ? '-U' : '-u'
  return ['-h', server.host, port, `${server.port}`, accounts, user]
}

function passwordEnvironment(server: Server, password: string): NodeJS.ProcessEnv {
  const name = isPostgres(server) ? 'PGPASSWORD' : 'MYSQL_PWD'
  return { ...process.env, [name]: password, PGCLIENTENCODING: 'UTF8' }
}

function mysqlFamilyClient(server: Server, role: 'client' | 'dump'): readonly string[] {
  if (server.name === 'mysql') return mysqlClient(role === 'client' ? 'mysql' : 'mysqldump')
  return mariadbClient(server.name, role === 'client' ? 'mariadb' : 'mariadb-dump')
}
