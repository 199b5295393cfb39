import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withoutCredentials } from '../../../src/engines/mysql/redact.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { startOwnServer } from './own-server.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'

const head = 'CREATE TABLE `t` (\n  `a` int\n) ENGINE=X'

test.each([
  ["CONNECTION='mysql://u:s3cret@h:1/d/t'", "CONNECTION='mysql://u@h:1/d/t'"],
  ["CONNECTION='mysql://u:s3cret@s3cret@h/d/t'", "CONNECTION='mysql://u@h/d/t'"],
  ["CONNECTION='DSN=x;UID=u;PWD=s3cret;A=b'", "CONNECTION='DSN=x;UID=u;A=b'"],
  ["CONNECTION='DSN=x;User ID=u;PWD={s3c;r}};et}'", "CONNECTION='DSN=x;User ID=u'"],
  ["CONNECTION='DSN=x;PWD=s3c;ret;A=b'", "CONNECTION=''"],
  ["CONNECTION='jdbc:oracle:thin:u/s3cret@h:1521/x'", "CONNECTION=''"],
  ['`OPTION_LIST`=\'User=u,Password="s3c,ret",port=3\'', "`OPTION_LIST`='User=u,port=3'"],
  ["`OPTION_LIST`='note=it''s,Password=s3c''ret'", "`OPTION_LIST`='note=it''s'"],
  ['CONNECTION=\'{"token": "s3cret"}\'', "CONNECTION=''"],
  [
    'COMMENT=\'host "h", user "u", password "s3cret", port "1"\'',
    'COMMENT=\'host "h", user "u", port "1"\'',
  ],
  ['COMMENT=\'host "h", password "s3c\\\\"ret"\'', 'COMMENT=\'host "h"\''],
  ["COMMENT='host ''h'', password ''s3cret'''", "COMMENT='host ''h'''"],
  ["COMMENT='see ftp://u:s3cret@h/x, it''s'", "COMMENT='see ftp://u@h/x, it''s'"],
  ["`OPTION_LIST`='user=u,password=s3cret,host=h'", "`OPTION_LIST`='user=u,host=h'"],
  ["`api_key`='s3cret'", "`api_key`=''"],
  ['/*!80021 ENGINE_ATTRIBUTE=\'{"access_key": "s3cret"}\' */', "/*!80021 ENGINE_ATTRIBUTE='' */"],
  [
    'COMMENT=\'x\'\n PARTITION BY KEY (`a`)\n(PARTITION `p` COMMENT = \'password "s3cret", srv "s"\' ENGINE = X)',
    "COMMENT='x'\n PARTITION BY KEY (`a`)\n(PARTITION `p` COMMENT = 'srv \"s\"' ENGINE = X)",
  ],
])('%s is shared without its credential', (options, shared) => {
  const apart = withoutCredentials(`${head} ${options}`)
  expect(apart.sql).toBe(`${head} ${shared}`)
  expect(apart.sql).not.toContain('s3c')
  expect(options).toContain(apart.secretOptions.replace(/^\/\*!\d* /, ''))
  expect(apart.secretOptions).toContain('s3c')
})

test.each([
  "COMMENT='the password of the user: ask'",
  "ENCRYPTION='Y' COMMENT='x'",
  '`ENCRYPTED`=YES `ENCRYPTION_KEY_ID`=4',
  "CONNECTION='server/t' COMMENT=''",
  "CONNECTION='jdbc:oracle:thin:@h:1521/x'",
  "`DEFAULT_TOKENIZER`='TokenBigram' `TOKEN_FILTERS`='TokenFilterStem'",
  "DATA DIRECTORY='/srv/keys/tokens/'",
  "COMMENT='back\\\\slash\\n'",
])('%s stays as it is', (options) => {
  const statement = `${head.replace('int', 'int COMMENT \'password "x"\'')} ${options}`
  expect(withoutCredentials(statement)).toEqual({ sql: statement, secretOptions: '' })
})

/** A connection that an engine without connections keeps, and one in a partition. */
const kept = `
  CREATE TABLE kept (a int PRIMARY KEY, ts timestamp DEFAULT '2024-01-01 00:00:00') CONNECTION = 'mysql://u:canary-Kept@h/d/t' COMMENT = 'it''s password "canary-Kept", kept';
  INSERT INTO kept (a) VALUES (1);
  CREATE TABLE sliced (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (9) COMMENT = 'host "h", password "canary-Slice"', PARTITION p1 VALUES LESS THAN MAXVALUE);
  INSERT INTO sliced VALUES (1), (10);`

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let own: Awaited<ReturnType<typeof startOwnServer>> | undefined
  let original: string
  let copy: string

  beforeAll(async () => {
    // A plugin that one test takes out of a server would be missed by another.
    const option = name === 'mysql' ? '--federated' : '--plugin-load-add=ha_federatedx'
    own = federated() ? await startOwnServer(name, option) : undefined
    server = own?.server ?? servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, kept + (federated() ? away() : ''))
  }, 60_000)
  afterAll(async () => {
    for (const database of [original, copy]) dropDatabase(server, database)
    runClient(server, '', `DROP USER IF EXISTS far_${original};`)
    await own?.stop()
  })

  function federated(): boolean {
    return name !== 'mariadb11'
  }

  function away(): string {
    const url = `mysql://far_${original}:canary-Far@127.0.0.1:${server.port}/${original}/target`
    return `
      CREATE TABLE target (a int PRIMARY KEY); INSERT INTO target VALUES (7);
      CREATE USER far_${original} IDENTIFIED BY 'canary-Far'; GRANT SELECT ON ${original}.target TO far_${original};
      CREATE TABLE there (a int PRIMARY KEY) ENGINE = FEDERATED CONNECTION = '${url}';`
  }

  test('what is shared has no credential and comes back with it', async () => {
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.notCaptured).toEqual([])
    expect(JSON.stringify(filesOf(read))).not.toContain('canary')
    const tables = read.schema.objects.filter(
      ({ sqlSecrets, kind }) => kind === 'table' && sqlSecrets,
    )
    expect(tables.map((table) => table.name)).toEqual([
      'kept',
      'sliced',
      ...(federated() ? ['there'] : []),
    ])
    await fillWith(requestFor(server, copy), 'empty', read)
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    if (federated()) expect(runClient(server, copy, 'SELECT a FROM there')).toBe('7\n')
    const again = await readWhole(requestFor(server, copy))
    expect(again.schema.objects.map(({ sqlSecrets }) => sqlSecrets)).toEqual(
      read.schema.objects.map(({ sqlSecrets }) => sqlSecrets),
    )
    expect(filesOf(again)).toEqual(filesOf(read))
  })

  test('a credential of another definition is refused, and not quoted', async () => {
    const read = await readWhole(requestFor(server, original))
    const changed = read.schema.objects.map((object) =>
      object.name === 'there' ? { ...object, sql: object.sql.replace('`a`', '`b`') } : object,
    )
    const failing = { ...read, schema: { ...read.schema, objects: changed } }
    const wrong = changed.map((object) =>
      object.name === 'kept' ? { ...object, sqlSecrets: 'ALTER canary;' } : object,
    )
    const refused = { ...read, schema: { ...read.schema, objects: wrong } }
    const cases = federated() ? [failing, refused] : [refused]
    for (const poured of cases) {
      const failure = fillWith(requestFor(server, copy), 'replace', poured)
      await expect(failure).rejects.toMatchObject({ code: 'secrets-refused' })
      await expect(failure).rejects.not.toThrow('canary')
    }
  })
})
