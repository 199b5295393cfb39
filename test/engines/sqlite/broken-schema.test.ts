import { afterAll, describe, expect, it } from 'vitest'
import { tolerateBrokenSchema, withoutBroken } from '../../../src/engines/sqlite/broken-schema.ts'
import { census } from '../../../src/engines/sqlite/census.ts'
import { connect } from '../../../src/engines/sqlite/connect.ts'
import { makeDatabase, requestFor } from './refill.ts'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import { hold, pour, scratchDirectory, sqlite3 } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const whole = `CREATE TABLE t (a UNIQUE, b); CREATE TABLE u (b); INSERT INTO t VALUES (1, 2); INSERT INTO u VALUES ('kept');
  CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;
  PRAGMA writable_schema = ON;`

/** What is done to sqlite_schema, and what is then named. */
interface Damage {
  readonly what: string
  readonly sql: string
  /** Names, and what the reason says. */
  readonly named: Readonly<Record<string, string>>
  /** What is known by another name now. */
  readonly lost?: string
}

const damages: readonly Damage[] = [
  {
    what: 'a table that is no SQL',
    sql: `UPDATE sqlite_schema SET sql = 'CREATE TABLE t (((' WHERE name = 't'`,
    named: { t: 'syntax error', i: 'no such table: main.t', r: 'no such table: main.t' },
  },
  {
    what: 'a view that is no SQL',
    sql: `UPDATE sqlite_schema SET sql = 'CREATE VIEW v AS SELCT' WHERE name = 'v'`,
    named: { v: 'syntax error' },
  },
  {
    what: 'a trigger that is no SQL',
    sql: `UPDATE sqlite_schema SET sql = 'CREATE TRIGGER r what' WHERE name = 'r'`,
    named: { r: 'syntax error' },
  },
  {
    what: 'an index that is no SQL',
    sql: `UPDATE sqlite_schema SET sql = 'CREATE INDEX i what' WHERE name = 'i'`,
    named: { i: 'syntax error' },
  },
  {
    what: 'an index on a column that is not there',
    sql: `UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (gone)' WHERE name = 'i'`,
    named: { i: 'no such column' },
  },
  {
    what: 'a table without text',
    sql: `UPDATE sqlite_schema SET sql = NULL WHERE name = 'u'`,
    named: { u: 'no definition' },
  },
  {
    what: 'a table under another name',
    sql: `UPDATE sqlite_schema SET name = 'z', tbl_name = 'z' WHERE name = 'u'`,
    named: { z: 'of another name' },
    lost: 'u',
  },
  {
    what: 'a kind that is none',
    sql: `INSERT INTO sqlite_schema VALUES ('widget', 'w', 'w', 0, 'CREATE WIDGET w')`,
    named: { w: 'no such kind' },
  },
  {
    what: 'a name that SQLite keeps for itself',
    sql: `UPDATE sqlite_schema SET name = 'sqlite_u', tbl_name = 'sqlite_u', sql = 'CREATE TABLE sqlite_u (b)' WHERE name = 'u'`,
    named: { sqlite_u: 'begins with "sqlite_"' },
    lost: 'u',
  },
]

