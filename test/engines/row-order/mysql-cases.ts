import type { MysqlServer } from '../../support/server-names.ts'
import type { OrderCase } from './order-case.ts'

/** Rows whose values are the lines themselves, as string literals. */
function texts(...lines: readonly string[]): OrderCase['rows'] {
  return lines.map((line) => [`'${line}'`, line === '' ? '""' : line])
}

/** Rows whose values are the lines themselves, as they stand. */
function plain(...lines: readonly string[]): OrderCase['rows'] {
  return lines.map((line) => [line, line])
}

function hex(...values: readonly string[]): OrderCase['rows'] {
  return values.map((digits) => [`x'${digits}'`, `\\x${digits}`])
}

const textKeys: readonly OrderCase[] = [
  {
    title: 'a key that ignores case and accents',
    table: '(k varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY)',
    rows: texts('', '!', 'A', 'Zz', '_', 'a1', 'b', 'ÿ', 'œ', 'ﬀ', '😀'),
  },
  {
    title: 'control characters within a key',
    table: '(k varchar(20) COLLATE utf8mb4_bin PRIMARY KEY)',
    rows: [
      [`'a'`, 'a'],
      [`'a\\t'`, 'a\t'],
      [`'a\\n'`, '"a\n"'],
      [`'a\\r'`, '"a\r"'],
      [`'a!'`, 'a!'],
      [`'a"'`, '"a"""'],
      [`'a,'`, '"a,"'],
    ],
  },
  {
    title: 'blanks at the end that the collation does not see',
    table: '(v varchar(20) COLLATE utf8mb4_general_ci)',
    rows: texts('a', 'a\u0001', 'a ', 'a  ', 'a !', 'a!'),
  },
  {
    title: 'case that the collation does not see, in two columns',
    table: '(v varchar(20) COLLATE utf8mb4_general_ci, w varchar(20) COLLATE utf8mb4_general_ci)',
    rows: [
      [`'A', 'b'`, 'A,b'],
      [`'A', 'á'`, 'A,á'],
      [`'a', 'A'`, 'a,A'],
      [`'a', 'a'`, 'a,a'],
      [`'a', 'a'`, 'a,a'],
      [`'á', 'A'`, 'á,A'],
    ],
  },
  {
    title: 'a key of char(n), which loses its blanks',
    table: '(k char(5) COLLATE utf8mb4_general_ci PRIMARY KEY)',
    rows: texts('', 'B', 'a', 'aa', 'é'),
  },
  {
    title: 'a key in latin1',
    table: '(k varchar(5) CHARACTER SET latin1 COLLATE latin1_german1_ci PRIMARY KEY)',
    rows: texts('B', 'a', '|', '¡', 'ÿ', 'Œ', '€'),
  },
  {
    title: 'a key in utf16, where characters beyond U+FFFF come before U+E000',
    table: '(k varchar(5) CHARACTER SET utf16 COLLATE utf16_bin PRIMARY KEY)',
    rows: texts('a', 'é', 'ﬀ', '😀'),
  },
  {
    title: 'a key in sjis',
    table: '(k varchar(5) CHARACTER SET sjis COLLATE sjis_japanese_ci PRIMARY KEY)',
    rows: texts('b', 'ア', '亜', '宮', '愛', 'ｱ'),
  },
  {
    title: 'a composite key',
    table:
      '(n int, b varbinary(5), k varchar(5) COLLATE utf8mb4_general_ci, PRIMARY KEY (k, n, b))',
    rows: [
      [`10, x'', 'B'`, '10,\\x,B'],
      [`2, x'00', 'a'`, '2,\\x00,a'],
      [`2, x'0001', 'a'`, '2,\\x0001,a'],
      [`2, x'61', 'a'`, '2,\\x61,a'],
      [`10, x'', 'a'`, '10,\\x,a'],
    ],
  },
]

