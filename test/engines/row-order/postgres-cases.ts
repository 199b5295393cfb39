import { majorVersion, type PostgresServer } from '../../support/server-names.ts'
import type { OrderCase } from './order-case.ts'

/** Rows whose values are the lines themselves, as string literals. */
function texts(...lines: readonly string[]): OrderCase['rows'] {
  return lines.map((line) => [`'${line}'`, line === '' ? '""' : line])
}

/** Lines as string literals that stand in quotes in the file. */
function quoted(...values: readonly string[]): OrderCase['rows'] {
  return values.map((value) => [`'${value}'`, `"${value.replaceAll('"', '""')}"`])
}

/** A table whose only column is its key, of this type. */
function keyOf(type: string, rows: OrderCase['rows']): OrderCase {
  return { title: `a key of type ${type}`, table: `(k ${type} PRIMARY KEY)`, rows }
}

/** A table without a key, with one column of this type. */
function columnOf(type: string, rows: OrderCase['rows']): OrderCase {
  return { title: `no key, and a column of type ${type}`, table: `(v ${type})`, rows }
}

/** Every collation orders these in another way. */
const words = texts(
  '',
  ' ',
  '!',
  'A',
  'Zz',
  '_',
  'a',
  'a ',
  'a b',
  'a!',
  'ab',
  'b',
  'É',
  'é',
  'ﬀ',
  '😀',
)

const textKeys: readonly OrderCase[] = [
  keyOf('text', words),
  keyOf('text COLLATE "de-x-icu"', words),
  keyOf('varchar(9) COLLATE "und-x-icu"', words),
  {
    title: 'a key whose collation sees no case',
    before: `CREATE COLLATION IF NOT EXISTS ignores_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`,
    table: '(k text COLLATE ignores_case PRIMARY KEY)',
    rows: texts('!', 'A', 'Zz', '_', 'b', 'É', 'é1'),
  },
  {
    title: 'a key of type citext',
    before: 'CREATE EXTENSION IF NOT EXISTS citext;',
    table: '(k citext PRIMARY KEY)',
    rows: texts('!', 'A', 'Zz', '_', 'b', 'É', 'é1'),
  },
  keyOf('char(3)', texts('   ', '!  ', 'A  ', 'a  ', 'a! ', 'aa ')),
  keyOf('name', texts('', 'A', '_', 'a', 'é')),
  keyOf('"char"', texts('A', '_', 'a')),
  {
    title: 'control characters within a key',
    table: '(k text PRIMARY KEY)',
    rows: [
      [`'a'`, 'a'],
      [`E'a\\x01'`, 'a\u0001'],
      [`E'a\\t'`, 'a\t'],
      [`E'a\\n'`, '"a\n"'],
      [`E'a\\r'`, '"a\r"'],
      [`'a '`, 'a '],
      [`'a"'`, '"a"""'],
      [`'a,'`, '"a,"'],
    ],
  },
]

/** By value. */
const keysByValue: readonly OrderCase[] = [
  keyOf('smallint', texts('-9', '0', '9', '10')),
  keyOf('bigint', texts('-9223372036854775808', '-1', '10', '9223372036854775807')),
  keyOf('oid', texts('9', '10', '4294967295')),
  keyOf(
    'numeric',
    texts('-Infinity', '-10', '-9.50', '0', '1.00', '9', '10.0', '1e200', 'Infinity', 'NaN').map(
      bigNumber,
    ),
  ),
  keyOf('real', texts('-Infinity', '-1', '-0', '1e-45', '0.1', '9', '10', 'Infinity', 'NaN')),
  keyOf(
    'double precision',
    texts('-Infinity', '-1', '0', '5e-324', '0.1', '9', '10', 'Infinity', 'NaN'),
  ),
  keyOf('boolean', texts('f', 't')),
  keyOf(
    'date',
    texts('-infinity', '4714-11-24 BC', '0001-01-01', '2024-02-29', '10000-01-01', 'infinity'),
  ),
  keyOf('time', texts('00:00:00', '09:00:00.000001', '24:00:00')),
  keyOf(
    'timestamptz(3)',
    texts(
      '-infinity',
      '4714-11-24 00:00:00+00 BC',
      '2024-10-27 00:30:00+00',
      '2024-10-27 01:30:00+00',
      '294276-12-31 23:59:59+00',
      'infinity',
    ),
  ),
  keyOf(
    'timestamp',
    texts('-infinity', '0001-01-01 00:00:00 BC', '2024-01-01 00:00:00', 'infinity'),
  ),
  keyOf(
    'uuid',
    texts('00000000-0000-0000-0000-0000000000ff', 'a0000000-0000-0000-0000-000000000000'),
  ),
  keyOf('bytea', texts('\\x', '\\x00', '\\x0000', '\\x61', '\\x6100', '\\xff')),
  {
    title: 'a composite key',
    table: '(n integer, b bytea, k text COLLATE "de-x-icu", PRIMARY KEY (k, n, b))',
    rows: [
      [`10, '', 'B'`, '10,\\x,B'],
      [`2, '\\x00', 'a'`, '2,\\x00,a'],
      [`2, '\\x0001', 'a'`, '2,\\x0001,a'],
      [`10, '', 'a'`, '10,\\x,a'],
    ],
  },
]

