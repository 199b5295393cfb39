import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionRequest } from '../src/engines/connection.ts'
import type { Finding } from '../src/engines/engine.ts'
import { ExpectedError } from '../src/errors.ts'
import { bytesOf, capture, open, rowsOf, scriptOf, tableNamed } from './support/capture.ts'
import { portableRows, portableTable } from './support/portable.ts'
import { subjects } from './support/subjects/index.ts'
import type { TestDatabase } from './support/subjects/subject.ts'

/** The contract of src/engines/engine.ts: what every engine must do, tried on real servers. */

describe.each(subjects)('$name', (subject) => {
  let database: TestDatabase
  const everything = { wantsRows: () => true }

  beforeEach(async () => {
    database = await subject.create()
  })
  afterEach(() => {
    database.remove()
  })

  async function loadFixtures(): Promise<void> {
    for (const name of subject.fixtures) {
      database.run(await readFile(join(import.meta.dirname, 'fixtures', `${name}.sql`), 'utf8'))
    }
  }

  describe('open', () => {
    test('says what is wrong, and no secret', async () => {
      for (const { title, request, code } of subject.badRequests(database)) {
        const error = await failureOf(open(request))
        expect(error.code, title).toMatch(code)
        expect(error.next, title).not.toBe('')
        const said = [error.message, error.next, error.stack, JSON.stringify(error)].join('\n')
        expect(said, title).not.toMatch(/canary/)
      }
    })

    test('leaves no session behind', async () => {
      const before = subject.sessions(database)
      const opened = await open(database.request)
      await opened.execute('SELECT 1')
      await opened.read(everything, () => Promise.resolve())
      await opened[Symbol.asyncDispose]()
      for (let wait = 0; wait < 40 && subject.sessions(database) !== before; wait += 1)
        await pause(50)
      expect(subject.sessions(database)).toBe(before)
    })
  })

  describe('read', () => {
    test('finds every object of the fixture, once', async () => {
      await loadFixtures()
      const read = await capture(database.request)
      expect([...read.objects.keys()].filter((name) => !name.startsWith('database '))).toEqual(
        subject.objects.toSorted(),
      )
      expect(read.objects.size).toBe(read.schema.objects.length)
      expect(read.schema.notCaptured).toEqual([])
      expect(read.schema.serverVersion).toMatch(/^\d/)
      for (const { sql, sqlAfterRows } of read.schema.objects) {
        expect(sql).toMatch(/\n$/)
        expect(sqlAfterRows ?? '\n').toMatch(/\n$/)
      }
    })

    test("makes statements that the vendor's client turns into the same database", async () => {
      await loadFixtures()
      const [script, original] = [scriptOf(await capture(database.request)), database.dump()]
      database.recreate()
      database.run(script)
      expect(database.dump()).toBe(original)
    })

    test('gives the same bytes twice, after maintenance and under other settings', async () => {
      await loadFixtures()
      const first = bytesOf(await capture(database.request))
      expect(bytesOf(await capture(database.request))).toBe(first)
      expect(bytesOf(await capture(subject.disturbed(database)))).toBe(first)
      database.run(`CREATE TABLE t (id integer PRIMARY KEY); ${subject.maintenance} DROP TABLE t;`)
      expect(bytesOf(await capture(database.request))).toBe(first)
    })

    test('gives the same bytes whatever came first', async () => {
      const script = ['b', 'a', 'c'].flatMap((name) => [
        `CREATE TABLE ${name} (id integer PRIMARY KEY, word varchar(20));`,
        `CREATE INDEX ${name}_word ON ${name} (word);`,
        `CREATE VIEW view_${name} AS SELECT word FROM ${name};`,
      ])
      const rows = ['b', 'a', 'c'].map(
        (name) => `INSERT INTO ${name} VALUES (1, 'x'), (10, 'y'), (2, NULL);`,
      )
      const reversed = ['c', 'b', 'a'].flatMap((name) => [
        ...script.filter((line) => new RegExp(`(TABLE|ON|FROM) ${name}\\b`).test(line)),
        `INSERT INTO ${name} VALUES (2, NULL); INSERT INTO ${name} VALUES (10, 'y'), (1, 'x');`,
      ])
      database.run([...script, ...rows].join('\n'))
      const first = bytesOf(await capture(database.request))
      database.recreate()
      database.run(reversed.join('\n'))
      expect(bytesOf(await capture(database.request))).toBe(first)
      expect(first).toContain('1,x\n2,\n10,y\n')
    })

    test('gives an empty database no tables', async () => {
      const read = await capture(database.request)
      expect([...read.rows.keys()]).toEqual([])
    })

    test('names what it does not capture', async () => {
      const rare = subject.rare
      if (rare === undefined) {
        // This engine captures every kind that its product has.
        expect(['sqlite']).toContain(subject.name)
        return
      }
      database.run(rare.script)
      const { schema } = await capture(database.request)
      const named = schema.notCaptured.filter(({ name }) => name.includes(rare.name))
      expect(named.map(({ name }) => name)).toEqual([rare.name])
      for (const { kind, reason } of named) expect([kind, reason]).not.toContain('')
    })
  })

  describe('rows', () => {
    test('of portable types are the same text on every engine', async () => {
      database.run(portableTable(subject))
      const read = await capture(database.request)
      expect([...read.rows.values()]).toEqual([portableRows])
    })

    test('stand in the order of bytes, with and without a key', async () => {
      const words = ['e', 'B', 'ñ', '_c', 'a', 'ab', '']
      const values = words.map((word) => `('${word}')`).join(', ')
      database.run(`${subject.plainStrings}
CREATE TABLE keyed (word varchar(20) NOT NULL PRIMARY KEY); INSERT INTO keyed VALUES ${values};
CREATE TABLE heap (word varchar(20)); INSERT INTO heap VALUES ${values}, ('a'), (NULL);`)
      const read = await capture(database.request)
      const [heap, keyed] = [...read.rows.values()]
      expect(keyed).toBe('""\nB\n_c\na\nab\ne\nñ\n')
      expect(heap?.split('\n').toSorted()).toEqual(
        `\n""\nB\n_c\na\na\nab\ne\nñ\n`.split('\n').toSorted(),
      )
      expect(heap?.split('\n').filter((line) => line !== '')).toEqual([
        '""',
        'B',
        '_c',
        'a',
        'a',
        'ab',
        'e',
        'ñ',
      ])
    })

    test('are those of one point in time', async () => {
      database.run('CREATE TABLE log (id integer PRIMARY KEY); INSERT INTO log VALUES (1);')
      await using opened = await open(database.request)
      const during = await opened.read(everything, async (snapshot) => {
        database.run('INSERT INTO log VALUES (2);')
        return await rowsOf(snapshot, tableNamed(snapshot.schema, 'log'))
      })
      const after = await opened.read(everything, (snapshot) =>
        rowsOf(snapshot, tableNamed(snapshot.schema, 'log')),
      )
      expect([during, after]).toEqual(['1\n', '1\n2\n'])
    })

    test('that can not be read fail the run, and the message quotes none', async () => {
      database.run(
        "CREATE TABLE secret_table (id integer PRIMARY KEY, word varchar(20)); INSERT INTO secret_table VALUES (1, 'canary');" +
          'CREATE TABLE open_table (id integer PRIMARY KEY); INSERT INTO open_table VALUES (1);',
      )
      const error = await failureOf(capture(subject.hideRows(database)))
      expect(error.message).toContain('secret_table')
      expect(`${error.message} ${error.next}`).not.toContain('canary')
    })

    test('come from a table of many blocks whole and in order', async () => {
      const numbers =
        'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n'
      database.run(`CREATE TABLE many (id integer PRIMARY KEY, word varchar(300));
INSERT INTO many ${numbers.replace('SELECT i FROM n', `SELECT i, 'x' FROM n`)};`)
      for (const step of [900, 1800, 3600, 7200]) {
        database.run(`INSERT INTO many SELECT id + ${step}, word FROM many;`)
      }
      const read = await capture(database.request)
      const expected = Array.from({ length: 14_400 }, (_, index) => `${index + 1},x\n`).join('')
      expect([...read.rows.values()]).toEqual([expected])
    })
  })

  describe('execute', () => {
    test('runs statements on one session, and they last', async () => {
      database.run('CREATE TABLE log (id integer PRIMARY KEY);')
      const opened = await open(database.request)
      await opened.execute('CREATE TEMPORARY TABLE mark (id integer)')
      await opened.execute('INSERT INTO mark VALUES (7)')
      await opened.execute('INSERT INTO log SELECT id FROM mark')
      await opened[Symbol.asyncDispose]()
      expect(database.run('SELECT id FROM log;')).toBe('7\n')
    })

    test('says which statement failed', async () => {
      await using opened = await open(database.request)
      const error = await failureOf(opened.execute('SELECT 1 FROM no_such_table'))
      expect(error.message).toMatch(/no_such_table|42P01/)
      expect(error.next).not.toBe('')
    })
  })

  test('sizes names every table', async () => {
    await loadFixtures()
    await using opened = await open(database.request)
    const sizes = await opened.sizes()
    const tables = subject.objects.filter((name) => name.startsWith('table '))
    const named = sizes.map(({ schema, name }) =>
      schema === undefined ? `table ${name}` : `table ${schema}.${name}`,
    )
    expect(named.toSorted()).toEqual(tables.toSorted())
    for (const { rows, bytes } of sizes) {
      expect(Number.isInteger(rows) && rows >= 0).toBe(true)
      expect(Number.isInteger(bytes) && bytes >= 0).toBe(true)
    }
  })

  test('findings has none for one who may do everything, and names what is unreadable', async () => {
    database.run(
      "CREATE TABLE secret_table (id integer PRIMARY KEY, word varchar(20)); INSERT INTO secret_table VALUES (1, 'canary');",
    )
    expect(await findingsOf(database.request)).toEqual([])
    const findings = await findingsOf(subject.hideRows(database))
    expect(findings).not.toEqual([])
    const said = findings.map(({ message, next }) => `${message} ${next}`).join('\n')
    expect(said).toMatch(subject.findingOfHiddenRows)
    expect(said).not.toContain('canary')
  })
})

async function findingsOf(request: ConnectionRequest): Promise<readonly Finding[]> {
  await using opened = await open(request)
  return await opened.findings()
}

async function failureOf(work: Promise<unknown>): Promise<ExpectedError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof ExpectedError) return outcome
  throw new Error(`expected a failure that says what to do, got ${String(outcome)}`, {
    cause: outcome,
  })
}
