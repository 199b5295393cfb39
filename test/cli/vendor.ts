import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDatabase, dropDatabase, runSql, vendorDump } from '../support/databases.ts'
import { mysqlClient, mysqlIsInstalled } from '../support/launch-mysql.ts'
import { postgresClient } from '../support/launch-postgres.ts'
import { program, run } from '../support/program.ts'
import { servers, temporaryDirectory } from '../support/servers.ts'

/** A database of a test, as its vendor's own programs see it. */
export interface VendorDatabase {
  /** Its name on the server; a file's name. */
  readonly name: string
  /** As the configuration names it, with user and password. */
  readonly url: string
  /** Statements on it by the vendor's client. */
  sql(statements: string): string
  /** A script on it with nothing but the vendor's client and the options that docs/operations.md names. */
  runScript(script: string): void
  /** Structure and rows by the vendor's dump program, one line a row, in an order of its own. */
  dump(): readonly string[]
  remove(): void
}

/** A product whose databases the tests make. */
export interface Vendor {
  readonly name: string
  /** Script of test/fixtures that makes every kind of object. */
  readonly fixture: string
  /** A configuration that lets scratch databases be made; empty where none is needed. */
  verifyBlock(): string
  /** Variables with which the program finds a dump program that is as new as the server. */
  environment(): Promise<Readonly<Record<string, string>>>
  create(name?: string): Promise<VendorDatabase>
  /** The database of that name beside another one, which some command has made. */
  beside(database: VendorDatabase, name: string): VendorDatabase
  exists(database: VendorDatabase, name: string): boolean
  /** What a database is called whose name is followed by a suffix. */
  withSuffix(name: string, suffix: string): string
}

function postgres(which: 'postgres15' | 'postgres18'): Vendor {
  const server = () => servers()[which]
  const database = (name: string): VendorDatabase => ({
    name,
    url: server().url(name),
    sql: (statements) => runSql(server(), name, statements),
    runScript(script) {
      const { host, port, user, password } = server()
      const words = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', host, '-p', `${port}`, '-U', user]
      const environment = { ...process.env, PGPASSWORD: password }
      run(program('psql'), [...words, '-d', name, '-f', '-'], environment, script)
    },
    dump: () =>
      vendorDump(server(), name)
        .split('\n')
        .filter((line) => !/^(\\(un)?restrict |-- Dumped )/.test(line))
        .toSorted(),
    remove() {
      dropDatabase(server(), name)
    },
  })
  return {
    name: which,
    fixture: 'postgres.sql',
    verifyBlock: () => `verify: {url: "${server().url('postgres')}"}\n`,
    environment: async () => {
      const directory = await programs({ pg_dump: postgresClient(which, 'pg_dump') })
      return { PATH: `${directory}:${process.env['PATH'] ?? ''}` }
    },
    create: async (name) => await Promise.resolve(database(createDatabase(server(), name))),
    beside: (_, name) => database(name),
    exists: (_, name) =>
      runSql(server(), 'postgres', `SELECT 1 FROM pg_database WHERE datname = '${name}';`) !== '',
    withSuffix: (name, suffix) => `${name}_${suffix}`,
  }
}

const dumpOptions = [
  ...['--routines', '--events', '--triggers', '--skip-comments', '--hex-blob'],
  ...['--skip-extended-insert', '--complete-insert'],
]

function mysqlFamily(which: 'mariadb' | 'mysql'): Vendor {
  const server = () => servers()[which]
  const own = which === 'mysql' ? ['--set-gtid-purged=OFF', '--no-tablespaces'] : []
  const client = () => (which === 'mysql' ? mysqlClient('mysql') : [program('mariadb')])
  const database = (name: string): VendorDatabase => ({
    name,
    url: server().url(name),
    sql: (statements) => runSql(server(), name, statements),
    runScript(script) {
      const [command = '', ...first] = client()
      const { host, port, user, password } = server()
      const words = ['--no-defaults', '--binary-mode', '--comments', '-h', host, '-P', `${port}`]
      const environment = { ...process.env, MYSQL_PWD: password }
      run(command, [...first, ...words, '-u', user, name], environment, script)
    },
    dump: () =>
      vendorDump(server(), name, [...dumpOptions, ...own])
        .split('\n')
        .toSorted(),
    remove() {
      dropDatabase(server(), name)
    },
  })
  return {
    name: which,
    fixture: 'mysql.sql',
    verifyBlock: () => `verify: {url: "${server().url('mysql')}"}\n`,
    environment: async () => {
      if (which === 'mariadb') return {}
      const directory = await programs({ mysqldump: mysqlClient('mysqldump') })
      // What else is needed, without the other product's dump program.
      return { PATH: directory }
    },
    create: async (name) => await Promise.resolve(database(createDatabase(server(), name))),
    beside: (_, name) => database(name),
    exists: (_, name) => runSql(server(), '', `SHOW DATABASES LIKE '${name}';`) !== '',
    withSuffix: (name, suffix) => `${name}_${suffix}`,
  }
}

/** A directory with programs that run other commands. */
async function programs(commands: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const directory = await temporaryDirectory()
  for (const [name, words] of Object.entries(commands)) {
    const script = `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`
    writeFileSync(join(directory, name), script, { mode: 0o755 })
  }
  return directory
}

const sqlite: Vendor = {
  name: 'sqlite',
  fixture: 'sqlite.sql',
  verifyBlock: () => '',
  environment: () => Promise.resolve({}),
  create: async (name = 'shop.db') => file(join(await temporaryDirectory(), name), name),
  beside: (database, name) => file(join(database.url.slice('sqlite:'.length), '..', name), name),
  exists: (database, name) => existsSync(join(database.url.slice('sqlite:'.length), '..', name)),
  withSuffix: (name, suffix) => name.replace('.db', `_${suffix}.db`),
}

function file(path: string, name: string): VendorDatabase {
  const sqlite3 = (input: string) => run(program('sqlite3'), [path], process.env, input)
  return {
    name,
    url: `sqlite:${path}`,
    sql: sqlite3,
    runScript: (script) => {
      sqlite3(script)
    },
    dump: () => sqlite3('.dump\n').split('\n').toSorted(),
    remove: () => undefined,
  }
}

/** Every product that can be had on this machine without further ado. */
export const vendors: readonly Vendor[] = [
  sqlite,
  mysqlFamily('mariadb'),
  postgres('postgres15'),
  postgres('postgres18'),
  ...(mysqlIsInstalled ? [mysqlFamily('mysql')] : []),
]
