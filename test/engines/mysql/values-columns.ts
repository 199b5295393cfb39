import fc from 'fast-check'
import { bytes, characters, hex, number, of, quoted, type ColumnOfType } from './values-literals.ts'
import { numbers, times, timestamps } from './values-scalars.ts'

const texts: readonly ColumnOfType[] = [
  of('char(5)', ["''", "'a  '", "' a'", "'\\\\x00'", "'\\\\\\\\x'"], characters(5)),
  of(
    'varchar(20) CHARACTER SET utf8mb4',
    [
      "''",
      "'a '",
      "'\\\\.'",
      "'\\\\xff'",
      "'\\\\xFF'",
      "'NULL'",
      "'\\\\N'",
      "'\"'",
      "','",
      "'\\r'",
      "'\\n'",
      "'\\0'",
      "_utf8mb4 x'efbbbf41'",
      "_utf8mb4 x'efbfbd'",
    ],
    characters(20),
  ),
  of('varchar(20) COLLATE utf8mb4_bin', ["''", "'é'", "'e\u0301'"], characters(20, 'grapheme')),
  of('varchar(9) CHARACTER SET utf16', ["''", "'\\\\x0041'"], characters(9)),
  of('varchar(9) CHARACTER SET utf16le', ["''", "'\\\\x'"], characters(9)),
  of('varchar(9) CHARACTER SET utf32', ["''", "'\\\\x00'"], characters(9)),
  of(
    'varchar(9) CHARACTER SET ucs2',
    ["''", "x'd800'", "x'dc00d800'", "x'd83dde00'", "'\\\\xd800'"],
    bytes(18).map((value) => (value.length % 4 === 3 ? value : "''")),
  ),
  of('varchar(9) CHARACTER SET gbk', ["''", "'\\\\'", "x'a1a15c'", "x'a2a1'", "x'815c'"]),
  of('varchar(9) CHARACTER SET sjis', ["''", "'\\\\'", "x'815f'"]),
  of('varchar(9) CHARACTER SET latin1', ["''", "'\\\\xab'"], bytes(9)),
  of('varchar(9) CHARACTER SET cp1250', ["''", "x'8183'"], bytes(9)),
  of('char(9) CHARACTER SET ucs2', ["''", "x'00410020'", "x'd800'"]),
  of('tinytext', ["''"], characters(20)),
  of('mediumtext', ["''", "REPEAT('é,\"\\n', 3000)"], characters(20)),
  of(
    'longtext CHARACTER SET utf8mb3',
    ["''"],
    characters(20, 'grapheme').map((value) => (/f[0-4]/.test(value) ? "'a'" : value)),
  ),
]

const labels = [
  String.raw`'a'`,
  "''",
  "'c,d'",
  String.raw`'\\x41'`,
  String.raw`'\\0'`,
  "'it''s'",
  "'\"'",
  "'é'",
]
const items = Array.from({ length: 63 }, (_, index) => `'i${index}'`)
const choices: readonly ColumnOfType[] = [
  of(`enum(${labels.join(', ')})`, ['0'], number(0, labels.length).map(String)),
  of(`enum('x', 'y') CHARACTER SET ucs2`, ['0', '1', '2']),
  of(`set('', 'a', '\\\\\\\\b', 'é')`, ['0', '1'], number(0, 15).map(String)),
  of(
    `set(${items.join(', ')}, '63')`,
    ['0', String(2n ** 64n - 1n), String(2n ** 63n)],
    fc.bigInt(0n, 2n ** 64n - 1n).map(String),
  ),
]

const binaries: readonly ColumnOfType[] = [
  of('binary(3)', ["''", "x'000000'", "x'610000'", "x'202020'"], bytes(3)),
  of('binary', ["''", "x'00'", "x'20'"]),
  of('varbinary(9)', ["''", "x'61'", "x'6100'", "x'610000'", "x'5c'", "x'0a0d00'"], bytes(9)),
  of('tinyblob', ["''", "x'00'"], bytes(50)),
  of('blob', ["''", "x'ff00'"], bytes(300)),
  of('mediumblob', ["REPEAT(x'00', 70000)"], bytes(9)),
  of('longblob', ["REPEAT(x'ff5c27', 50000)"], bytes(9)),
]

