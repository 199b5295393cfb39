import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mysql } from '../../../src/engines/mysql/index.ts'
import type { Target } from '../../../src/engines/target.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { servers, type Server } from '../../support/servers.ts'
import { startCutProxy } from './cut-proxy.ts'
import { fillWith, inPieces } from './fill-support.ts'
import { type Poured, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'

const structure = `
CREATE TABLE city (id int AUTO_INCREMENT PRIMARY KEY, code varchar(4) NOT NULL UNIQUE, name varchar(9));
CREATE TABLE person (id int PRIMARY KEY, city int, upper_name varchar(20), \`all\` int,
  CONSTRAINT lives FOREIGN KEY (city) REFERENCES city (id), CONSTRAINT knows FOREIGN KEY (\`all\`) REFERENCES person (id));
CREATE TABLE log (what varchar(20) PRIMARY KEY);
CREATE TABLE kept (e enum('a','b'), b bit(3)) ENGINE = MyISAM;
SET sql_mode = 'ANSI_QUOTES';
CREATE TRIGGER shout BEFORE INSERT ON person FOR EACH ROW SET NEW.upper_name = UPPER(NEW.upper_name);
CREATE TRIGGER logged AFTER INSERT ON city FOR EACH ROW INSERT INTO log VALUES (NEW.code);
`
const rows = `
SET foreign_key_checks = 0;
INSERT INTO city VALUES (1, 'A', 'Aachen'), (2, 'B', 'Berlin');
INSERT INTO person VALUES (1, 1, 'x', NULL), (2, 2, 'y', 1);
UPDATE person SET upper_name = 'small';
`

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let source: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    source = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, copy, structure)
  })
  afterEach(() => {
    dropDatabase(server, source)
    dropDatabase(server, copy)
  })

  async function filling<T>(use: (target: Target) => Promise<T>): Promise<T> {
    await using database = await mysql.open(requestFor(server, copy))
    return await database.fill({ mode: 'rows' }, use)
  }

  async function loadCities(csv: string, upsertKey?: readonly string[]): Promise<number> {
    const table = { name: 'city' }
    const columns = ['id', 'code', 'name']
    const request = { table, columns, ...(upsertKey === undefined ? {} : { upsertKey }) }
    return await filling((target) => target.load(request, inPieces(csv)))
  }

  function query(sql: string): string {
    return runClient(server, copy, sql)
  }

  test('rows come as they were, unseen by triggers, which are there again afterwards', async () => {
    runClient(server, source, structure + rows)
    const poured = await readWhole(requestFor(server, source))
    const withoutMyisam = new Map([...poured.rows].filter(([table]) => table !== 'kept'))
    const { rows: counts } = await fillWith(requestFor(server, copy), 'rows', {
      ...poured,
      rows: withoutMyisam,
    })
    expect(counts.get('person')).toEqual({ loaded: 2, counted: 2 })
    expect(wholeDump(server, copy)).toBe(wholeDump(server, source))
  })

  test('a failure takes every row back and leaves the triggers', async () => {
    query("INSERT INTO city VALUES (9, 'old', 'Old')")
    const before = wholeDump(server, copy)
    const failure = filling(async (target) => {
      await target.load(
        { table: { name: 'city' }, columns: ['id', 'code'] },
        inPieces('1,A\n2,B\n'),
      )
      expect(await target.countRows({ name: 'city' })).toBe(3)
      throw new Error('enough')
    })
    await expect(failure).rejects.toThrow('enough')
    expect(wholeDump(server, copy)).toBe(before)
  })

  test('without a key to replace by, a row that exists is an error without its values', async () => {
    query("INSERT INTO city VALUES (9, 'cana', 'Old')")
    await expect(loadCities('1,cana,New\n')).rejects.toMatchObject({
      code: 'server-error',
      message: expect.stringMatching(
        /^The rows of table city: .*ER_DUP_ENTRY for key '(?:city\.)?code' \(error 1062\)/,
      ) as string,
    })
    await expect(loadCities('1,cana,New\n')).rejects.not.toThrow('cana')
  })

  test('a row with the same key is replaced, and no other', async () => {
    query("INSERT INTO city VALUES (1, 'A', 'Old'), (2, 'B', 'Stays')")
    expect(await loadCities('1,C,New\n3,D,\n', ['id'])).toBe(2)
    expect(query('SELECT * FROM city ORDER BY id')).toBe('1\tC\tNew\n2\tB\tStays\n3\tD\tNULL\n')
    expect(await loadCities('7,B,Moved\n', ['code'])).toBe(1)
    expect(query('SELECT * FROM city ORDER BY id')).toBe('1\tC\tNew\n3\tD\tNULL\n7\tB\tMoved\n')
  })

  test('a row that equals a stranger in another key is refused', async () => {
    query("INSERT INTO city VALUES (1, 'A', 'One'), (2, 'B', 'Two')")
    // A refused row may have moved the counter, which no server takes back.
    const dump = () => wholeDump(server, copy).replaceAll(/ AUTO_INCREMENT=\d+/g, '')
    const before = dump()
    for (const [csv, key] of [
      ['3,B,New\n', 'id'],
      ['2,C,New\n', 'code'],
    ] as const) {
      await expect(loadCities(csv, [key])).rejects.toMatchObject({ code: 'upsert-conflict' })
    }
    await expect(loadCities('1,B,New\n', ['id'])).rejects.toMatchObject({ code: 'server-error' })
    await expect(loadCities('1,A,New\n', ['name'])).rejects.toMatchObject({ code: 'no-such-key' })
    expect(dump()).toBe(before)
  })

  test.each([
    ['a number that is none', 'canary,A,\n', 'server-error'],
    ['a text that is too long', '1,canary,\n', 'server-error'],
    ['too few values', '1,canary\n', 'malformed-csv'],
  ])('%s is refused without its text', async (_, csv, code) => {
    const failure = await loadCities(csv).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(String(failure)).toContain('city')
    expect(JSON.stringify(failure) + String(failure)).not.toContain('canary')
  })

  test('a text of another kind than its column is refused', async () => {
    query('ALTER TABLE kept ENGINE = InnoDB')
    for (const [csv, column] of [
      ['\\canary,\n', 'e'],
      ['a,canary\n', 'b'],
    ] as const) {
      const failure = filling((target) =>
        target.load({ table: { name: 'kept' }, columns: ['e', 'b'] }, inPieces(csv)),
      )
      await expect(failure).rejects.toMatchObject({
        code: 'malformed-cell',
        message: expect.stringContaining(`Row 1 of table kept, column ${column}`) as string,
      })
    }
  })

  test('a table without transactions and a column that is missing are refused', async () => {
    const load = (table: string, columns: readonly string[]) =>
      filling((target) => target.load({ table: { name: table }, columns }, inPieces('a\n')))
    await expect(load('kept', ['e'])).rejects.toMatchObject({ code: 'not-transactional' })
    await expect(load('city', ['ghost'])).rejects.toMatchObject({ code: 'column-mismatch' })
  })

  test('violations of foreign keys are counted by table and key', async () => {
    const found = await filling(async (target) => {
      const request = { table: { name: 'person' }, columns: ['id', 'city', 'all'] }
      await target.load(request, inPieces('1,5,1\n2,6,7\n3,,\n'))
      return await target.violations()
    })
    expect(found).toEqual([
      { table: { name: 'person' }, constraint: 'knows', rows: 1 },
      { table: { name: 'person' }, constraint: 'lives', rows: 2 },
    ])
  })

  test('a line that is cut takes every row back, and the next fill brings the triggers back', async () => {
    runClient(server, source, structure + rows)
    const read = await readWhole(requestFor(server, source))
    const poured = {
      ...read,
      rows: new Map([...read.rows].filter(([table]) => table !== 'kept')),
    }
    const before = wholeDump(server, copy)
    for (const place of ['before', 'after'] as const) {
      const proxy = await startCutProxy(server, (statement) =>
        statement.includes('INSERT INTO `person`') ? place : undefined,
      )
      const request = requestFor({ ...server, port: proxy.port }, copy)
      await expect(fillWith(request, 'rows', poured)).rejects.toMatchObject({
        code: 'connection-lost',
      })
      await proxy.close()
      await expect(readWhole(requestFor(server, copy))).rejects.toMatchObject({
        code: 'restore-in-progress',
      })
      await expect.poll(() => refill({ ...poured, rows: new Map() })).toBe('done')
      expect(wholeDump(server, copy).replaceAll(/ AUTO_INCREMENT=\d+/g, '')).toBe(before)
    }
    expect(await refill(poured)).toBe('done')
    expect(wholeDump(server, copy)).toBe(wholeDump(server, source))
  })

  /** The server needs a moment to see that a client is gone. */
  async function refill(poured: Poured): Promise<string> {
    const error = await fillWith(requestFor(server, copy), 'rows', poured).catch(
      (reason: unknown) => reason,
    )
    return error instanceof Error ? error.message : 'done'
  }

  test('a row longer than half of what a packet may hold', async () => {
    query('ALTER TABLE city ADD long_text longblob')
    const digits = 'c3'.repeat(10_000_000)
    await filling((target) =>
      target.load(
        { table: { name: 'city' }, columns: ['id', 'code', 'long_text'] },
        inPieces(`1,A,\\x${digits}\n`),
      ),
    )
    expect(query("SELECT long_text = REPEAT(x'c3', 10000000) FROM city")).toBe('1\n')
  })
})
