import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeRows } from '../../src/csv.ts'
import type { Row } from '../../src/csv.ts'
import type { ObjectKey } from '../../src/model.ts'
import { changeOf, describeChange } from '../../src/review/changes.ts'
import type { ObjectFiles } from '../../src/review/changes.ts'
import { compareColumns, columnsOf } from '../../src/review/columns.ts'
import { compareRows } from '../../src/review/rows.ts'
import type { RowsFile } from '../../src/review/rows.ts'

function rowsFile(text: string): RowsFile {
  return {
    bytes: Buffer.byteLength(text),
    read: async function* () {
      yield await Promise.resolve(Buffer.from(text))
    },
  }
}
const csv = (columns: string[], rows: readonly Row[]) => rowsFile(encodeRows([columns, ...rows]))

describe('the columns of a CREATE TABLE', () => {
  test.each<[string, string, string[] | undefined]>([
    ['backquotes', 'CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `a,b` text\n)', ['id', 'a,b']],
    ['schema and double quotes', 'CREATE TABLE public."T x" ("id""q" integer)', ['id"q']],
    ['brackets', 'create table [t] ([a b] int, c int)', ['a b', 'c']],
    [
      'nested brackets',
      'CREATE TABLE t (a numeric(10,2), b int CHECK (b in (1,2)), c int)',
      ['a', 'b', 'c'],
    ],
    ['comments', "CREATE TABLE t ( -- (a, 'b\n a int, /* b int, */ c int)", ['a', 'c']],
    ['quotes in texts', "CREATE TABLE t (a text DEFAULT 'x'',(', b int COMMENT 'y)')", ['a', 'b']],
    [
      'a backslash before a quote',
      "CREATE TABLE t (a text CHECK (a <> 'it\\'s'), b int)",
      ['a', 'b'],
    ],
    ['a backslash that ends a text', "CREATE TABLE t (a text DEFAULT 'c:\\', b int)", ['a', 'b']],
    ['if not exists', 'CREATE TEMPORARY TABLE IF NOT EXISTS a.b.t (x int)', ['x']],
    [
      'constraints and indexes',
      'CREATE TABLE `t` (`id` int, PRIMARY KEY (`id`), UNIQUE KEY `u` (`id`), KEY `k` (`id`),' +
        ' FULLTEXT KEY `f` (`id`), KEY (`id`), CONSTRAINT c CHECK (1), FOREIGN KEY (id) REFERENCES o,' +
        ' EXCLUDE USING gist (id WITH =), PERIOD FOR SYSTEM_TIME (a, b))',
      ['id'],
    ],
    [
      'columns named like indexes',
      'CREATE TABLE t (key varchar(10), index text, period int)',
      ['key', 'index', 'period'],
    ],
    [
      'a column named like a constraint',
      'CREATE TABLE t ("check" int, `primary` int)',
      ['check', 'primary'],
    ],
    ['no columns', 'CREATE TABLE t ()', []],
    ['statements before', 'CREATE SEQUENCE s;\nCREATE TABLE t (a int);', ['a']],
    ['a partition', 'CREATE TABLE t PARTITION OF p FOR VALUES IN (1, 2)', undefined],
    ['another statement', 'CREATE VIEW v AS SELECT 1', undefined],
    ['an open bracket', 'CREATE TABLE t (a int', undefined],
    ['a text that mentions one', "COMMENT ON x IS 'CREATE TABLE t (a int)'", undefined],
    ['nothing', '', undefined],
  ])('%s', (_, sql, names) => {
    const columns = columnsOf(sql)
    expect(columns && [...columns.keys()]).toEqual(names)
  })

  test('a definition differs by its words, not by blanks and comments', () => {
    const compare = (before: string, after: string) =>
      compareColumns(`CREATE TABLE t (${before})`, `CREATE TABLE t (${after})`)
    expect(compare('a int, b text', 'b  text -- note\n, c int')).toEqual({
      added: ['c'],
      removed: ['a'],
      changed: [],
    })
    expect(compare('a int', 'a bigint')).toEqual({ added: [], removed: [], changed: ['a'] })
    expect(compare("a text DEFAULT 'x  y'", "a text DEFAULT 'x y'")?.changed).toEqual(['a'])
  })

  test('any text is read to its end without failing', () => {
    const unit = fc.constantFrom(
      'create',
      'table',
      ' ',
      'x',
      '(',
      ')',
      ',',
      "'",
      '"',
      '`',
      '[',
      ']',
      '\\',
      '--',
      '\n',
      '/*',
      '*/',
      '.',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        columnsOf(`create table t (${text}`)
        columnsOf(text)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('rows', () => {
  const old = csv(
    ['id', 'v'],
    [
      ['1', 'a'],
      ['2', null],
      ['3', 'c'],
    ],
  )

  test('are counted by their key', async () => {
    const current = csv(
      ['id', 'v'],
      [
        ['1', 'a'],
        ['2', ''],
        ['4', 'c'],
        ['5', 'c'],
      ],
    )
    expect(await compareRows(old, current, ['id'])).toEqual({ added: 2, removed: 1, changed: 1 })
    expect(await compareRows(old, current, [])).toEqual({ added: 3, removed: 2, changed: 0 })
    expect(await compareRows(old, current, ['gone'])).toEqual({ added: 3, removed: 2, changed: 0 })
  })

  test('are the same when only a column came, went or moved', async () => {
    const wider = csv(
      ['v', 'id', 'new'],
      [
        ['c', '3', 'x'],
        ['a', '1', 'y'],
        [null, '2', 'z'],
      ],
    )
    expect(await compareRows(old, wider, ['id'])).toEqual({ added: 0, removed: 0, changed: 0 })
    expect(await compareRows(wider, old, ['id'])).toEqual({ added: 0, removed: 0, changed: 0 })
  })

  test('of equal keys are counted as often as they stand there', async () => {
    const one = csv(
      ['k', 'v'],
      [
        ['1', 'a'],
        ['1', 'a'],
        ['1', 'b'],
      ],
    )
    const other = csv(
      ['k', 'v'],
      [
        ['1', 'b'],
        ['1', 'c'],
      ],
    )
    expect(await compareRows(one, other, ['k'])).toEqual({ added: 0, removed: 1, changed: 1 })
    expect(await compareRows(one, other, [])).toEqual({ added: 1, removed: 2, changed: 0 })
  })

  test('above the limit are not counted', async () => {
    const none = csv(['id', 'v'], [])
    const bytes = old.bytes + none.bytes
    expect(await compareRows(old, none, ['id'], bytes - 1)).toBe('uncounted')
    expect(await compareRows(old, none, ['id'], bytes)).toEqual({
      added: 0,
      removed: 3,
      changed: 0,
    })
  })

  test('add up, whatever they are', async () => {
    const row = fc.tuple(fc.constantFrom('1', '2', '3', null), fc.constantFrom('a', 'b', null))
    const rows = fc.array(row, { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.boolean(), async (before, after, hasKey) => {
        const counted = await compareRows(
          csv(['id', 'v'], before),
          csv(['id', 'v'], after),
          hasKey ? ['id'] : [],
        )
        if (counted === 'uncounted') throw new Error('too few to be uncounted')
        expect(before.length + counted.added - counted.removed).toBe(after.length)
        const sorted = (list: readonly Row[]) => list.map((item) => JSON.stringify(item)).sort()
        const same = sorted(before).join() === sorted(after).join()
        expect(counted.added + counted.removed + counted.changed === 0).toBe(same)
      }),
    )
  })
})

describe('a change in words', () => {
  const users: ObjectKey = { kind: 'table', name: 'csv2_user' }
  const sql = 'CREATE TABLE csv2_user (id int, old int, name text);\n'
  const three = csv(
    ['id', 'v'],
    [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
    ],
  )
  const words = async (files: ObjectFiles) => {
    const change = await changeOf(files)
    return change && describeChange(change)
  }

  test.each<[string, ObjectFiles]>([
    [
      'csv2_user +email -old ~name',
      {
        key: users,
        sql: { before: sql, after: 'CREATE TABLE csv2_user (id int, name int, email text);\n' },
      },
    ],
    ['csv2_user changed', { key: users, sql: { before: sql, after: `${sql}CREATE INDEX i;\n` } }],
    ['table csv2_user added', { key: users, sql: { after: sql } }],
    ['table csv2_user added (3 rows)', { key: users, sql: { after: sql }, rows: { after: three } }],
    ['table csv2_user removed', { key: users, sql: { before: sql }, rows: { before: three } }],
    [
      'csv2_user 2 rows',
      {
        key: users,
        rows: {
          before: three,
          after: csv(
            ['id', 'v'],
            [
              ['1', 'x'],
              ['2', 'y'],
              ['3', 'c'],
            ],
          ),
        },
        keyColumns: ['id'],
      },
    ],
    [
      'csv2_user +1 -2 ~1 rows',
      {
        key: users,
        rows: {
          before: three,
          after: csv(
            ['id', 'v'],
            [
              ['1', 'x'],
              ['9', 'y'],
            ],
          ),
        },
        keyColumns: ['id'],
      },
    ],
    [
      'csv2_user +email and 1 row',
      {
        key: users,
        sql: { before: sql, after: sql.replace(')', ', email text)') },
        rows: {
          before: three,
          after: csv(
            ['id', 'v'],
            [
              ['1', 'x'],
              ['2', 'b'],
              ['3', 'c'],
            ],
          ),
        },
        keyColumns: ['id'],
      },
    ],
    ['csv2_user +3 rows', { key: users, rows: { after: three } }],
    ['csv2_user -3 rows', { key: users, rows: { before: three } }],
    [
      'csv2_user rows',
      {
        key: users,
        rows: { before: { ...three, bytes: 1e9 }, after: three },
      },
    ],
    ['csv2_user counter', { key: users, countersDiffer: true }],
    ['csv2_user +3 rows', { key: users, sql: {}, rows: { after: three } }],
    [
      'database changed',
      { key: { kind: 'database', name: 'x' }, sql: { before: 'a', after: 'b' } },
    ],
    [
      'materialized view app.v changed',
      {
        key: { kind: 'materialized_view', schema: 'app', name: 'v' },
        sql: { before: 'a', after: 'b' },
      },
    ],
    [
      'function app.f(integer, text) added',
      {
        key: { kind: 'function', schema: 'app', name: 'f', signature: 'integer, text' },
        sql: { after: 'b' },
      },
    ],
    [
      'table "a b".größe added',
      { key: { kind: 'table', schema: 'a b', name: 'größe' }, sql: { after: '' } },
    ],
    [
      'table "a\\nb\\u202e" added',
      { key: { kind: 'table', name: 'a\nb\u202e' }, sql: { after: '' } },
    ],
  ])('%s', async (expected, files) => {
    expect(await words(files)).toBe(expected)
  })

  test('nothing changed is no change', async () => {
    expect(await changeOf({ key: users, sql: { before: sql, after: sql } })).toBeUndefined()
    expect(await changeOf({ key: users, rows: {} })).toBeUndefined()
    expect(await changeOf({ key: users })).toBeUndefined()
  })

  test('rows that differ in a way that can not be counted are said to differ', async () => {
    const otherOrder = csv(
      ['id', 'v'],
      [
        ['3', 'c'],
        ['2', 'b'],
        ['1', 'a'],
      ],
    )
    for (const before of [otherOrder, rowsFile('id,v\n1,"a'), rowsFile('')])
      expect(await words({ key: users, rows: { before, after: three } })).toBe('csv2_user rows')
  })

  test('holds no value of a row', async () => {
    const change = await changeOf({
      key: users,
      rows: { before: three, after: csv(['id', 'v'], [['1', 's3cret']]) },
    })
    expect(JSON.stringify(change)).not.toContain('s3cret')
  })
})
