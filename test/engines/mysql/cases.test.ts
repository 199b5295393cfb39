import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { filesOf, pour, readWhole, requestFor, runClient, type Poured } from './round-trip.ts'

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let database: string

  beforeEach(() => {
    server = servers()[name]
    database = createDatabase(server)
  })
  afterEach(() => {
    dropDatabase(server, database)
  })

  async function readAfter(script: string): Promise<Poured> {
    runClient(server, database, script)
    return await readWhole(requestFor(server, database))
  }

  function objectOf(read: Poured, key: string) {
    const object = read.schema.objects.find((each) => `${each.kind} ${each.name}` === key)
    if (object === undefined) throw new Error(`no ${key}`)
    return object
  }

  test('values are the text that docs/format.md promises', async () => {
    const fixture = readFileSync(join(import.meta.dirname, '../../fixtures/mysql/both.sql'), 'utf8')
    const { rows } = await readAfter(fixture)
    const linesOf = (table: string) => rows.get(table)?.split('\n')
    const numbers = linesOf('numbers')?.map((line) => line.split(','))
    expect(numbers?.map((row) => row[0])).toEqual(
      expect.arrayContaining(['0', '1', '2', '3', '9', '10', '18446744073709550999', '']),
    )
    expect(numbers?.[0]?.slice(3, 11)).toEqual([
      '00000042',
      '1',
      '0000000001',
      '1'.repeat(64),
      `-${'9'.repeat(35)}.${'9'.repeat(30)}`,
      '16777215',
      '123.4567',
      '1.7976931348623157e308',
    ])
    const floats = numbers?.filter((row) => row.length > 8).map((row) => row[8])
    expect(floats).toEqual(
      expect.arrayContaining([
        '0.12345679',
        '1234567.9',
        '-3.4028235e+38',
        '1.1754944e-38',
        '1e-45',
        '0.1',
      ]),
    )
    expect(linesOf('times')?.[0]).toBe(
      '1,0000-00-00,0000-00-00 00:00:00.000000,2024-07-01 00:00:00.500,838:59:59.000000,2023-12-31 15:00:00,0000-00-00,2024-00-15',
    )
    expect(linesOf('bytes')?.map((line) => line.split(',').slice(0, 4).join())).toEqual([
      String.raw`\x00,\x000000,\x,\x00ff0a0d2c22`,
      String.raw`\x0a,,,`,
      String.raw`\xff,\x010203,\x5c78,\x`,
      '',
    ])
    expect(linesOf('choices')).toEqual(
      ['"",,1', String.raw`\0,,9`, String.raw`\\x,é,2`, 'b,"z,y",1', '"c,d",,3', ''].map((line) =>
        line.replace(/^"",,1$/, '"","",1').replace(/^\\0,,9$/, String.raw`\0,"",9`),
      ),
    )
    expect(linesOf('one_column')).toEqual(['', '""', String.raw`"\."`, 'a', ''])
    expect(linesOf('collated')?.map((line) => line.split(',').slice(0, 2).join())).toEqual([
      '"",1',
      'B,10',
      'E,3',
      '_,1',
      'a,1',
      'b,9',
      'é,2',
      '😀,1',
      '',
    ])
    const keyless = linesOf('keyless') ?? []
    expect(keyless.filter((line) => line === '2,x,,')).toHaveLength(2)
    expect(keyless.filter((line) => line.startsWith('3,')).map((line) => line.slice(-3))).toEqual([
      'a,,',
      'b,,',
    ])
  })

  test('a broken view is saved, and said', async () => {
    const read = await readAfter(
      'CREATE TABLE base (a int); CREATE VIEW v AS SELECT a FROM base; CREATE VIEW w AS SELECT a FROM v; DROP TABLE base;',
    )
    expect(objectOf(read, 'view v').sql).toContain('select `base`.`a` AS `a`\nfrom `base`')
    expect(objectOf(read, 'view w').dependsOn).toEqual([{ kind: 'view', name: 'v' }])
    expect(
      read.schema.warnings.filter((warning) => /^view [vw] is broken/.test(warning)),
    ).toHaveLength(2)
    expect(read.schema.notCaptured).toEqual([])
  })

  test('characters that the server can not print are said', async () => {
    const read = await readAfter(
      `CREATE TABLE t (a enum('x', 'b😀'), b enum('y?', 'n'), c varchar(20) DEFAULT 'd😀', d varchar(9) DEFAULT 'why?',
       e varchar(40) DEFAULT (concat('x', '😀')), f varchar(40) AS (concat(c, '😀')), CHECK (c <> '😀'));
       INSERT INTO t (a, b) VALUES ('b😀', 'y?');`,
    )
    const { sql } = objectOf(read, 'table t')
    expect(sql.match(/😀/gu)).toHaveLength(3)
    const about = read.schema.warnings.join('\n')
    expect(about).toMatch(/column a: the server prints \? in a label for a character/)
    expect(about).toMatch(/column b: the server prints \? in a label; if/)
    expect(about.includes('column c: ')).toBe(!sql.includes('0x64F09F9880'))
    expect(about).not.toContain('column d')
  })

  test('expressions with characters of four bytes mean the same after a restore', async () => {
    const read = await readAfter(
      `CREATE TABLE t (id int PRIMARY KEY, e varchar(40) DEFAULT (concat('x', '😀é')), f varchar(40) AS (concat(id, '😀')));
       INSERT INTO t (id) VALUES (1);`,
    )
    const copy = createDatabase(server)
    await pour(server, copy, read)
    const answer = runClient(
      server,
      copy,
      'INSERT INTO t (id) VALUES (2); SELECT id, HEX(e), HEX(f) FROM t ORDER BY id;',
    )
    expect(answer).toBe('1\t78F09F9880C3A9\t31F09F9880\n2\t78F09F9880C3A9\t32F09F9880\n')
    expect(filesOf(await readWhole(requestFor(server, copy)))['table t']).toBe(
      filesOf(read)['table t'],
    )
    dropDatabase(server, copy)
  })

  test('a trigger that names its database can be restored into another', async () => {
    const read = await readAfter(
      `CREATE TABLE t (a int); CREATE TRIGGER \`${database}\`.tr BEFORE INSERT ON /* here */ ${database}.t FOR EACH ROW SET NEW.a = 1;`,
    )
    const copy = createDatabase(server)
    await pour(server, copy, read)
    expect(runClient(server, copy, 'INSERT INTO t VALUES (5); SELECT a FROM t;')).toBe('1\n')
    expect(JSON.stringify(filesOf(read))).not.toContain(database)
    dropDatabase(server, copy)
  })

  test('programs keep the collation of the database that they were made in', async () => {
    const read = await readAfter(
      `CREATE PROCEDURE p(a varchar(9)) SELECT a; ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin; CREATE PROCEDURE q() SELECT 1;`,
    )
    expect(objectOf(read, 'procedure p').sql).toMatch(
      /^ALTER DATABASE COLLATE = utf8mb4_\w+;\n[\s\S]*ALTER DATABASE COLLATE = latin1_bin;\n$/,
    )
    expect(objectOf(read, 'procedure q').sql).not.toContain('ALTER DATABASE')
    const copy = createDatabase(server)
    await pour(server, copy, read)
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    dropDatabase(server, copy)
  })

  test('counters are no part of a definition', async () => {
    const first = await readAfter('CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY);')
    const later = await readAfter('INSERT INTO t VALUES (41); DELETE FROM t;')
    expect(objectOf(later, 'table t').sql).toBe(objectOf(first, 'table t').sql)
    expect(objectOf(first, 'table t').sqlCounters).toBeUndefined()
    expect(objectOf(later, 'table t').sqlCounters).toBe('ALTER TABLE `t` AUTO_INCREMENT = 42;\n')
  })
})
