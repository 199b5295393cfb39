import { join } from 'node:path'
import { createDatabase, dropDatabase, runSql, runSqlite } from '../support/databases.ts'
import { installedMysqlServers } from '../support/mysql-servers.ts'
import type { PostgresServer, ServerName } from '../support/server-names.ts'
import { servers, temporaryDirectory } from '../support/servers.ts'
import type { Dialect } from './workload.ts'

/** A throw-away database that others write while it is read. */
export interface RacePlace {
  /** As the configuration names it. */
  readonly url: string
  /** As a writer's process wants it: a server's URL, a file's path. */
  readonly writersPlace: string
  /** Statements by the vendor's client. */
  sql(statements: string): string
  remove(): void
}

/** A product and how it is used. */
export interface RaceEngine {
  readonly name: string
  readonly dialect: Dialect
  readonly make: () => Promise<RacePlace>
  /** Starts its server, which blocks: others' races would wait for it. */
  readonly start: () => void
}

function onServer(name: ServerName, dialect: Dialect): RaceEngine {
  return {
    name,
    dialect,
    start: () => servers()[name],
    make() {
      const server = servers()[name]
      const database = createDatabase(server)
      const url = server.url(database)
      return Promise.resolve({
        url: url.replace(/^mariadb\d+:/, 'mariadb:'),
        writersPlace: url,
        sql: (statements) => runSql(server, database, statements),
        remove: () => {
          dropDatabase(server, database)
        },
      })
    },
  }
}

function inFile(mode: 'WAL' | 'DELETE'): RaceEngine {
  return {
    name: `sqlite ${mode}`,
    dialect: 'sqlite',
    start: () => undefined,
    async make() {
      const file = join(await temporaryDirectory(), 'races.db')
      runSqlite(file, `PRAGMA journal_mode = ${mode};`)
      return {
        url: `sqlite:${file}`,
        writersPlace: file,
        sql: (statements) => runSqlite(file, statements),
        remove: () => undefined,
      }
    },
  }
}

/** The servers whose behaviour under writers differs. */
export const postgresOfRaces: readonly PostgresServer[] = ['postgres15', 'postgres18']

/** Every product that races are run on. */
export const raceEngines: readonly RaceEngine[] = [
  ...postgresOfRaces.map((name) => onServer(name, 'postgres')),
  ...installedMysqlServers.map((name) => onServer(name, 'mysql')),
  inFile('WAL'),
  inFile('DELETE'),
]
