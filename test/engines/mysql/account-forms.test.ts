import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definersOf } from '../../../src/engines/mysql/catalog/accounts.ts'
import { readCreateUser } from '../../../src/engines/mysql/catalog/account-text.ts'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import type { Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { startOwnServer } from './own-server.ts'
import { filesOf, readWhole, requestFor, runClient, type Poured } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

test('what every account has is left out, and a default is no clause of its own', () => {
  const name = { user: 'a', host: '%' }
  const made = (options: string) => readCreateUser(`CREATE USER \`a\`@\`%\` ${options}`, name).sql
  expect(made('REQUIRE NONE PASSWORD EXPIRE DEFAULT PASSWORD REQUIRE CURRENT DEFAULT')).toBe(
    made(''),
  )
  expect(made('REQUIRE SSL PASSWORD REQUIRE CURRENT OPTIONAL')).toContain(
    '\n  REQUIRE SSL\n  PASSWORD REQUIRE CURRENT OPTIONAL;',
  )
})

test('a definer stands at the head of a statement, not in a body', () => {
  const line = 'CREATE DEFINER=`no`@`h` VIEW v AS SELECT 1'
  const body = `SELECT '\n${line};\n';\n/*\n${line}\n*/`
  const sql = `-- A note.\nSET @x = 1;\nDELIMITER ;;\nCREATE DEFINER=\`f\`\`g\`@\`%\` PROCEDURE p()\n${body}\n;;\nDELIMITER ;\nSET @x = 2;\n`
  const put =
    "-- A note.\nSET @statement = concat('CREATE ALGORITHM=MERGE DEFINER=`own`@`h` SQL', '');\n"
  const view = { sql: `-- A note.\n-- And one.\n${line.replace('no', 'viewer')};\n` }
  const trigger = { sql: '', sqlAfterRows: sql.replace('f``g', 'later') }
  const names = [...definersOf([{ sql }, { sql: put }, view, trigger])]
  expect(names).toEqual(['f`g@%', 'own@h', 'viewer@h', 'later@%'])
})

/** Accounts and their grants in every form that the products have, on a server of their own. */

const limits =
  'MAX_QUERIES_PER_HOUR 1 MAX_UPDATES_PER_HOUR 2 MAX_CONNECTIONS_PER_HOUR 3 MAX_USER_CONNECTIONS 4'
const both = `
  CREATE USER ''@'10.0.0.1'; CREATE USER 'IDENTIFIED'@'h%' IDENTIFIED BY 'canary-1' REQUIRE X509 PASSWORD EXPIRE ACCOUNT LOCK;
  CREATE USER exact IDENTIFIED BY 'canary-2' REQUIRE SUBJECT '/CN=x y' AND ISSUER '/CN=PASSWORD HISTORY' AND CIPHER 'AES' WITH ${limits} PASSWORD EXPIRE NEVER;
  CREATE USER 'd"b@x'@'127.0.0.1' IDENTIFIED BY 'canary-3' PASSWORD EXPIRE INTERVAL 9 DAY;
  CREATE USER expired IDENTIFIED BY 'canary-4' PASSWORD EXPIRE; CREATE USER by_pattern; CREATE USER others; CREATE USER proxied;
  CREATE ROLE 'r@1'; CREATE ROLE z_role; CREATE ROLE a_role; GRANT SELECT ON shop_eu.* TO 'r@1', z_role;
  GRANT SELECT ON shop_eu.* TO ''@'10.0.0.1', 'IDENTIFIED'@'h%', 'd"b@x'@'127.0.0.1';
  GRANT INSERT ON \`shop\\_eu\`.* TO expired WITH GRANT OPTION; GRANT DELETE ON \`shop__u\`.* TO by_pattern; GRANT DELETE ON \`shop%\`.* TO exact; 
  GRANT SELECT (b, a), INSERT (a), REFERENCES (b), SHOW VIEW ON shop_eu.t TO exact WITH GRANT OPTION; GRANT ALL ON shop_eu.v TO exact;
  GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE shop_eu.\`p'\`\`q\` TO exact WITH GRANT OPTION; GRANT EXECUTE ON FUNCTION shop_eu.f TO 'r@1'; GRANT RELOAD, SHOW DATABASES ON *.* TO exact;
  GRANT SELECT ON shop_eu.t TO root@localhost;`

const own = {
  mariadb: `GRANT 'r@1' TO exact; GRANT z_role TO exact WITH ADMIN OPTION; GRANT a_role TO exact; GRANT z_role TO a_role; SET DEFAULT ROLE 'r@1' FOR exact;
    CREATE USER several IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('canary-5') WITH MAX_STATEMENT_TIME 2.5; GRANT USAGE ON shop_eu.* TO several; GRANT SELECT ON shop_eu.t TO several;
    CREATE USER mapped IDENTIFIED VIA unix_socket AS 'me' OR mysql_native_password AS 'invalid'; GRANT SHOW VIEW ON shop_eu.* TO mapped; GRANT DELETE HISTORY ON shop_eu.* TO mapped;
    GRANT SELECT ON shop_eu.s TO mapped; GRANT SHOW VIEW ON shop_eu.v TO PUBLIC; GRANT PROXY ON proxied TO mapped WITH GRANT OPTION;
    INSERT INTO mysql.db (host, db, user, select_priv) VALUES ('%', 'shop_eu', '', 'Y'); FLUSH PRIVILEGES;`,
  mysql: `GRANT 'r@1', z_role TO exact; GRANT a_role TO exact WITH ADMIN OPTION; GRANT z_role TO a_role; SET DEFAULT ROLE 'r@1', a_role TO exact;
    INSTALL PLUGIN auth_socket SONAME 'auth_socket.so';
    CREATE USER several IDENTIFIED WITH caching_sha2_password BY 'canary-5' AND IDENTIFIED WITH auth_socket AS 'me' PASSWORD HISTORY 3 PASSWORD REUSE INTERVAL 5 DAY PASSWORD REQUIRE CURRENT OPTIONAL FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED COMMENT 'it''s IDENTIFIED "x"';
    CREATE USER mapped IDENTIFIED WITH auth_socket AS 'me' PASSWORD REQUIRE CURRENT FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME 2 ATTRIBUTE '{"a": "b"}';
    CREATE USER hostless@'' IDENTIFIED BY 'canary-6'; CREATE USER twice IDENTIFIED BY 'canary-7'; ALTER USER twice IDENTIFIED BY 'canary-8' RETAIN CURRENT PASSWORD;
    GRANT SELECT ON shop_eu.* TO several, mapped, hostless@'', twice; GRANT BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.* TO mapped;
    SET GLOBAL partial_revokes = ON; GRANT SELECT, INSERT ON *.* TO others; REVOKE SELECT ON shop_eu.* FROM others; SET GLOBAL mandatory_roles = '\`z_role\`@\`%\`,a_role';`,
}

const objects = `CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT 1 AS a; CREATE PROCEDURE \`p'\`\`q\`() SELECT 1;
  CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1; CREATE DEFINER = exact VIEW by_exact AS SELECT 1 AS a;`

describe.each(installedMysqlServers)('%s', (name) => {
  const isMariaDb = name !== 'mysql'
  let server: Server
  let started: Awaited<ReturnType<typeof startOwnServer>>
  let read: Poured
  let byServer: string

  beforeAll(async () => {
    started = await startOwnServer(name)
    server = started.server
    createDatabase(server, 'shop_eu')
    const sequence = isMariaDb ? 'CREATE SEQUENCE s;' : ''
    runClient(server, 'shop_eu', objects + sequence + both + own[isMariaDb ? 'mariadb' : 'mysql'])
    byServer = accountsByServer('shop_eu')
    read = await readWhole(requestFor(server, 'shop_eu'))
  }, 60_000)
  afterAll(async () => {
    await started.stop()
  })

  function roles(): readonly DbObject[] {
    return read.schema.objects.filter(({ kind }) => kind === 'role')
  }

  const users = `'IDENTIFIED'@'h%' exact 'd"b@x'@'127.0.0.1' expired several mapped`
    .split(' ')
    .concat(isMariaDb ? [] : ["hostless@''", 'twice'])
    .concat(`''@'10.0.0.1'`)
  const roleNames = ["'r@1'", 'z_role', 'a_role']

  /** What the server itself says about them, with their hashes; what they may do elsewhere is not restored. */
  function accountsByServer(database: string): string {
    const creations = isMariaDb ? users : [...users, ...roleNames]
    const shown = [...users, ...roleNames, ...(isMariaDb ? ['PUBLIC'] : [])]
    const questions = [
      ...creations.map((user) => `SHOW CREATE USER ${user};`),
      ...shown.map((user) => `SHOW GRANTS FOR ${user};`),
    ]
    const hexadecimal = isMariaDb ? '' : 'SET print_identified_with_as_hex = 1;'
    return runClient(server, '', hexadecimal + questions.join('\n'))
      .split('\n')
      .filter((line) => !/ ON \*\.\* | ON `shop%`|^GRANT PROXY/.test(line))
      .map((line) =>
        line
          .replaceAll('\\\\', '\\')
          .replaceAll('\\_', '_')
          .replaceAll(`\`${database}\`.`, '`the_database`.')
          .replace(
            /(?<=SELECT|REFERENCES|INSERT) \((.*?)\)/g,
            (_, columns: string) => ` (${columns.split(', ').toSorted().join(', ')})`,
          ),
      )
      .filter((line) => !line.endsWith(' TO PUBLIC') || line.includes('the_database'))
      .toSorted()
      .join('\n')
  }

  test('who has to do with the database is written, once', () => {
    const host = isMariaDb ? '' : '@%'
    const common = ['@10.0.0.1', 'IDENTIFIED@h%', 'd"b@x@127.0.0.1', 'exact@%', 'expired@%']
    const expected = [
      ...[...common, 'several@%', 'mapped@%', `a_role${host}`, `z_role${host}`],
      ...(isMariaDb ? ['r@1@', 'PUBLIC'] : ['r@1@%', 'hostless@', 'twice@%']),
    ]
    expect(roles().map((role) => role.name)).toEqual(expected.toSorted())
    expect(read.schema.notCaptured).toEqual([])
    const shared = roles().map(({ sql, sqlAfterRows = '' }) => sql + sqlAfterRows)
    expect(shared.join('')).not.toMatch(/\*[0-9A-F]{40}|0x2441|canary|shop_eu/)
  })

  test('what can not be written is named', () => {
    const { warnings, versions } = read.schema
    const named = (word: string) => warnings.filter((warning) => warning.includes(word)).length
    expect(named('root@localhost has grants')).toBe(1)
    expect(named('no such account')).toBe(isMariaDb ? 1 : 0)
    expect(named('twice@% has a second password')).toBe(isMariaDb ? 0 : 1)
    expect(versions['elsewhere by_pattern@%']).toBe('DELETE ON `shop__u`.*')
    expect(versions['elsewhere exact@%']).toBe('DELETE ON `shop%`.*; RELOAD, SHOW DATABASES ON *.*')
    expect(versions['elsewhere mapped@%']).toBe(
      isMariaDb
        ? 'PROXY ON `proxied`@`%` WITH GRANT OPTION'
        : 'BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.*',
    )
    expect(versions['elsewhere others@%']).toBe(
      isMariaDb ? undefined : 'SELECT, INSERT ON *.*; but not SELECT here',
    )
    expect(versions['mandatory_roles']).toBe(isMariaDb ? undefined : '`z_role`@`%`,a_role')
  })

  test('a role waits for every role that it has', () => {
    const host = isMariaDb ? '' : '@%'
    const [exact] = roles().filter((role) => role.name === 'exact@%')
    expect(exact?.dependsOn.map((key) => key.name).toSorted()).toEqual([
      `a_role${host}`,
      isMariaDb ? 'r@1@' : 'r@1@%',
      `z_role${host}`,
    ])
  })

  test.each(['fill', 'script'] as const)('they come back by a %s', async (way) => {
    const copy = createDatabase(server)
    runClient(
      server,
      '',
      `${isMariaDb ? 'GRANT SHOW VIEW ON shop_eu.v TO PUBLIC; REVOKE SHOW VIEW ON shop_eu.v FROM PUBLIC;' : "SET GLOBAL mandatory_roles = '';"} DROP USER IF EXISTS ${users.join(', ')}; DROP ROLE IF EXISTS ${roleNames.join(', ')};`,
    )
    if (way === 'fill') await fillWith(requestFor(server, copy), 'empty', read)
    else {
      const secrets = roles().map(({ sqlSecrets = '' }) => sqlSecrets)
      runClient(server, copy, `${await snapshotScript('everything', read)}${secrets.join('')}`)
    }
    expect(accountsByServer(copy)).toBe(byServer)
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    dropDatabase(server, copy)
    runClient(
      server,
      'shop_eu',
      roles()
        .map(({ sqlAfterRows = '' }) => sqlAfterRows)
        .join(''),
    )
  })

  test('those that a failed fill made are taken back', async () => {
    const copy = createDatabase(server)
    runClient(
      server,
      '',
      `DROP USER IF EXISTS ${users.join(', ')}; DROP ROLE IF EXISTS ${roleNames.join(', ')};`,
    )
    const accounts = () => runClient(server, '', 'SELECT user, host FROM mysql.user ORDER BY 1, 2;')
    const before = accounts()
    const failure = fillWith(requestFor(server, copy), 'empty', read, (step) => {
      if (step === 'finish') throw new Error('stopped')
    })
    await expect(failure).rejects.toThrow('stopped')
    expect(accounts()).toBe(before)
    dropDatabase(server, copy)
  })
})