const position = number(-89, 89)
const points = fc.tuple(position, position).map(([x, y]) => `ST_GeomFromText('POINT(${x} ${y}.5)')`)
const shapes: readonly (readonly [string, readonly string[]])[] = [
  ['point', ["ST_GeomFromText('POINT(1 2)', 0)"]],
  ['linestring', ["ST_GeomFromText('LINESTRING(0 0, -1.5 1e300)')"]],
  ['polygon', ["ST_GeomFromText('POLYGON((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))')"]],
  ['multipoint', ["ST_GeomFromText('MULTIPOINT(0 0, 1 1)')"]],
  ['multilinestring', ["ST_GeomFromText('MULTILINESTRING((0 0, 1 1), (5 5, 6 6))')"]],
  ['multipolygon', ["ST_GeomFromText('MULTIPOLYGON(((0 0, 9 0, 9 9, 0 0)))')"]],
  [
    'geometrycollection',
    [
      "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))')",
      "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')",
    ],
  ],
  [
    'geometry',
    [
      "x'e61000000101000000000000000000f03f0000000000000040'",
      "ST_GeomFromText('POINT(-0.0 5e-324)')",
    ],
  ],
]
const geometries: readonly ColumnOfType[] = shapes.map(([type, edges]) =>
  of(type, edges, type === 'geometry' || type === 'point' ? points : undefined),
)

const mariadbOnly: readonly ColumnOfType[] = [
  of('inet4', ["'0.0.0.0'", "'255.255.255.255'"]),
  of('inet6', [
    "'::'",
    "'::ffff:1.2.3.4'",
    "'fe80::1'",
    "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'",
  ]),
  of(
    'uuid',
    ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    fc.uuid().map(quoted),
  ),
  of(
    'json',
    ["'null'", `'{"b": 1.50,  "a": [1, {"a": 1, "a": 2}], "n": 1e400}'`, `'" "'`],
    fc.json().map((text) => `_utf8mb4 ${hex(Buffer.from(text))}`),
  ),
  of('varchar(200) COMPRESSED', ["''", "REPEAT('a', 150)"], characters(9)),
  of('blob COMPRESSED', ["''", "x'00'", "REPEAT(x'00', 999)"], bytes(9)),
  of('text COMPRESSED CHARACTER SET ucs2', ["''", "x'd800'", "REPEAT('a', 999)"]),
  of('year(2)', ["'00'", "'70'", "'69'"]),
  of('time(6)', ["'838:59:59.999999'", "'-838:59:59.999999'"]),
  of('geometry', ["ST_GeomFromText('POINT(1 2)', 999999)"]),
  of('varchar(9) CHARACTER SET utf8mb4', ["x'eda080'", "x'edb08041'", "'\\\\xeda080'"]),
  of('varchar(9) CHARACTER SET ascii', ["x'ff'", "x'41ff'", "'?'", "'\\\\xff'"], bytes(9)),
]
const vector = (make: string) =>
  of('vector(3)', [`${make}('[0, -1.5, 1e-30]')`, "x'000000000000008000000080'"])
const mysqlOnly: readonly ColumnOfType[] = [
  vector('STRING_TO_VECTOR'),
  of(
    'json',
    [
      "'null'",
      `'{"b": 1.50, "a": [1, -0.0, 1e20, 18446744073709551615, -9223372036854775808]}'`,
      `'"\\\\u0000é"'`,
      "'[]'",
      "'1e-7'",
    ],
    fc
      .json({ noUnicodeString: false })
      .map((text) => `_utf8mb4 ${hex(Buffer.from(text.isWellFormed() ? text : '{}'))}`),
  ),
  of('point SRID 4326', ["ST_GeomFromText('POINT(51.5 -0.1)', 4326)"]),
  of('varchar(9) CHARACTER SET gb18030', ["''", "x'81308130'", "x'fe39fe39'", "'é'"]),
]

const common = [
  ...numbers,
  ...times,
  ...timestamps(2 ** 31 - 1),
  ...texts,
  ...choices,
  ...binaries,
  ...geometries,
]

/** Columns whose types and values all servers have. */
export function commonColumns(): readonly ColumnOfType[] {
  return common
}

/** A column of every type of a server, with every kind of value. */
export function columnsOf(server: string): readonly ColumnOfType[] {
  const last = server === 'mariadb11' ? 2 ** 32 - 1 : 2 ** 31 - 1
  const own =
    server === 'mysql'
      ? mysqlOnly
      : [...mariadbOnly, ...(server === 'mariadb11' ? [vector('VEC_FromText')] : [])]
  return [
    ...numbers,
    ...times,
    ...timestamps(last),
    ...texts,
    ...choices,
    ...binaries,
    ...geometries,
    ...own,
  ]
}