/** The server says `1` and 200 noughts. */
function bigNumber([sql, line]: readonly [string, string]): readonly [string, string] {
  return [sql, line === '1e200' ? `1${'0'.repeat(200)}` : line]
}

/** By the bytes of their text. */
const keysByText: readonly OrderCase[] = [
  keyOf('interval', texts('-1 days', '00:00:00', '1 day', '1 mon', '10 days', '2 days')),
  keyOf('timetz', texts('00:00:00+00', '01:00:00+02', '09:00:00-01')),
  keyOf('money', texts('$1.00', '$10.00', '$9.00', '-$1.00')),
  keyOf('bit(3)', texts('000', '001', '100')),
  keyOf('bit varying', texts('0', '00', '1', '10')),
  keyOf('inet', texts('10.0.0.1', '10.0.0.1/24', '10.0.0.10', '9.0.0.1', '::1')),
  keyOf('macaddr', texts('08:00:2b:01:02:03', 'ff:00:00:00:00:00')),
  keyOf('jsonb', [
    ...quoted('"a"'),
    ...texts('10', '9', '[]', 'null'),
    ...quoted('{"a": 1}'),
    ...texts('{}'),
  ]),
  keyOf('int4range', [...quoted('[1,10)', '[1,2)', '[9,10)'), ...texts('empty')]),
  keyOf('text[]', [...quoted('{"",b}'), ...quoted('{NULL,a}'), ...texts('{a}', '{}')]),
  keyOf('pg_lsn', texts('0/10', '0/9', 'A/0')),
  {
    title: 'a key of labels, by their texts and not by their places',
    before: "CREATE TYPE %t_type AS ENUM ('b', 'C', 'a', '');",
    table: '(k %t_type PRIMARY KEY)',
    rows: texts('', 'C', 'a', 'b'),
  },
]

const whichKey: readonly OrderCase[] = [
  {
    title: 'a unique key that may be NULL is none',
    table: '(u integer UNIQUE, v integer)',
    rows: [
      ['1, 9', '1,9'],
      ['10, 0', '10,0'],
      ['9, 0', '9,0'],
      ['NULL, 1', ',1'],
      ['NULL, 1', ',1'],
      ['NULL, 2', ',2'],
    ],
  },
  {
    title: 'a unique key without NULLs is one',
    table: '(v integer, u integer NOT NULL UNIQUE)',
    rows: [
      ['3, 9', '3,9'],
      ['2, 10', '2,10'],
    ],
  },
  {
    title: 'a deferrable primary key is one',
    table: '(v integer, u integer, PRIMARY KEY (u) DEFERRABLE INITIALLY DEFERRED)',
    rows: [
      ['3, 9', '3,9'],
      ['2, 10', '2,10'],
    ],
  },
  {
    title: 'a key in descending order stands in ascending order',
    table: '(v integer, u integer NOT NULL)',
    after: 'CREATE UNIQUE INDEX ON %t (u DESC) INCLUDE (v);',
    rows: [
      ['3, 9', '3,9'],
      ['2, 10', '2,10'],
    ],
  },
  ...['(u) WHERE u > 9', '((u + 0))', '(lower(u::text))'].map((index) => ({
    title: `the unique index ${index} is no key`,
    table: '(v integer, u integer NOT NULL)',
    after: `CREATE UNIQUE INDEX ON %t ${index};`,
    rows: [
      ['10, 9', '10,9'],
      ['2, 8', '2,8'],
    ] as const,
  })),
  {
    title: 'a key of computed values is none',
    table: '(v integer, g integer GENERATED ALWAYS AS (v % 10) STORED PRIMARY KEY)',
    rows: [
      ['1, DEFAULT', '1'],
      ['20, DEFAULT', '20'],
      ['5, DEFAULT', '5'],
    ],
  },
  {
    title: 'a key of the parent is none of its heir',
    before: 'CREATE TABLE %t_parent (k integer PRIMARY KEY);',
    table: '(v integer) INHERITS (%t_parent)',
    rows: [
      ['10, 1', '10,1'],
      ['9, 1', '9,1'],
      ['9, 1', '9,1'],
      ['9, 2', '9,2'],
    ],
  },
]

