import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../../src/engines/sqlite/catalog.ts'
import { countersOf } from '../../../src/engines/sqlite/counters.ts'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import { answersOf, makeDatabase, refill, requestFor } from './refill.ts'
import { hold, isTable, scratchDirectory, sqlite3 } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

describe('counters', () => {
  const sequence = 'SELECT quote(name), quote(seq) FROM sqlite_sequence ORDER BY 1, 2'

  it('come back whatever they are, also where a table has no AUTOINCREMENT', async () => {
    const [path, copy] = [scratch.path('counters.db'), scratch.path('counters copy.db')]
    makeDatabase(
      path,
      `CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x); INSERT INTO a (x) VALUES (1), (2); DELETE FROM a;
       CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO b VALUES (5); UPDATE sqlite_sequence SET seq = -7 WHERE name = 'b';
       CREATE TABLE "It's" (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE none (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE plain (x);
       CREATE TABLE full (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE twice (id INTEGER PRIMARY KEY AUTOINCREMENT);
       INSERT INTO sqlite_sequence VALUES ('It''s', 'text'), ('plain', NULL), ('full', 9223372036854775807), ('twice', 1), ('twice', 2.5);`,
    )
    const held = await refill(path, copy)
    expect(held.schema.warnings).toStrictEqual([])
    expect(answersOf(copy, sequence)).toStrictEqual(answersOf(path, sequence))
    expect(answersOf(path, sequence)).toHaveLength(7)
    for (const [table, id] of [
      ['a', 3],
      ['b', 6],
      ['none', 1],
    ] as const) {
      makeDatabase(copy, `INSERT INTO ${table} DEFAULT VALUES`)
      expect(answersOf(copy, `SELECT max(id) FROM ${table}`)).toStrictEqual([`bigint ${id}`])
    }
    expect(() => {
      makeDatabase(copy, 'INSERT INTO "full" DEFAULT VALUES')
    }).toThrow(/full/)
  })

  it('of many tables are read by one query', () => {
    const connection = new DatabaseSync(':memory:')
    const entries = Array.from({ length: 50 }, (_, index): Entry => {
      const [name, sql] = [
        `t${index}`,
        `CREATE TABLE t${index} (id INTEGER PRIMARY KEY AUTOINCREMENT)`,
      ]
      connection.exec(`${sql}; INSERT INTO ${name} VALUES (${index + 1});`)
      return { type: 'table', name, tableName: name, sql }
    })
    const prepare = vi.spyOn(connection, 'prepare')
    const counters = countersOf(connection, entries)
    expect(counters.size).toBe(50)
    expect(counters.get('t7')).toContain(`VALUES('t7', 8)`)
    expect(prepare).toHaveBeenCalledOnce()
    connection.close()
  })

  it('of tables that are gone are named, and no reason for another status', async () => {
    const path = scratch.path('lost counters.db')
    sqlite3(
      path,
      `CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO sqlite_sequence VALUES ('gone''s', 5), (NULL, 3);`,
    )
    const { schema } = await hold(path)
    expect(schema.notCaptured).toStrictEqual([])
    expect(schema.warnings).toStrictEqual([
      `sqlite_sequence has a line for 'gone''s', which is no table with a counter: it is in no file.`,
      `sqlite_sequence has a line for NULL, which is no table with a counter: it is in no file.`,
    ])
  })
})

