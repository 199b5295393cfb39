import type { OrderCase } from './order-case.ts'

/** Rows whose values are the lines themselves, as string literals. */
function texts(...lines: readonly string[]): OrderCase['rows'] {
  return lines.map((line) => [`'${line}'`, line === '' ? '""' : line])
}

/** A value of every class, and equal numbers of two: by value, then REAL before INTEGER and 0.0 before -0.0. */
const everyClass: OrderCase['rows'] = [
  ['NULL', ''],
  ['NULL', ''],
  ['-9e999', '-Infinity'],
  ['-9223372036854775807-1', '-9223372036854775808'],
  ['-1', '-1'],
  ['-1', '-1'],
  ['0.0', '0.0'],
  ['0.0 * -1', '-0.0'],
  ['0', '0'],
  ['5e-324', '5e-324'],
  ['1.0', '1.0'],
  ['1', '1'],
  ['9', '9'],
  ['10', '10'],
  ['9007199254740992.0', '9007199254740992.0'],
  ['9007199254740992', '9007199254740992'],
  ['9007199254740993', '9007199254740993'],
  ['9223372036854775807', '9223372036854775807'],
  ['9223372036854775808.0', '9223372036854776000.0'],
  ['9e999', 'Infinity'],
  [`''`, '""'],
  [`'1'`, '\\t1'],
  [`'A'`, 'A'],
  [`'a'`, 'a'],
  [`'a' || char(0)`, '\\u6100'],
  [`'a '`, 'a '],
  [`'é'`, 'é'],
  [`CAST(x'ff' AS TEXT)`, '\\uff'],
  [`x''`, '\\x'],
  [`x'00'`, '\\x00'],
  [`x'61'`, '\\x61'],
]

const keys: readonly OrderCase[] = [
  {
    title: 'a key that ignores case',
    table: '(k TEXT COLLATE NOCASE PRIMARY KEY)',
    rows: texts('', ' ', 'A', 'Zz', '_', 'a ', 'a!', 'b', 'É', 'é', 'ﬀ', '😀'),
  },
  {
    title: 'a key that ignores blanks at the end, descending, without rowid',
    table: '(k TEXT COLLATE RTRIM, PRIMARY KEY (k DESC)) WITHOUT ROWID',
    rows: texts('', 'A', 'a ', 'a!', 'b'),
  },
  {
    title: 'a composite key',
    table: '(n INTEGER, b BLOB, k TEXT COLLATE NOCASE, PRIMARY KEY (k, n, b))',
    rows: [
      [`10, x'', 'B'`, '10,\\x,B'],
      [`2, x'00', 'a'`, '2,\\x00,a'],
      [`2, x'0001', 'a'`, '2,\\x0001,a'],
      [`10, x'', 'a'`, '10,\\x,a'],
    ],
  },
  {
    title: 'a key of rowids',
    table: '(v TEXT, k INTEGER PRIMARY KEY DESC)',
    rows: [
      [`'c', -9223372036854775807-1`, 'c,-9223372036854775808'],
      [`'b', -1`, 'b,-1'],
      [`'a', 9`, 'a,9'],
      [`'a', 10`, 'a,10'],
    ],
  },
  {
    title: 'a primary key with NULLs, which repeat',
    table: '(k TEXT PRIMARY KEY, v)',
    rows: [
      ['NULL, 1.0', ',1.0'],
      ['NULL, 1', ',1'],
      ['NULL, 1', ',1'],
      ['NULL, 2', ',2'],
      [`'a', 0`, 'a,0'],
    ],
  },
  {
    title: 'a unique key without NULLs',
    table: '(v INTEGER, u TEXT NOT NULL UNIQUE COLLATE NOCASE)',
    rows: [
      [`3, 'B'`, '3,B'],
      [`2, 'a'`, '2,a'],
    ],
  },
  {
    title: 'a key of every class',
    table: '(k PRIMARY KEY, v)',
    rows: everyClass
      .filter(([, line], index) => line !== everyClass[index - 1]?.[1])
      .filter(([, line]) => !['0', '-0.0', '1.0', '9007199254740992.0'].includes(line))
      .map(([values, line]) => [`${values}, 7`, `${line},7`]),
  },
]

const noKeys: readonly OrderCase[] = [
  { title: 'every class in a column without a type', table: '(v)', rows: everyClass },
  { title: 'every class in a column of type ANY', table: '(v ANY) STRICT', rows: everyClass },
  {
    title: 'every class before another column',
    table: '(v, w TEXT)',
    rows: everyClass.map(([values, line]) => [`${values}, 'w'`, `${line},w`]),
  },
  {
    title: 'a unique key that may be NULL is none',
    table: '(u INTEGER UNIQUE, v INTEGER)',
    rows: [
      ['NULL, 1', ',1'],
      ['NULL, 2', ',2'],
      ['1, 9', '1,9'],
      ['10, 0', '10,0'],
    ],
  },
  ...['(u) WHERE u > 8', '(u + 0)'].map((index) => ({
    title: `the unique index ${index} is no key`,
    table: '(v INTEGER, u INTEGER NOT NULL)',
    after: `CREATE UNIQUE INDEX %t_u ON %t ${index};`,
    rows: [
      ['2, 10', '2,10'],
      ['10, 9', '10,9'],
    ] as const,
  })),
  {
    title: 'a key of computed values is none',
    table: '(v INTEGER, g INTEGER NOT NULL AS (v % 10) STORED UNIQUE, w INTEGER)',
    rows: [
      ['1, 9', '1,9'],
      ['5, 1', '5,1'],
      ['20, 0', '20,0'],
    ],
  },
  wideCase(1_990, [4, 3, 2, 1, 0]),
  // The last columns have no term of their own: their classes and texts decide.
  wideCase(1_998, [4, 3, 2, 0, 1]),
  wideCase(2_000, [4, 3, 2, 0, 1]),
]

/** The rows differ in the sign or class of the last columns alone; `order` says which stands where. */
function wideCase(width: number, order: readonly number[]): OrderCase {
  const names = Array.from({ length: width }, (_, index) => `c${index}`)
  const row = (before: string, last: string) =>
    [...names.slice(2).map(() => '7'), before, last].join()
  const rows = [
    [row('1', `x'00'`), row('1', '\\x00')],
    [row('1', '0'), row('1', '0')],
    [row('1.0', '0'), row('1.0', '0')],
    [row('1.0', '0.0 * -1'), row('1.0', '-0.0')],
    [row('1.0', '0.0'), row('1.0', '0.0')],
  ] as const
  return {
    title: `${width} columns`,
    table: `(${names.join(', ')})`,
    rows: order.flatMap((place) => rows.slice(place, place + 1)),
  }
}

/** Tables and their rows; texts are compared as bytes of UTF-8, in a file of any encoding. */
export const sqliteCases: readonly OrderCase[] = [...keys, ...noKeys]

/** Cases in which the bytes of UTF-16 have another order than those of UTF-8. */
export const utf16Cases: readonly OrderCase[] = ['(v TEXT)', '(v TEXT PRIMARY KEY)', '(v)'].map(
  (table) => ({
    title: `text in a file of encoding UTF-16, ${table}`,
    table,
    rows: texts('', 'a', 'b', 'Ā', 'é'.repeat(3), '\u{3042}', 'ﬀ', '😀').toSorted(([a], [b]) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    ),
  }),
)
