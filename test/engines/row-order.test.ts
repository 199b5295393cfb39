import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConnectionRequest } from '../../src/engines/connection.ts'
import { capture } from '../support/capture.ts'
import { createDatabase, dropDatabase, runSql, runSqlite } from '../support/databases.ts'
import { installedMysqlServers } from '../support/mysql-servers.ts'
import {
  outerPostgresServers,
  postgresServers,
  servers,
  temporaryDirectory,
  type Server,
} from '../support/servers.ts'
import { requestFor } from './mysql/round-trip.ts'
import { mysqlCases } from './row-order/mysql-cases.ts'
import { misplaced, scriptOf, type OrderCase } from './row-order/order-case.ts'
import { japaneseCases, postgresCases } from './row-order/postgres-cases.ts'
import {
  insertsOf,
  mysqlDialect,
  postgresDialect,
  randomRows,
  sqliteDialect,
  textsOf,
  type Dialect,
} from './row-order/random-rows.ts'
import { sqliteCases, utf16Cases } from './row-order/sqlite-cases.ts'

/** A database that the vendor's client fills. */
interface Place {
  readonly request: ConnectionRequest
  run(script: string): void
  /** How the snapshot calls a table. */
  name(table: string): string
}

async function onServer(
  server: Server,
  use: (place: Place) => Promise<void>,
  options = '',
): Promise<void> {
  const isPostgres = server.name.startsWith('postgres')
  const database = createDatabase(server)
  if (options !== '') {
    dropDatabase(server, database)
    runSql(server, 'postgres', `CREATE DATABASE ${database} TEMPLATE template0 ${options}`)
  }
  try {
    await use({
      request: isPostgres
        ? { url: server.url(database), environment: {} }
        : requestFor(server, database),
      run: (script) => {
        runSql(server, database, script)
      },
      name: (table) => `table ${isPostgres ? 'public.' : ''}${table}`,
    })
  } finally {
    dropDatabase(server, database)
  }
}

async function inFile(encoding: string): Promise<Place> {
  const path = join(await temporaryDirectory(), 'order.db')
  runSqlite(path, `PRAGMA encoding = '${encoding}'; CREATE TABLE x (y); DROP TABLE x;`)
  return {
    request: { url: `sqlite:${path}`, environment: {} },
    run: (script) => {
      runSqlite(path, `PRAGMA synchronous = OFF;\n${script}`)
    },
    name: (table) => `table ${table}`,
  }
}

const expectOrder = (cases: readonly OrderCase[], settings = '') =>
  async function (place: Place): Promise<void> {
    place.run(settings + scriptOf(cases))
    const { rows } = await capture(place.request)
    expect(misplaced(cases, (table) => rows.get(place.name(table)))).toStrictEqual([])
  }

describe('rows stand in the order of the format, whatever the order of their insertion', () => {
  test.each(installedMysqlServers)('%s', async (name) => {
    const expected = expectOrder(mysqlCases(name), `SET sql_mode = 'ALLOW_INVALID_DATES';\n`)
    await onServer(servers()[name], expected)
  })

  test.each(postgresServers)('%s', async (name) => {
    const german = name === 'postgres14' ? '' : `LOCALE_PROVIDER icu ICU_LOCALE 'de'`
    await onServer(servers()[name], expectOrder(postgresCases(name)), german)
  })

  test.each(outerPostgresServers)('%s, in a database of encoding EUC_JP', async (name) => {
    const options = `ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C'`
    await onServer(servers()[name], expectOrder(japaneseCases), options)
  })

  test.each([
    ['UTF-8', [...sqliteCases, ...utf16Cases]],
    ['UTF-16le', utf16Cases],
    ['UTF-16be', utf16Cases],
  ])('sqlite, %s', async (encoding, cases) => {
    await expectOrder(cases)(await inFile(encoding))
  })
})

describe('random rows in random order stand as the format says', () => {
  const expectSorted = (dialect: Dialect) =>
    async function (place: Place): Promise<void> {
      place.run(dialect.tables)
      const property = fc.asyncProperty(randomRows, async (given) => {
        place.run(insertsOf(given, dialect))
        const { rows } = await capture(place.request)
        const { keyed, keyless } = textsOf(given, dialect)
        expect(rows.get(place.name('keyed'))).toBe(keyed)
        expect(rows.get(place.name('keyless'))).toBe(keyless)
      })
      await fc.assert(property, { numRuns: 6 })
    }

  test.each(installedMysqlServers)('%s', async (name) => {
    const exact = name === 'mysql' ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin'
    await onServer(servers()[name], expectSorted(mysqlDialect(exact)))
  })

  test.each(outerPostgresServers)('%s', async (name) => {
    await onServer(servers()[name], expectSorted(postgresDialect))
  })

  test.each(['UTF-8', 'UTF-16le'])('sqlite, %s', async (encoding) => {
    await expectSorted(sqliteDialect)(await inFile(encoding))
  })
})
