import { afterAll, describe, expect, it } from 'vitest'
import { answersOf, makeDatabase, refill } from './refill.ts'
import { hold, isTable, pour, scratchDirectory, sqlite3, type Held } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

/** Tables whose rowids something reads, and what reads them. */
const read: readonly (readonly [name: string, sql: string, query: string])[] = [
  [
    'a view',
    `CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (100, 'x'), (50, 'y'), (-3, 'z'); CREATE VIEW v AS SELECT rowid AS id, a FROM t;`,
    'SELECT * FROM v ORDER BY 1',
  ],
  [
    'a view by another name, and in capitals',
    `CREATE TABLE t (k TEXT PRIMARY KEY, a); INSERT INTO t (rowid, k) VALUES (7, 'b'), (9, 'a'); CREATE VIEW v AS SELECT T."OID", k FROM t JOIN u; CREATE TABLE u (x); INSERT INTO u VALUES (1);`,
    'SELECT * FROM v ORDER BY 1',
  ],
  [
    'a full-text index over a table without a key',
    `CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (100, 'one'), (50, 'two'); CREATE VIRTUAL TABLE f USING fts5 (a, content=t); INSERT INTO f (f) VALUES ('rebuild');`,
    `SELECT rowid, a FROM f WHERE f MATCH 'one'`,
  ],
  [
    'a full-text index over a table with another key',
    `CREATE TABLE t (k TEXT PRIMARY KEY, a); INSERT INTO t (rowid, k, a) VALUES (100, 'q', 'one'), (50, 'p', 'two'); CREATE VIRTUAL TABLE f USING fts4 (content="t", a); INSERT INTO f (f) VALUES ('rebuild');`,
    `SELECT docid, a FROM f WHERE f MATCH 'one'`,
  ],
  [
    'a trigger',
    `CREATE TABLE t (a); CREATE TABLE log (id); CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new._rowid_); END; INSERT INTO t (rowid, a) VALUES (8, 'x'), (4, 'y');`,
    'SELECT t.a FROM log JOIN t ON t.rowid = log.id ORDER BY 1',
  ],
  [
    'a condition of an index',
    `CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (8, 'x'), (4, 'y'); CREATE INDEX i ON t (a) WHERE rowid > 5;`,
    'SELECT a FROM t INDEXED BY i WHERE rowid > 5',
  ],
  [
    'a view on INTEGER PRIMARY KEY DESC, which is no rowid',
    `CREATE TABLE t (id INTEGER PRIMARY KEY DESC, a); INSERT INTO t (rowid, id, a) VALUES (7, 'x', 1), (9, NULL, 2), (3, NULL, 3); CREATE VIEW v AS SELECT rowid AS r, id FROM t;`,
    'SELECT * FROM v ORDER BY 1',
  ],
  [
    'a view on a table with a column that is called rowid',
    `CREATE TABLE t (rowid TEXT, a); INSERT INTO t (oid, rowid) VALUES (5, '1.50'), (3, '007'); CREATE VIEW v AS SELECT oid AS o, rowid AS c FROM t;`,
    'SELECT * FROM v ORDER BY 1',
  ],
]

const rowsOf = ({ rows }: Held) =>
  rows
    .get('t')
    ?.split('\n')
    .filter((line) => line !== '')
const columnsOf = ({ schema }: Held) =>
  schema.objects
    .filter(isTable)
    .find(({ name }) => name === 't')
    ?.columns.map(({ name }) => name)

