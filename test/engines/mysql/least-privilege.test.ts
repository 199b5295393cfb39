import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { DbObject, Schema } from '../../../src/model.ts'
import { createDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import type { Server } from '../../support/servers.ts'
import { startOwnServer } from './own-server.ts'
import { requestFor, runClient } from './round-trip.ts'

/** The grants that docs/configuration.md names, and what is said when one of them is missing. */

function fixture(name: string): string {
  const directory = join(import.meta.dirname, '../../fixtures/mysql/forms')
  return readFileSync(join(directory, `${name}.sql`), 'utf8')
}

const programs = {
  mariadb: ['mariadb-programs'],
  mariadb11: ['mariadb-programs', 'mariadb11-programs'],
  mysql: [],
}

const others = `
  CREATE SERVER away FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h', PASSWORD 'canary-Away');
  CREATE TABLE led_away (a int) CONNECTION = 'away/t'; CREATE USER writer IDENTIFIED BY 'canary-Writer'; CREATE ROLE reader;
  GRANT SELECT ON shop.* TO reader; GRANT reader TO writer; GRANT INSERT (a) ON shop.t TO writer; GRANT EXECUTE ON PROCEDURE shop.nothing TO writer;`
const ofMariadb = 'CREATE SEQUENCE numbers;'
const ofMysql = "CREATE LIBRARY lib LANGUAGE JAVASCRIPT AS 'export function f() { return 1 }';"

const rights = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT']
const everything = [...rights, 'bodies', 'accounts'] as const

/** What `notCaptured` calls the kind of an object that is missing. */
const namedAs: Readonly<Record<string, readonly string[]>> = {
  table: ['table', 'trigger'],
  view: ['view', 'table'],
  sequence: ['sequence', 'table'],
  function: ['function', 'routine'],
  procedure: ['procedure', 'routine'],
  package: ['package', 'package body', 'routine'],
  library: ['library', 'routine'],
  event: ['event'],
  role: ['account'],
  foreign_server: ['server'],
}

describe.each(installedMysqlServers)('%s', (name) => {
  let started: Awaited<ReturnType<typeof startOwnServer>>
  let server: Server
  let whole: Schema

  beforeAll(async () => {
    started = await startOwnServer(name)
    server = started.server
    createDatabase(server, 'shop')
    const own = name === 'mysql' ? ofMysql : ofMariadb
    const texts = ['both-programs', ...programs[name]].map(fixture)
    runClient(server, 'shop', texts.join('') + others + own)
    grant('backup', everything)
    whole = await schemaFor(server.user, server.password)
  }, 60_000)
  afterAll(async () => {
    await started.stop()
  })

  function grant(user: string, what: readonly string[]): void {
    const here = rights.filter((right) => what.includes(right))
    const bodies = name === 'mysql' ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc'
    runClient(
      server,
      '',
      `CREATE USER ${user} IDENTIFIED BY 'canary-Backup';
       GRANT ${here.join(', ')} ON shop.* TO ${user};
       ${what.includes('bodies') ? `GRANT ${bodies} TO ${user};` : ''}
       ${what.includes('accounts') ? `GRANT SELECT ON mysql.* TO ${user};` : ''}`,
    )
  }

  async function schemaFor(user: string, password: string): Promise<Schema> {
    await using database = await mysql.open(requestFor({ ...server, user, password }, 'shop'))
    return await database.read({ wantsRows: () => false }, (snapshot) =>
      Promise.resolve(snapshot.schema),
    )
  }

  /** An account that may do less has grants on the database, too. */
  function textsOf({ objects }: Schema): ReadonlyMap<string, string> {
    const texts = objects.map(({ kind, name: object, ...rest }) => {
      const { sql, sqlAfterRows = '', sqlSecrets = '' }: Omit<DbObject, 'kind' | 'name'> = rest
      return [`${kind} ${object}`, `${sql}${sqlAfterRows}${sqlSecrets}`] as const
    })
    return new Map(texts.filter(([key]) => !key.startsWith('role without_')))
  }

  test('the documented grants show all that root sees', async () => {
    const seen = await schemaFor('backup', 'canary-Backup')
    expect(seen.notCaptured).toEqual([])
    expect(textsOf(seen)).toEqual(textsOf(whole))
    expect(seen.warnings).toEqual(whole.warnings)
    expect(seen.versions).toEqual(whole.versions)
    expect(JSON.stringify(whole.objects)).toContain('canary-Away')
  })

  test.each(everything)('without %s, whatever is missing is named', async (missing) => {
    const user = `without_${missing.toLowerCase().replace(' ', '_')}`
    // Who sees MariaDB's accounts sees all that is in its schema.
    const hasBodies = (right: string) => right === 'accounts' && missing === 'bodies'
    const some = everything.filter((right) => right !== missing && !hasBodies(right))
    grant(user, some)
    const reading = schemaFor(user, 'canary-Backup')
    if (missing === 'SELECT' && name !== 'mysql') {
      await expect(reading).rejects.toThrow('SELECT command denied to user')
      return
    }
    const seen = await reading
    runClient(server, '', `DROP USER ${user};`)
    const named = new Set(seen.notCaptured.map(({ kind }) => kind.toLowerCase()))
    expect(named.size).toBeGreaterThan(0)
    const texts = textsOf(seen)
    const lost = [...textsOf(whole)].filter(([key, text]) => texts.get(key) !== text)
    const silent = lost.filter(([key]) => {
      const words = namedAs[key.split(' ')[0] ?? ''] ?? []
      return !words.some((word) => named.has(word))
    })
    expect(silent.map(([key]) => key)).toEqual([])
  })
})