const otherKeys: readonly OrderCase[] = [
  {
    title: 'a key of whole numbers, descending',
    table: '(k bigint unsigned, PRIMARY KEY (k DESC))',
    rows: plain('0', '9', '10', '9223372036854775808', '18446744073709551615'),
  },
  {
    title: 'a key of decimals',
    table: '(k decimal(10,2) PRIMARY KEY)',
    rows: plain('-10.00', '-9.50', '0.00', '9.00', '10.00'),
  },
  {
    title: 'a key of doubles',
    table: '(k double PRIMARY KEY)',
    rows: plain('-1e300', '-1', '5e-324', '0.1', '9', '10').map(([sql]) => [sql, sql]),
  },
  {
    title: 'a key of dates that are none',
    table: '(k date PRIMARY KEY)',
    rows: texts('0000-00-00', '2024-00-00', '2024-00-15', '2024-02-28', '2024-02-31', '9999-12-31'),
  },
  {
    title: 'a key of times',
    table: '(k time(6) PRIMARY KEY)',
    rows: texts(
      '-838:59:59.000000',
      '-09:00:00.000000',
      '00:00:00.000000',
      '09:00:00.000001',
      '100:00:00.000000',
    ),
  },
  {
    title: 'a key of timestamps on the night when clocks go back',
    table: '(k timestamp PRIMARY KEY)',
    before: "SET time_zone = '+00:00';",
    rows: texts('2024-10-27 00:30:00', '2024-10-27 01:30:00', '2024-10-27 02:30:00'),
  },
  { title: 'a key of years', table: '(k year PRIMARY KEY)', rows: plain('0000', '1901', '2155') },
  {
    title: 'a key of bits',
    table: '(k bit(10) PRIMARY KEY)',
    rows: ['0000000000', '0000000001', '0100000000', '1111111111'].map((bits) => [
      `b'${bits}'`,
      bits,
    ]),
  },
  {
    title: 'a key of bytes of one length',
    table: '(k binary(2) PRIMARY KEY)',
    rows: hex('0000', '0061', '4100', '6100', '6120', 'ff00'),
  },
  {
    title: 'a key of bytes of any length',
    table: '(k varbinary(9) PRIMARY KEY)',
    rows: hex('', '00', '0000', '20', '61', '6100', '6120', '62', 'ff'),
  },
  {
    title: 'a key of labels, by their texts and not by their places',
    table: "(k enum('b','C','a','','\\\\x') COLLATE utf8mb4_bin PRIMARY KEY)",
    rows: [
      [`''`, '""'],
      [`'C'`, 'C'],
      [`'\\\\x'`, '\\\\x'],
      [`'a'`, 'a'],
      [`'b'`, 'b'],
    ],
  },
  {
    title: 'a key of sets',
    table: "(k set('b','C','a') COLLATE utf8mb4_bin PRIMARY KEY)",
    rows: [
      [`''`, '""'],
      [`'C'`, 'C'],
      [`'C,a'`, '"C,a"'],
      [`'a'`, 'a'],
      [`'b'`, 'b'],
      [`'b,a'`, '"b,a"'],
    ],
  },
  {
    title: 'an invalid label beside the empty one',
    table: "(k enum('a','') COLLATE utf8mb4_bin PRIMARY KEY, v int)",
    rows: [
      [`2, 1`, '"",1'],
      [`'none', 1`, '\\0,1'],
      [`1, 1`, 'a,1'],
    ],
  },
]

/** 62 labels of 17 kB together. */
const longNames = Array.from({ length: 62 }, (_, index) => `${index + 10}`.padEnd(250, 'x'))