describe('what only the application has', () => {
  const broughtAlong = `CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES ('x', 'y'), ('w', 'z'); CREATE INDEX i ON t (b COLLATE NOCASE);
    CREATE INDEX j ON t (lower(a)); PRAGMA writable_schema = ON;`

  it.each([
    [
      'a collation of a column',
      `UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a TEXT COLLATE "of mine", b TEXT)' WHERE name = 't'; DELETE FROM sqlite_schema WHERE name IN ('i', 'j')`,
      'the collation "of mine"',
      /no such collation sequence: of mine/,
    ],
    [
      'a collation of an index',
      `UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (b COLLATE mine)' WHERE name = 'i'`,
      'the collation "mine"',
      /no such collation sequence: mine/,
    ],
    [
      'a function of an index',
      `UPDATE sqlite_schema SET sql = 'CREATE INDEX j ON t (mine(a))' WHERE name = 'j'`,
      'the function "mine"',
      /no such function: mine/,
    ],
    [
      'functions of a condition, a computed column and a partial index',
      `UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a TEXT CHECK (mine(a)), b TEXT, c AS (twice("a", 1)))' WHERE name = 't';
       UPDATE sqlite_schema SET sql = 'CREATE INDEX j ON t (lower(a)) WHERE "own"(b) IS NULL' WHERE name = 'j'`,
      'the function "twice", the function "mine", the function "own"',
      /no such function: (?:mine|twice)/,
    ],
  ])('is read around, named, and needed to restore: %s', async (name, damage, needs, refusal) => {
    const path = scratch.path(`${name}.db`)
    makeDatabase(path, `${broughtAlong} ${damage}`)
    const held = await hold(path)
    expect(held.rows.get('t')).toBe('w,z\nx,y\n')
    expect(held.schema.notCaptured).toStrictEqual([])
    expect(held.schema.warnings).toStrictEqual([
      `The table "t" needs ${needs} of the application: restore it with a program that has this, by a script of "schema_backup export".`,
    ])
    await expect(refill(path, scratch.path(`${name} copy.db`))).rejects.toMatchObject({
      code: 'object-refused',
      message: expect.stringMatching(refusal) as string,
      next: expect.stringContaining('schema_backup export') as string,
    })
  })

  it('is not needed for defaults, views and triggers, which come back as they are', async () => {
    const [path, copy] = [scratch.path('later.db'), scratch.path('later copy.db')]
    makeDatabase(
      path,
      `CREATE TABLE t (a DEFAULT (lower('x'))); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT mine(a) FROM t;
       CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT mine(new.a); END; PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a DEFAULT (mine(''x'')))' WHERE name = 't';`,
    )
    const held = await refill(path, copy)
    expect(held.schema.warnings).toStrictEqual([])
    const schema = 'SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2'
    expect(answersOf(copy, schema)).toStrictEqual(answersOf(path, schema))
    // A program that has the function finds everything in its place.
    const application = new DatabaseSync(copy)
    application.function('mine', (value) => `mine ${String(value)}`)
    expect({ ...application.prepare('SELECT * FROM v').get() }).toEqual({ 'mine(a)': 'mine 1' })
    application.close()
  })
})

describe('rows that a condition does not allow', () => {
  it('come back where SQLite can be told to let them in', async () => {
    const [path, copy] = [scratch.path('conditions.db'), scratch.path('conditions copy.db')]
    makeDatabase(
      path,
      `CREATE TABLE t (a CHECK (a > 5)); PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (1);`,
    )
    const held = await refill(path, copy)
    expect(answersOf(copy, 'SELECT a FROM t')).toStrictEqual(['bigint 1'])
    expect(held.rows.get('t')).toBe('1\n')
    // The restored database checks what comes next.
    expect(() => {
      makeDatabase(copy, 'INSERT INTO t VALUES (2)')
    }).toThrow(/CHECK constraint failed/)
  })

  it.each([
    [
      'NOT NULL',
      `CREATE TABLE t (a, b)`,
      `CREATE TABLE t (a, b NOT NULL)`,
      /row 1: .*NOT NULL constraint failed: t.b/,
    ],
    [
      'STRICT',
      `CREATE TABLE t (a, b)`,
      `CREATE TABLE t (a INT, b ANY) STRICT`,
      /row 1: .*cannot store TEXT value in INT column t.a/,
    ],
  ])(
    'are an error that names table and row, and no value: %s',
    async (name, before, after, message) => {
      const path = scratch.path(`${name}.db`)
      makeDatabase(
        path,
        `${before}; INSERT INTO t VALUES ('secret', NULL); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '${after}' WHERE name = 't'`,
      )
      const refused = refill(path, scratch.path(`${name} copy.db`))
      await expect(refused).rejects.toMatchObject({
        code: 'row-refused',
        message: expect.stringMatching(message) as string,
      })
      await expect(refused).rejects.not.toThrow(/secret/)
      await using database = await sqlite.open(requestFor(path))
      expect(await database.findings()).not.toHaveLength(0)
    },
  )
})