describe('the rowids of a table', () => {
  it.each(read)('come back where something reads them: %s', async (name, sql, query) => {
    const original = scratch.path(`${name.replaceAll(/\W/g, '_')}.db`)
    const [restored, poured] = [`${original}-restored`, `${original}-poured`]
    makeDatabase(original, sql)
    const held = await refill(original, restored)
    pour(held, poured)
    expect(answersOf(original, query)).not.toHaveLength(0)
    const rowids = 'SELECT _rowid_, * FROM t ORDER BY 1;'
    for (const copy of [restored, poured]) {
      expect(answersOf(copy, query)).toStrictEqual(answersOf(original, query))
      expect(sqlite3(copy, rowids)).toBe(sqlite3(original, rowids))
      expect(await hold(copy)).toStrictEqual(held)
    }
  })

  it.each([
    ['nothing reads them', 'CREATE TABLE t (a);'],
    [
      'a view reads another column',
      'CREATE TABLE t (a); CREATE VIEW v AS SELECT a AS rowid FROM t;',
    ],
    [
      'a view reads those of another table',
      'CREATE TABLE t (a); CREATE TABLE u (b); CREATE VIEW v AS SELECT u.rowid, t.a FROM u, t;',
    ],
    [
      'the text only seems to',
      `CREATE TABLE t (a); CREATE VIEW v AS SELECT 'rowid' FROM t -- rowid\n;`,
    ],
    [
      'a trigger writes those of another table into it',
      'CREATE TABLE t (a); CREATE TABLE u (b); CREATE TRIGGER r AFTER INSERT ON u BEGIN INSERT INTO t VALUES (new.rowid); END;',
    ],
  ])('stand in no file where %s, so that VACUUM changes nothing', async (name, sql) => {
    const path = scratch.path(`${name}.db`)
    sqlite3(path, `${sql} INSERT INTO t (rowid, a) VALUES (9, 'x'), (4, 'x'), (2, 'y');`)
    const before = await hold(path)
    expect(columnsOf(before)).toStrictEqual(['a'])
    sqlite3(path, 'VACUUM;')
    expect(sqlite3(path, 'SELECT group_concat(rowid) FROM t;')).toBe('1,2,3\n')
    expect(await hold(path)).toStrictEqual(before)
  })

  it.each(['oid', 'ROWID', '_rowid_'])(
    'stand in no file where a column, its index and a trigger have their name: %s',
    async (column) => {
      const path = scratch.path(`column ${column}.db`)
      sqlite3(
        path,
        `CREATE TABLE t (a, "${column}" TEXT CHECK (${column} <> '')); CREATE INDEX i ON t (${column}); CREATE TABLE u (b);
         INSERT INTO t VALUES ('x', 'y'), ('z', 'w'); DELETE FROM t WHERE a = 'x';
         CREATE TRIGGER r AFTER INSERT ON u BEGIN UPDATE t SET a = ${column} WHERE ${column} = new.b; END;
         CREATE TRIGGER s AFTER INSERT ON t BEGIN INSERT INTO u VALUES (new.${column}); END;`,
      )
      const before = await hold(path)
      expect(columnsOf(before)).toStrictEqual(['a', column])
      expect(before.rows.get('t')).toBe('z,w\n')
      sqlite3(path, 'VACUUM;')
      expect((await hold(path)).rows.get('t')).toBe('z,w\n')
    },
  )

  it('are a change where VACUUM renumbers what a view reads', async () => {
    const path = scratch.path('renumbered.db')
    sqlite3(
      path,
      `CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (9, 'x'); CREATE VIEW v AS SELECT rowid FROM t;`,
    )
    expect((await hold(path)).rows.get('t')).toBe('9,x\n')
    sqlite3(path, 'VACUUM;')
    expect(sqlite3(path, 'SELECT * FROM v;')).toBe('1\n')
    expect((await hold(path)).rows.get('t')).toBe('1,x\n')
  })

  it('are no column of their own where the key has their value, or a table has none', async () => {
    const path = scratch.path('none.db')
    sqlite3(
      path,
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE VIEW v AS SELECT rowid FROM t; CREATE TABLE w (k PRIMARY KEY, rowid) WITHOUT ROWID;
       CREATE VIEW x AS SELECT rowid FROM w; CREATE TABLE all_three (rowid, oid, _rowid_); CREATE VIEW y AS SELECT oid FROM all_three;
       CREATE TABLE "" (a); CREATE VIRTUAL TABLE textless USING fts5 (words, content = '');`,
    )
    const tables = (await hold(path)).schema.objects.filter(isTable)
    expect(tables.map(({ columns }) => columns.map(({ name }) => name))).toStrictEqual([
      ['a'],
      ['rowid', 'oid', '_rowid_'],
      ['id', 'a'],
      ['words'],
      ['k', 'rowid'],
    ])
  })

  it('order the rows where there is no key, and stand beside one that there is', async () => {
    const [keyless, keyed] = [scratch.path('keyless.db'), scratch.path('keyed.db')]
    const rows = `INSERT INTO t (rowid, a) VALUES (9, 'x'), (10, 'a'), (-1, 'q'); CREATE VIEW v AS SELECT rowid FROM t;`
    sqlite3(keyless, `CREATE TABLE t (a); ${rows}`)
    sqlite3(keyed, `CREATE TABLE t (a NOT NULL UNIQUE); ${rows}`)
    expect(rowsOf(await hold(keyless))).toStrictEqual(['-1,q', '9,x', '10,a'])
    expect(rowsOf(await hold(keyed))).toStrictEqual(['10,a', '-1,q', '9,x'])
  })

  it('are named where a table is so wide that they have no room', async () => {
    const path = scratch.path('wide.db')
    const columns = Array.from({ length: 2000 }, (_, index) => `c${index}`).join(', ')
    sqlite3(
      path,
      `CREATE TABLE t (${columns}); INSERT INTO t (c0, c1999) VALUES (1, 'x'); CREATE VIEW v AS SELECT rowid FROM t;`,
    )
    const held = await hold(path)
    expect(held.schema.notCaptured).toMatchObject([{ kind: 'rowids', name: 't' }])
    expect(held.rows.get('t')).toMatch(/^1,+x\n$/)
  })
})
