import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { failureOf } from './filling.ts'
import { scriptOf } from './psql-script.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot, type HeldSnapshot } from './round-trip.ts'

/** The text of each role of a snapshot, without the part of the names that makes them unique. */
function roleTexts(snapshot: HeldSnapshot, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    snapshot.schema.objects
      .filter(({ kind }) => kind === 'role')
      .map(({ name, sql }) => [name.replace(prefix, ''), sql.replaceAll(prefix, '')]),
  )
}

/** What a reviewer sees; options that a version lacks leave no trace. */
function expectedTexts(version: number): Readonly<Record<string, string>> {
  const since = (first: number, line: string): readonly string[] => (version < first ? [] : [line])
  const files: Readonly<Record<string, readonly string[]>> = {
    all: ['CREATE ROLE all;', `COMMENT ON ROLE all IS 'everybody''s';`],
    app: [
      'CREATE ROLE app',
      '  LOGIN',
      '  REPLICATION',
      '  BYPASSRLS',
      '  CONNECTION LIMIT 7',
      `  VALID UNTIL '2031-02-02 19:05:00+00';`,
      `ALTER ROLE app SET app."user" TO 'it''s';`,
      'ALTER ROLE app SET search_path TO "My Schema", public;',
      'GRANT pg_monitor TO app;',
      'GRANT all TO app;',
      version < 16 ? 'GRANT team TO app;' : 'GRANT team TO app GRANTED BY boss;',
    ],
    // Nothing refers to it before grantors of memberships mean something.
    ...(version < 16
      ? {}
      : { boss: ['CREATE ROLE boss', '  LOGIN;', 'GRANT team TO boss WITH ADMIN OPTION;'] }),
    reader: [
      'CREATE ROLE reader',
      '  NOINHERIT;',
      ...since(16, 'GRANT all TO reader WITH INHERIT TRUE, SET FALSE;'),
      ...since(15, 'GRANT ALTER SYSTEM, SET ON PARAMETER log_min_messages TO reader;'),
      ...since(15, 'GRANT SET ON PARAMETER x."user" TO reader WITH GRANT OPTION;'),
    ],
    settled: ['CREATE ROLE settled;'],
    team: ['CREATE ROLE team', '  CREATEDB', '  CREATEROLE', '  NOINHERIT;', 'GRANT all TO team;'],
    writer: [
      'CREATE ROLE writer',
      '  SUPERUSER',
      `  VALID UNTIL 'infinity';`,
      ...since(16, 'GRANT all TO writer WITH ADMIN OPTION, INHERIT FALSE;'),
    ],
    'Ö "x"': ['CREATE ROLE "Ö ""x""";'],
  }
  return Object.fromEntries(
    Object.entries(files).map(([role, lines]) => [role, lines.map((line) => `${line}\n`).join('')]),
  )
}