const noKeys: readonly OrderCase[] = [
  {
    title: 'a unique key that may be NULL is none',
    table: '(u int UNIQUE, v int)',
    rows: [
      ['NULL, 1', ',1'],
      ['NULL, 1', ',1'],
      ['NULL, 2', ',2'],
      ['1, 9', '1,9'],
      ['10, 0', '10,0'],
    ],
  },
  {
    title: 'a unique key without NULLs is one',
    table: '(v int, u varchar(5) COLLATE utf8mb4_general_ci NOT NULL UNIQUE)',
    rows: [
      [`3, 'B'`, '3,B'],
      [`2, 'a'`, '2,a'],
      [`1, 'c'`, '1,c'],
    ],
  },
  {
    title: 'a key of beginnings is none',
    table: '(v int, b blob NOT NULL, PRIMARY KEY (b(3)))',
    rows: [
      [`1, 'zzz'`, '1,\\x7a7a7a'],
      [`2, 'aaab'`, '2,\\x61616162'],
      [`2, 'b'`, '2,\\x62'],
    ],
  },
  {
    title: 'the invalid label beside the empty one, without a key',
    table: "(e enum('a','') COLLATE utf8mb4_bin)",
    rows: [
      ['NULL', ''],
      ['2', '""'],
      [`'none'`, '\\0'],
      ['1', 'a'],
    ],
  },
  {
    title: 'geometry',
    table: '(g point)',
    rows: [
      [`ST_GeomFromText('POINT(0 0)')`, `\\x${'00'.repeat(4)}0101000000${'00'.repeat(16)}`],
      [`ST_GeomFromText('POINT(0 1)')`, `\\x${'00'.repeat(4)}0101000000${'00'.repeat(14)}f03f`],
      [
        `ST_GeomFromText('POINT(1 0)')`,
        `\\x${'00'.repeat(4)}0101000000${'00'.repeat(6)}f03f${'00'.repeat(8)}`,
      ],
    ],
  },
  {
    title: 'JSON',
    table: '(j json)',
    rows: [
      ['NULL', ''],
      [`'"a"'`, '"""a"""'],
      [`'1'`, '1'],
      [`'10'`, '10'],
      [`'2'`, '2'],
      [`'[]'`, '[]'],
      [`'{}'`, '{}'],
    ],
  },
  ...[1_030, 16_400, 40_000].map((length) => longCase('blob', length)),
  ...[1_030, 16_400].map((length) => longCase('text', length)),
  longCase('mediumtext', 300_000),
  longCase('varchar(16000)', 15_999),
  longCase('varbinary(60000)', 59_999),
  reversed(longCase('longblob', 9_000_000)),
  {
    title: 'several long columns',
    table: '(a longblob, b longtext, c mediumblob)',
    rows: ['a', 'b', 'c'].map((end) => [
      `REPEAT('x', 100000), REPEAT('y', 100000), CONCAT(REPEAT('z', 100000), '${end}')`,
      `\\x${'78'.repeat(100_000)},${'y'.repeat(100_000)},\\x${'7a'.repeat(100_000)}${Buffer.from(end).toString('hex')}`,
    ]),
  },
  {
    title: 'sets that differ after many long names',
    table: `(s set('${longNames.join("','")}','a','b') COLLATE utf8mb4_bin)`,
    rows: [
      [String(2n ** 63n - 1n), `"${longNames.join(',')},a"`],
      [String(2n ** 63n + 2n ** 62n - 1n), `"${longNames.join(',')},b"`],
    ],
  },
  {
    title: 'partitions',
    table: '(v int, w varchar(5)) PARTITION BY HASH (v) PARTITIONS 3',
    rows: [
      [`NULL, NULL`, ','],
      [`1, 'B'`, '1,B'],
      [`1, 'a'`, '1,a'],
      [`2, NULL`, '2,'],
      [`10, ''`, '10,""'],
    ],
  },
  ...['MyISAM', 'MEMORY'].map((engine) => ({
    title: `the engine ${engine}`,
    table: `(v int, w varchar(5)) ENGINE=${engine}`,
    rows: [
      [`1, 'B'`, '1,B'],
      [`1, 'a'`, '1,a'],
      [`10, ''`, '10,""'],
    ] as const,
  })),
]