describe('what is not of the database', () => {
  it('stands in no file: temporary objects, statistics', async () => {
    const path = scratch.path('statistics.db')
    sqlite3(
      path,
      `CREATE TABLE t (x); CREATE INDEX i ON t (x); INSERT INTO t VALUES (1); CREATE TEMP TABLE g (a); CREATE TEMP VIEW v AS SELECT 1;
       CREATE TEMP TRIGGER r AFTER INSERT ON main.t BEGIN SELECT 1; END;`,
    )
    const before = await hold(path)
    sqlite3(path, 'ANALYZE; UPDATE sqlite_stat1 SET stat = 5;')
    const after = await hold(path)
    expect(after).toStrictEqual(before)
    expect(after.schema.objects.map(({ name }) => name)).toStrictEqual(['settings', 't'])
  })
})

describe('a text', () => {
  it('is the one that SQLite keeps, also after it rewrote names, with indexes and triggers', async () => {
    const [path, copy] = [scratch.path('renamed.db'), scratch.path('renamed copy.db')]
    sqlite3(
      path,
      `CREATE TABLE t (a, b /* a comment */, c DEFAULT 5 -- and one more
       ); CREATE INDEX i ON t (a COLLATE NOCASE DESC, b); CREATE VIEW v AS SELECT t.a FROM t; CREATE TRIGGER r AFTER UPDATE OF a ON t BEGIN UPDATE t SET b = old.a; END;
       ALTER TABLE t RENAME TO "T t"; ALTER TABLE "T t" RENAME COLUMN a TO "A ""a"; ALTER TABLE "T t" ADD COLUMN d REFERENCES "T t" (b); ALTER TABLE "T t" DROP COLUMN c;`,
    )
    const held = await refill(path, copy)
    expect(held.schema.objects.filter(isTable).map(({ sql }) => sql)).toStrictEqual([
      expect.stringContaining('CREATE INDEX i ON "T t" ("A ""a" COLLATE NOCASE DESC, b)') as string,
    ])
    for (const query of [
      'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2',
      'PRAGMA index_xinfo(i)',
    ]) {
      expect(answersOf(copy, query)).toStrictEqual(answersOf(path, query))
    }
  })
})

describe('foreign keys', () => {
  it('in a circle, put off and to nothing come back, and rows without a parent are counted', async () => {
    const [path, copy] = [scratch.path('keys.db'), scratch.path('keys copy.db')]
    makeDatabase(
      path,
      `CREATE TABLE p (a, b, PRIMARY KEY (a, b)); CREATE TABLE c (x, y, FOREIGN KEY (x, y) REFERENCES p MATCH FULL ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED);
       CREATE TABLE d (i INTEGER PRIMARY KEY REFERENCES e (i)); CREATE TABLE e (i INTEGER PRIMARY KEY REFERENCES d (i) ON DELETE CASCADE);
       CREATE TABLE n (x REFERENCES nowhere (z)); INSERT INTO c VALUES (1, 2), (NULL, 3), (1, NULL); INSERT INTO d VALUES (1), (2); INSERT INTO e VALUES (1); INSERT INTO n VALUES (1), (NULL);`,
    )
    await refill(path, copy)
    for (const table of ['c', 'd', 'e', 'n']) {
      const keys = `SELECT * FROM pragma_foreign_key_list('${table}')`
      expect(answersOf(copy, keys)).toStrictEqual(answersOf(path, keys))
      expect(answersOf(copy, keys)).toHaveLength(table === 'c' ? 2 : 1)
    }
    const orphans = `SELECT "table", parent, fkid, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2, 3;`
    expect(sqlite3(copy, orphans)).toBe(sqlite3(path, orphans))
    expect(sqlite3(copy, orphans)).toBe('c|p|0|1\nd|e|0|1\nn|nowhere|0|1\n')
    await using database = await sqlite.open(requestFor(copy))
    const found = await database.fill({ mode: 'rows' }, async (target) => await target.violations())
    expect(found.map(({ table, rows }) => `${table.name} ${rows}`)).toStrictEqual([
      'c 1',
      'd 1',
      'n 1',
    ])
  })
})