describe('a line of sqlite_schema that is broken', () => {
  it.each(damages)('is named, and all else is there: $what', async (damage) => {
    const path = scratch.path(`${damage.what}.db`)
    makeDatabase(path, `${whole} ${damage.sql}`)
    const held = await hold(path)
    const { objects, notCaptured } = held.schema
    expect(notCaptured.map(({ name }) => name).sort()).toStrictEqual(
      Object.keys(damage.named).sort(),
    )
    for (const { name, reason } of notCaptured) expect(reason).toContain(damage.named[name])
    const kept = ['t', 'u', 'v'].filter((name) => !(name in damage.named) && name !== damage.lost)
    expect(objects.map(({ name }) => name)).toStrictEqual(['settings', ...kept])
    if (kept.includes('u')) expect(held.rows.get('u')).toBe('kept\n')
    pour(held, scratch.path(`${damage.what} poured.db`))
  })

  it('is named where a table stands there twice, and the table is there once', async () => {
    const path = scratch.path('twice.db')
    makeDatabase(
      path,
      `${whole} INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'u'`,
    )
    const { schema, rows } = await hold(path)
    expect(schema.notCaptured).toMatchObject([{ kind: 'table', name: 'u' }])
    expect(schema.notCaptured[0]?.reason).toContain('two definitions')
    expect(schema.objects.map(({ name }) => name)).toStrictEqual(['settings', 't', 'u', 'v'])
    expect(rows.get('u')).toBe('kept\n')
  })

  it('keeps no file from being counted, sized or checked', async () => {
    const path = scratch.path('counted.db')
    makeDatabase(
      path,
      `${whole} UPDATE sqlite_schema SET sql = 'CREATE VIEW v AS SELCT' WHERE name = 'v'`,
    )
    await using server = await sqlite.openServer(requestFor(path))
    expect(await server.objectCount('counted.db')).toBe(5)
    await using database = await sqlite.open(requestFor(path))
    expect((await database.sizes()).map(({ name }) => name)).toStrictEqual(['t', 'u'])
    expect((await database.findings()).map(({ message }) => message)).toMatchObject([
      expect.stringMatching(/view "v".*syntax error/),
    ])
  })

  it('keeps no file from being replaced, and is counted before', async () => {
    const path = scratch.path('replaced.db')
    makeDatabase(
      path,
      `${whole} UPDATE sqlite_schema SET sql = 'CREATE VIEW v AS SELCT' WHERE name = 'v'`,
    )
    await using database = await sqlite.open(requestFor(path))
    const filled = database.fill({ mode: 'empty' }, () => Promise.resolve())
    await expect(filled).rejects.toMatchObject({ code: 'target-not-empty' })
    await database.fill({ mode: 'replace' }, async (target) => {
      await target.create({ kind: 'table', name: 'n', sql: 'CREATE TABLE n (x);', dependsOn: [] })
    })
    expect(sqlite3(path, 'SELECT name FROM sqlite_schema; PRAGMA integrity_check;')).toBe('n\nok\n')
  })

  it('is an error where its text is well and its table out of reach: the file is damaged', async () => {
    const path = scratch.path('root page.db')
    makeDatabase(path, `${whole} UPDATE sqlite_schema SET rootpage = 999 WHERE name = 'u'`)
    await expect(hold(path)).rejects.toMatchObject({ code: 'database-corrupt', status: 2 })
    const connection = connect(path, { readOnly: true })
    tolerateBrokenSchema(connection)
    const lost = {
      type: 'table',
      name: 'lost',
      tableName: 'lost',
      sql: 'CREATE TABLE lost (x)',
    } as const
    expect(() => withoutBroken(connection, [lost])).toThrow('malformed database schema (lost)')
    connection.close()
  })
})

describe('the census', () => {
  const path = scratch.path('census.db')
  makeDatabase(
    path,
    `CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT 1; CREATE TABLE "T v" (x);
     CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END; CREATE VIRTUAL TABLE f USING fts5 (x); CREATE TRIGGER w INSTEAD OF INSERT ON v BEGIN SELECT 1; END; ANALYZE;`,
  )

  /** The census of what was read, after something was taken away from it. */
  async function without(what: string): Promise<string[]> {
    const { objects, notCaptured } = (await hold(path)).schema
    expect(notCaptured).toStrictEqual([])
    const innerTables = ['config', 'content', 'data', 'docsize', 'idx'].map((part) => `f_${part}`)
    const left = objects
      .filter(({ name }) => name !== what)
      .map((object) => ({
        ...object,
        sql: object.sql.replace(`CREATE INDEX ${what} `, ''),
        sqlAfterRows: (object.sqlAfterRows ?? '').replace(`CREATE TRIGGER ${what} `, ''),
      }))
    const connection = connect(path, { readOnly: true })
    try {
      const inner = new Set(innerTables.filter((name) => name !== what))
      return census(connection, { objects: left, innerTables: inner, notCaptured: [] }).map(
        ({ kind, name }) => `${kind} ${name}`,
      )
    } finally {
      connection.close()
    }
  }

  it.each([
    ['nothing', []],
    ['t', ['index i', 'table t', 'trigger r']],
    ['T v', ['table T v']],
    ['v', ['trigger w', 'view v']],
    ['i', ['index i']],
    ['r', ['trigger r']],
    ['w', ['trigger w']],
    ['f', ['table f']],
    ['f_data', ['table f_data']],
  ])('misses what is taken away: %s', async (what, missing) => {
    expect((await without(what)).sort()).toStrictEqual(missing)
  })

  it('sees the same objects as the sqlite3 program', () => {
    const known = sqlite3(
      path,
      `SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite_%';`,
    )
    expect(known).toBe('4\n')
  })
})