/** Beyond the 8 MB that the servers sort by, digests decide: that of `…b` is the smaller one. */
function reversed(longest: OrderCase): OrderCase {
  return { ...longest, rows: longest.rows.toReversed() }
}

function longCase(type: string, length: number): OrderCase {
  const isBinary = /b(?:lob|inary)/.test(type)
  const tail = length >= 100_000 ? ['a', 'b'] : ['a', 'b', 'c', 'd']
  return {
    title: `values of type ${type} that differ after ${length} bytes`,
    table: `(v ${type})`,
    rows: tail.map((end) => {
      const body = 'x'.repeat(length)
      const shown = isBinary ? `\\x${Buffer.from(body + end).toString('hex')}` : body + end
      return [`CONCAT(REPEAT('x', ${length}), '${end}')`, shown]
    }),
  }
}

/** MariaDB 10.11 stores no -0. */
const signedZeros: OrderCase = {
  title: 'zeros of both signs',
  table: '(f float, d double)',
  rows: [
    ['NULL, NULL', ','],
    ['-1, 0', '-1,0'],
    ['-0e0, -0e0', '-0,-0'],
    ['-0e0, 0', '-0,0'],
    ['0, -0e0', '0,-0'],
    ['0, 0', '0,0'],
    ['0, 0', '0,0'],
    ['9, 0', '9,0'],
    ['10, 0', '10,0'],
  ],
}

const onMariadb: readonly OrderCase[] = [
  {
    title: 'blanks at the end of a key that sees them',
    table: '(k varchar(20) COLLATE utf8mb4_nopad_bin PRIMARY KEY)',
    rows: texts('a', 'a\u0001', 'a ', 'a  ', 'a!'),
  },
  {
    title: 'a key of long bytes',
    table: '(v int, k blob NOT NULL, UNIQUE (k) USING HASH)',
    rows: ['a', 'b', 'c'].map((end, index) => [
      `${9 - index}, CONCAT(REPEAT('x', 30000), '${end}')`,
      `${9 - index},\\x${'78'.repeat(30_000)}${Buffer.from(end).toString('hex')}`,
    ]),
  },
  {
    title: 'a key of UUIDs',
    table: '(k uuid PRIMARY KEY)',
    rows: texts(
      '00000000-0000-1000-8000-0000000000ff',
      '00000001-0000-1000-8000-000000000000',
      'ffffffff-0000-1000-8000-000000000000',
    ),
  },
  {
    title: 'a key of addresses',
    table: '(k inet6 PRIMARY KEY)',
    rows: texts('1::', '::', '::1', '::ffff:1.2.3.4', 'ff02::1'),
  },
]

const onMysql: readonly OrderCase[] = [
  {
    title: 'a key of computed values is none',
    table: '(v int, w int, g int AS (v % 10) STORED NOT NULL, UNIQUE (g))',
    rows: [
      ['1, 9, DEFAULT', '1,9'],
      ['5, 1, DEFAULT', '5,1'],
      ['20, 0, DEFAULT', '20,0'],
    ],
  },
  {
    title: 'blanks at the end of a key that sees them',
    table: '(k varchar(20) COLLATE utf8mb4_0900_bin PRIMARY KEY)',
    rows: texts('a', 'a\u0001', 'a ', 'a  ', 'a!'),
  },
  {
    title: 'a key of expressions is none',
    table: '(v int, w int, UNIQUE ((v % 10)))',
    rows: plain('1,9', '5,1', '20,0'),
  },
]

/** The cases that this server can have. */
export function mysqlCases(name: MysqlServer): readonly OrderCase[] {
  return [
    ...textKeys,
    ...otherKeys,
    ...noKeys,
    ...(name === 'mysql' ? onMysql : onMariadb),
    ...(name === 'mariadb' ? [] : [signedZeros]),
  ]
}