const noKeys: readonly OrderCase[] = [
  columnOf('text COLLATE "de-x-icu"', [...words, ['NULL', '']]),
  columnOf('double precision', [
    ...texts('-0', '-1', '-Infinity', '0', '0', '10', '9', 'NaN'),
    ['NULL', ''],
  ]),
  columnOf('json', [...quoted('"a"'), ...texts('1', '1 ', '1.0', '10', '{ }', '{}', '{}')]),
  columnOf('xml', texts('<a/>', '<a></a>', 'a')),
  columnOf('point', quoted('(-0,0)', '(0,-0)', '(0,0)', '(0,1)', '(10,0)', '(9,0)')),
  columnOf('circle', quoted('<(0,0),1>', '<(0,0),2>')),
  columnOf(
    'tsvector',
    texts(`''a''`, `''b''`).map(([sql, line]) => [sql, line.replaceAll("''", "'")]),
  ),
  columnOf('bpchar', texts('', ' ', '  ', 'a', 'a ', 'a  ', 'a!')),
  columnOf('bytea', texts('\\x', '\\x00', '\\x61')),
  columnOf('text[]', [...quoted('{"",b}', '{"NULL",a}', '{NULL,a}'), ...texts('{}')]),
  {
    title: 'values that differ late',
    table: '(v text, w bytea)',
    rows: ['a', 'b', 'c'].map((end) => [
      `repeat('x', 300000) || '${end}', decode(repeat('78', 100000) || '0${end}', 'hex')`,
      `${'x'.repeat(300_000)}${end},\\x${'78'.repeat(100_000)}0${end}`,
    ]),
  },
  {
    title: 'composite values: none at all and one of NULLs',
    before: 'CREATE TYPE %t_type AS (a integer, b text);',
    table: '(v %t_type)',
    rows: [
      [`ROW(NULL, NULL)`, '"(,)"'],
      [`ROW(1, '')`, '"(1,"""")"'],
      [`ROW(1, NULL)`, '"(1,)"'],
      [`ROW(1, 'a')`, '"(1,a)"'],
      ['NULL', ''],
    ],
  },
  {
    title: 'a type whose cast to text makes many values one',
    before: `CREATE TYPE %t_type AS ENUM ('b', 'a', 'c');
      CREATE FUNCTION %t_text(%t_type) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'same' $$;
      CREATE CAST (%t_type AS text) WITH FUNCTION %t_text(%t_type);`,
    table: '(v %t_type, n integer)',
    rows: [
      [`'a', 1`, 'a,1'],
      [`'b', 1`, 'b,1'],
      [`'c', 1`, 'c,1'],
      [`NULL, 1`, ',1'],
    ],
  },
  {
    title: 'a domain over a type that keeps its blanks and casts them away',
    before: 'CREATE DOMAIN %t_type AS bpchar;',
    table: '(v %t_type)',
    rows: texts('', ' ', 'a', 'a '),
  },
]

const since: Readonly<Record<number, readonly OrderCase[]>> = {
  15: [
    {
      title: 'a unique key with one NULL at most is none',
      table: '(u integer UNIQUE NULLS NOT DISTINCT, v integer)',
      rows: [
        ['10, 1', '10,1'],
        ['9, 1', '9,1'],
        ['NULL, 1', ',1'],
      ],
    },
  ],
  18: [
    {
      title: 'a key of computed values that are not stored is none',
      table: '(v integer, g integer GENERATED ALWAYS AS (v % 10) VIRTUAL, h integer)',
      rows: [
        ['1, DEFAULT, 9', '1,9'],
        ['20, DEFAULT, 0', '20,0'],
        ['5, DEFAULT, 1', '5,1'],
      ],
    },
    {
      title: 'a unique column whose NOT NULL is not validated is no key',
      table: '(u integer UNIQUE, v integer)',
      after: 'ALTER TABLE %t ADD CONSTRAINT %t_u NOT NULL u NOT VALID;',
      rows: [
        ['10, 1', '10,1'],
        ['9, 1', '9,1'],
        ['NULL, 1', ',1'],
        ['NULL, 2', ',2'],
      ],
    },
    {
      title: 'a key of periods that do not overlap',
      before: 'CREATE EXTENSION IF NOT EXISTS btree_gist;',
      table: '(k integer, p int4range, PRIMARY KEY (k, p WITHOUT OVERLAPS))',
      rows: [
        [`9, '[1,3)'`, '9,"[1,3)"'],
        [`9, '[3,4)'`, '9,"[3,4)"'],
        [`10, '[1,3)'`, '10,"[1,3)"'],
      ],
    },
  ],
}

/** The cases that this server can have. */
export function postgresCases(name: PostgresServer): readonly OrderCase[] {
  const newer = Object.entries(since).filter(([version]) => Number(version) <= majorVersion(name))
  return [
    ...textKeys,
    ...keysByValue,
    ...keysByText,
    ...whichKey,
    ...noKeys,
    ...newer.flatMap(([, cases]) => cases),
  ]
}

/** Text in an order that is not that of its bytes in EUC_JP. */
export const japaneseCases: readonly OrderCase[] = ['(v text)', '(v text PRIMARY KEY)'].map(
  (table) => ({
    title: `text in a database of encoding EUC_JP, ${table}`,
    table,
    rows: texts('B', 'a', 'Ж', 'ア', '亜', '宮', '愛'),
  }),
)
