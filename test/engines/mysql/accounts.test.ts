import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSqlAs } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, type Poured } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

/** Accounts belong to the whole server, so each run has its own names. */
const suffix = randomBytes(3).toString('hex')
const app = `app_${suffix}`
const odd = `o'd\`d ${suffix}`
const reader = `reader_${suffix}`
const writer = `writer_${suffix}`
const gone = `gone_${suffix}`
const locked = `locked_${suffix}`
const nothing = `nothing_${suffix}`
const canary = 'canary-Passw0rd'

describe.each(installedMysqlServers)('%s', (name) => {
  const isMariaDb = name !== 'mysql'
  const users = [`'${app}'@'%'`, `'${odd.replace("'", "''")}'@'10.0.0.0/255.0.0.0'`]
  const roleNames = [reader, writer]
  let server: Server
  let database: string
  let read: Poured
  let byServer: string

  const script = () => `
    CREATE TABLE t (a int, b int, c int); CREATE TABLE short_lived (a int);
    CREATE PROCEDURE p() SELECT 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
    CREATE ROLE ${reader}; CREATE ROLE ${writer};
    CREATE USER ${users[0] ?? ''} IDENTIFIED BY '${canary}' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 5 PASSWORD EXPIRE INTERVAL 30 DAY;
    CREATE USER ${users[1] ?? ''} IDENTIFIED BY '${canary}';
    CREATE USER ${locked} IDENTIFIED BY '${canary}' ACCOUNT LOCK;
    CREATE USER ${nothing} IDENTIFIED BY '${canary}';
    CREATE USER ${gone};
    GRANT SELECT ON ${database}.* TO ${reader};
    GRANT ${reader} TO ${writer}; GRANT ${writer} TO ${users[0] ?? ''} WITH ADMIN OPTION;
    SET DEFAULT ROLE ${writer} ${isMariaDb ? 'FOR' : 'TO'} ${users[0] ?? ''};
    GRANT SELECT, INSERT ON \`${database.replaceAll('_', '\\_')}\`.* TO ${users[0] ?? ''} WITH GRANT OPTION;
    GRANT SELECT (c, a), UPDATE (b), DELETE ON ${database}.t TO ${users[1] ?? ''};
    GRANT EXECUTE ON PROCEDURE ${database}.p TO ${users[1] ?? ''}; GRANT EXECUTE ON FUNCTION ${database}.f TO ${users[1] ?? ''};
    GRANT INSERT ON ${database}.short_lived TO ${users[1] ?? ''}; DROP TABLE short_lived;
    GRANT PROCESS ON *.* TO ${users[0] ?? ''}; GRANT SELECT ON \`test\\_%\`.* TO ${users[0] ?? ''};
    GRANT SELECT ON mysql.* TO ${nothing}; ${isMariaDb ? `GRANT SHOW VIEW ON ${database}.* TO PUBLIC;` : ''}
    CREATE DEFINER = ${locked} VIEW by_locked AS SELECT 1; CREATE DEFINER = ${gone} VIEW by_gone AS SELECT 1; DROP USER ${gone};
    INSERT INTO t VALUES (1, 2, 3);`

  beforeAll(async () => {
    server = servers()[name]
    database = createDatabase(server)
    runClient(server, database, script())
    byServer = accountsByServer(database)
    read = await readWhole(requestFor(server, database))
  })
  afterAll(() => {
    dropDatabase(server, database)
    dropAccounts()
    runClient(server, '', `DROP USER ${nothing};`)
  })

  function dropAccounts(): void {
    runClient(
      server,
      '',
      `DROP USER ${users.join(', ')}, ${locked}; DROP ROLE ${roleNames.join(', ')};`,
    )
  }

  function roles(poured: Poured): readonly DbObject[] {
    return poured.schema.objects.filter(({ kind }) => kind === 'role')
  }

  /** What the server itself says about the accounts, with their hashes, without the database's name. */
  function accountsByServer(of: string): string {
    const creations = isMariaDb ? [...users, locked] : [...users, locked, ...roleNames]
    const questions = [
      ...creations.map((user) => `SHOW CREATE USER ${user};`),
      ...[...users, locked, ...roleNames, ...(isMariaDb ? ['PUBLIC'] : [])].map(
        (user) => `SHOW GRANTS FOR ${user};`,
      ),
    ]
    const hexadecimal = isMariaDb ? '' : 'SET print_identified_with_as_hex = 1;'
    return runClient(server, '', hexadecimal + questions.join('\n'))
      .split('\n')
      .filter(
        (line) => line.includes('`') && !/short_lived|(?:USAGE|PROCESS) ON|test\\\\_%/.test(line),
      )
      .map((line) =>
        line.replaceAll('\\\\', '\\').replaceAll('\\_', '_').replaceAll(of, 'the_database'),
      )
      .filter((line) => !line.endsWith(' TO PUBLIC') || line.includes('the_database'))
      .toSorted()
      .join('\n')
  }

  test('the accounts that the database concerns are read, and no others', () => {
    const host = isMariaDb ? '' : '@%'
    const expected = [
      ...[`${app}@%`, `${locked}@%`, `${odd}@10.0.0.0/255.0.0.0`, reader + host, writer + host],
      ...(isMariaDb ? ['PUBLIC'] : []),
    ]
    expect(roles(read).map((role) => role.name)).toEqual(expected.toSorted())
    const [everybody] = roles(read).filter((role) => role.name === 'PUBLIC')
    expect(everybody?.sqlAfterRows).toBe(
      isMariaDb ? 'GRANT SHOW VIEW ON * TO PUBLIC;\n' : undefined,
    )
    expect(read.schema.warnings.filter((warning) => warning.includes(gone))).toHaveLength(1)
    expect(read.schema.notCaptured).toEqual([])
  })

  test('definitions are complete without their hashes, which are elsewhere', () => {
    const shared = roles(read).map(({ sql, sqlAfterRows = '' }) => sql + sqlAfterRows)
    expect(shared.join('')).not.toMatch(/\*[0-9A-F]{40}|0x2441|BY PASSWORD|USING|canary/)
    expect(shared.join('')).not.toContain(database)
    const [appText = ''] = shared.filter((text) => text.includes(app) && !text.includes('ROLE `'))
    expect(`${appText}${shared.join('')}`).toContain(
      '  REQUIRE SSL\n  WITH MAX_QUERIES_PER_HOUR 5\n',
    )
    const secrets = roles(read).flatMap(({ sqlSecrets }) => sqlSecrets ?? [])
    expect(secrets).toHaveLength(3)
    expect(secrets.filter((secret) => secret.endsWith('ACCOUNT UNLOCK;\n'))).toHaveLength(2)
    const [oddOne] = roles(read).filter((role) => role.name.startsWith('o'))
    expect(oddOne?.sqlAfterRows).toContain('SELECT (`a`, `c`), UPDATE (`b`)')
    expect(oddOne?.sqlAfterRows).not.toContain('short_lived')
    expect(read.schema.warnings.join()).toContain('has INSERT on short_lived, which is not')
    const [appOne] = roles(read).filter((role) => role.name.startsWith('app'))
    expect(appOne?.sql).not.toMatch(/PROCESS|test/)
    expect(read.schema.versions[`elsewhere ${app}@%`]).toBe(
      'PROCESS ON *.*; SELECT ON `test\\_%`.*',
    )
  })

  test.each(['fill', 'script'] as const)(
    'accounts that are gone come back by a %s, with their passwords',
    async (way) => {
      const copy = createDatabase(server)
      dropAccounts()
      if (way === 'fill') await fillWith(requestFor(server, copy), 'empty', read)
      else {
        const secrets = roles(read).map(({ sqlSecrets = '' }) => sqlSecrets)
        runClient(server, copy, `${await snapshotScript('everything', read)}${secrets.join('')}`)
      }
      expect(accountsByServer(copy)).toBe(byServer)
      expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
      dropDatabase(server, copy)
      const grants = roles(read).map(({ sqlAfterRows = '' }) => sqlAfterRows)
      runClient(server, database, grants.join(''))
    },
  )

  test('an account that is there stays as it is, and gets its grants on the new database', async () => {
    const other = createDatabase(server)
    runClient(server, '', `ALTER USER ${users[0] ?? ''} IDENTIFIED BY 'canary-Oth3r' REQUIRE NONE;`)
    await fillWith(requestFor(server, other), 'empty', read)
    const account = { user: app, password: 'canary-Oth3r' }
    expect(runSqlAs(server, account, other, 'SELECT a FROM t;')).toBe('1\n')
    dropDatabase(server, other)
  })

  test('a database of this tool leaves no grant behind', async () => {
    await using there = await mysql.openServer(requestFor(server, database))
    const scratch = `schema_backup_test_${suffix}`
    await there.create(scratch, {})
    await fillWith(requestFor(server, scratch), 'empty', read)
    const questions = ['db', 'tables_priv', 'procs_priv'].map(
      (table) => `SELECT user FROM mysql.${table} WHERE replace(db, '\\\\', '') = '${scratch}';`,
    )
    expect(runClient(server, '', questions.join(''))).toContain(app)
    await there.drop(scratch)
    expect(runClient(server, '', questions.join(''))).toBe('')
  })

  test('accounts that a failed fill made are taken back', async () => {
    const copy = createDatabase(server)
    dropAccounts()
    const failure = fillWith(requestFor(server, copy), 'empty', read, (step) => {
      if (step === 'finish') throw new Error('stopped')
    })
    await expect(failure).rejects.toThrow('stopped')
    const names = [...users, locked].map((user) => user.split('@')[0]?.replaceAll("'", '') ?? '')
    const left = runClient(server, '', 'SELECT user FROM mysql.user;').split('\n')
    expect(left.filter((user) => names.includes(user))).toEqual([])
    await fillWith(requestFor(server, copy), 'empty', read)
    dropDatabase(server, copy)
  })

  test('who may not see accounts is told so, and the run is incomplete', async () => {
    const limited = `blind_${suffix}`
    const bodies = isMariaDb ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*'
    runClient(
      server,
      '',
      `CREATE USER ${limited} IDENTIFIED BY '${canary}'; GRANT ${bodies} TO ${limited};
       GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON ${database}.* TO ${limited};`,
    )
    const blind = await readWhole(
      requestFor({ ...server, user: limited, password: canary }, database),
    )
    runClient(server, '', `DROP USER ${limited};`)
    expect(roles(blind)).toEqual([])
    const named = blind.schema.notCaptured.map((each) => `${each.kind} ${each.name}`)
    expect(named).toEqual([`account ${database}.*`])
    expect(blind.schema.notCaptured[0]?.reason).toContain('GRANT SELECT ON `mysql`.*')
  })
})