describe.each(postgresServers)('%s: roles', (name) => {
  const server = servers()[name]
  const version = majorVersion(name)
  const prefix = `r${randomBytes(4).toString('hex')}_`
  const databases: string[] = []
  const roles = ['app', 'reader', 'writer', 'team', 'all', 'boss', 'settled', 'stranger', 'Ö "x"']
  const quoted = (role: string): string => `"${prefix}${role.replaceAll('"', '""')}"`
  const make = (...scripts: readonly string[]): string => {
    const database = createDatabase(server)
    databases.push(database)
    for (const script of scripts) runSql(server, database, script)
    return database
  }
  const dropRoles = (): void => {
    for (const role of roles) {
      const there = runSql(server, 'postgres', `SELECT to_regrole('${quoted(role)}') IS NOT NULL`)
      // It may hold privileges on settings of the server.
      if (there.startsWith('t'))
        runSql(server, 'postgres', `DROP OWNED BY ${quoted(role)}; DROP ROLE ${quoted(role)};`)
    }
  }

  const startAfresh = (): void => {
    for (const database of databases.splice(0)) dropDatabase(server, database)
    dropRoles()
  }

  beforeEach(startAfresh)
  afterAll(startAfresh)

  const script = `
    CREATE ROLE ${quoted('all')} NOLOGIN; COMMENT ON ROLE ${quoted('all')} IS 'everybody''s';
    CREATE ROLE ${quoted('team')} IN ROLE ${quoted('all')} CREATEDB CREATEROLE NOINHERIT;
    CREATE ROLE ${quoted('boss')} LOGIN; GRANT ${quoted('team')} TO ${quoted('boss')} WITH ADMIN OPTION;
    CREATE ROLE ${quoted('app')} LOGIN PASSWORD 'canary-password' CONNECTION LIMIT 7 VALID UNTIL '2031-02-03 04:05+09' REPLICATION BYPASSRLS;
    SET ROLE ${quoted('boss')}; GRANT ${quoted('team')} TO ${quoted('app')}; RESET ROLE;
    GRANT pg_monitor, ${quoted('all')} TO ${quoted('app')};
    ALTER ROLE ${quoted('app')} SET search_path TO "My Schema", public; ALTER ROLE ${quoted('app')} SET "app.user" TO 'it''s';
    ALTER ROLE ${quoted('app')} SET "app.jwt_secret" TO 'canary-setting';
    CREATE ROLE ${quoted('reader')} NOINHERIT; CREATE ROLE ${quoted('writer')} SUPERUSER PASSWORD NULL VALID UNTIL 'infinity';
    CREATE ROLE ${quoted('settled')}; CREATE ROLE ${quoted('stranger')} LOGIN PASSWORD 'x'; CREATE ROLE ${quoted('Ö "x"')};
    ${version < 16 ? '' : `GRANT ${quoted('all')} TO ${quoted('reader')} WITH INHERIT TRUE, SET FALSE; GRANT ${quoted('all')} TO ${quoted('writer')} WITH ADMIN OPTION, INHERIT FALSE;`}
    ${version < 15 ? '' : `GRANT SET, ALTER SYSTEM ON PARAMETER log_min_messages TO ${quoted('reader')}; GRANT SET ON PARAMETER "x.user" TO ${quoted('reader')} WITH GRANT OPTION;`}
    CREATE TABLE t (id integer); ALTER TABLE t OWNER TO ${quoted('app')}; GRANT SELECT ON t TO ${quoted('reader')};
    CREATE POLICY mine ON t TO ${quoted('writer')} USING (true); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${quoted('Ö "x"')};
    DO $$ BEGIN EXECUTE format('ALTER ROLE %I IN DATABASE %I SET work_mem TO %L', '${prefix}settled', current_database(), '7MB'); END $$;`

  test('come back on a server that lacks them, with memberships and passwords apart', async () => {
    const source = make(script)
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    expect(original.schema.warnings).toEqual([])
    expect(roleTexts(original, prefix)).toEqual(expectedTexts(version))
    const secrets = original.schema.objects.flatMap(({ sqlSecrets }) => sqlSecrets ?? [])
    expect(secrets.join('').replaceAll(prefix, '')).toMatch(
      /^ALTER ROLE app PASSWORD 'SCRAM-SHA-256\$[^']*';\nALTER ROLE app SET app\.jwt_secret TO 'canary-setting';\n$/,
    )
    expect(JSON.stringify(original.schema.objects.map(({ sql }) => sql))).not.toMatch(
      /SCRAM|canary/,
    )
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])

    const rolesOf = (snapshot: HeldSnapshot) =>
      snapshot.schema.objects.filter(({ kind }) => kind === 'role')
    startAfresh()
    const byPsql = make(await scriptOf(original))
    // Hashes are not for scripts.
    const withoutSecrets = rolesOf(original).map((role) => ({ ...role, sqlSecrets: undefined }))
    expect(rolesOf(await heldSnapshot(server.url(byPsql)))).toEqual(withoutSecrets)

    startAfresh()
    const second = make()
    await restore(original, server.url(second))
    expect(rolesOf(await heldSnapshot(server.url(second)))).toEqual(rolesOf(original))
  })

  test('are those that lasting objects of the user name', async () => {
    const source = make(script, `CREATE EXTENSION citext; CREATE TABLE mine (x integer);`)
    const names = async (): Promise<readonly string[]> => {
      const { schema } = await heldSnapshot(server.url(source))
      return schema.objects.flatMap(({ kind, name: role }) => (kind === 'role' ? [role] : []))
    }
    const before = await names()
    const session = new Client({ connectionString: server.url(source) })
    await session.connect()
    await session.query(
      `SET ROLE ${quoted('writer')}; CREATE EXTENSION hstore; RESET ROLE;
       CREATE TEMPORARY TABLE t (x integer); ALTER TABLE t OWNER TO ${quoted('stranger')};
       GRANT SELECT ON t TO ${quoted('stranger')}`,
    )
    expect(await names()).toEqual(before)
    await session.query(`ALTER TABLE mine OWNER TO ${quoted('stranger')}`)
    await session.end()
    expect(await names()).toEqual([...before, `${prefix}stranger`].sort())
  })

  test('keep their hashes from who may not read them, and say so once', async () => {
    const url = new URL(server.url(make(script)))
    url.username = `${prefix}stranger`
    url.password = 'x'
    await using database = await postgres.open({ url: url.href, environment: {} })
    const schema = await database.read({ wantsRows: () => false }, (snapshot) =>
      Promise.resolve(snapshot.schema),
    )
    expect(schema.notCaptured).toEqual([])
    const names = version < 16 ? ['app'] : ['app', 'boss']
    expect(schema.warnings).toEqual([
      `The password hashes of roles may not be read (${names.map((one) => prefix + one).join(', ')}): a restore makes these roles without passwords.`,
    ])
    expect(schema.objects.map(({ sqlSecrets = '' }) => sqlSecrets).join('')).not.toContain(
      'PASSWORD',
    )
  })

  test('are named when the user may not make them', async () => {
    const original = await heldSnapshot(server.url(make(script)))
    const role = original.schema.objects.find(({ name: one }) => one === `${prefix}app`)
    if (role === undefined) throw new Error('there is no role')
    const url = new URL(server.url(make()))
    url.username = `${prefix}stranger`
    url.password = 'x'
    await using database = await postgres.open({ url: url.href, environment: {} })
    const filling = database.fill({ mode: 'empty' }, (target) =>
      target.create({
        ...role,
        name: `${role.name}2`,
        sql: role.sql.replaceAll(role.name, `${role.name}2`),
      }),
    )
    expect(await failureOf(filling)).toMatchObject({
      code: 'missing-privilege',
      message: expect.stringMatching(
        /^The server lacks the role \S+app2, and the user may not make it as it was: /,
      ) as string,
    })
  })
})
