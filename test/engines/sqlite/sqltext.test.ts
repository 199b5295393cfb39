import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { statement, tableNames, tokens } from '../../../src/engines/sqlite/sqltext.ts'
import { hold, pour, scratchDirectory, sqlite3 } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

describe('the tokens of SQL', () => {
  it('are names without quotes, strings and words, and no comments', () => {
    const sql = `SELECT [a]]"b""c"\`d\`'e''f' g_1 -- h\n /* i */ ü; "open`
    expect(tokens(sql).map(({ kind, text }) => `${kind} ${text}`)).toStrictEqual([
      'word SELECT',
      'quoted a',
      'punctuation ]',
      'quoted b"c',
      'quoted d',
      `string e'f`,
      'word g_1',
      'word ü',
      'punctuation ;',
      'punctuation "',
      'word open',
    ])
  })
})

describe('the tables that a view names', () => {
  it.each([
    ['SELECT x FROM a', ['a']],
    ['SELECT a.x, b FROM main."A b" AS c, [d], e JOIN f ON c.g = h', ['a b', 'd', 'e', 'f']],
    ['SELECT (SELECT max(x) FROM a), b FROM (SELECT * FROM c) d', ['a', 'c']],
    ['SELECT 1 WHERE x IN (SELECT y FROM a) OR x IN b', ['a', 'b']],
    ["SELECT 'FROM a' /* FROM b */ -- FROM c", []],
    ['SELECT * FROM a UNION SELECT b, c FROM d', ['a', 'd']],
    ['WITH a AS (SELECT * FROM b) SELECT * FROM a', ['a', 'b']],
  ])('in %s are %o', (sql, names) => {
    expect([...tableNames(sql)].sort()).toStrictEqual(names)
  })
})

describe('a statement from a verbatim text', () => {
  it.each([
    ['SELECT 1', 'SELECT 1;\n'],
    ['SELECT 1 -- x', 'SELECT 1 -- x\n;\n'],
    ['SELECT 1 -- x\n', 'SELECT 1 -- x\n;\n'],
    ['SELECT 1 /* x', 'SELECT 1 /* x*/;\n'],
    ['SELECT 1 /*/', 'SELECT 1 /*/*/;\n'],
    ['SELECT 1 /**/', 'SELECT 1 /**/;\n'],
    ["SELECT '-- x'", "SELECT '-- x';\n"],
  ])('%o is %o', (sql, text) => {
    expect(statement(sql)).toBe(text)
  })

  it.each([
    'CREATE VIEW v AS SELECT 1 -- end',
    'CREATE VIEW v AS SELECT 1 -- end\n;',
    'CREATE VIEW v AS SELECT 1 /* end */',
    'CREATE INDEX i ON t (x) WHERE x -- end\n;',
    'CREATE INDEX i ON t (x)   ;',
    'CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END -- end',
    'CREATE TABLE u (x) -- end',
    'CREATE TABLE "-- " ("/*" DEFAULT \'/* --\', `--` CHECK (1)) WITHOUT ROWID, STRICT /* end',
  ])('runs, and stays the same text in the file: %s', async (sql) => {
    const original = scratch.path('original.db')
    const restored = scratch.path('restored.db')
    for (const path of [original, restored]) rmSync(path, { force: true })
    const database = new DatabaseSync(original)
    database.exec('CREATE TABLE t (x)')
    database.exec(sql.replace('WITHOUT ROWID, STRICT ', ''))
    database.close()
    const held = await hold(original)
    pour(held, restored)
    const texts = 'SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2;'
    expect(sqlite3(restored, texts)).toBe(sqlite3(original, texts))
    expect(await hold(restored)).toStrictEqual(held)
  })
})
