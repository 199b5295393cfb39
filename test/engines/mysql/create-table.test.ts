import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCreateTable } from '../../../src/engines/mysql/create-table.ts'
import { joinTokens, tokenize } from '../../../src/engines/mysql/lexer.ts'
import { chooseKey } from '../../../src/engines/mysql/catalog/key.ts'

const columns =
  "CREATE TABLE `t` (\n  `id` int(11) NOT NULL COMMENT ') AUTO_INCREMENT=3 (',\n  `x)` text\n)"

test('only the table option AUTO_INCREMENT becomes a counter', () => {
  const tail =
    " ENGINE=InnoDB AUTO_INCREMENT=18446744073709551615 DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=7'"
  const read = readCreateTable(columns + tail, 'db')
  expect(read.autoIncrement).toBe('18446744073709551615')
  expect(read.statement).toBe(
    `${columns} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=7'`,
  )
})

test('the order of options is fixed, and partitions stay as they are', () => {
  const partitions = '\n PARTITION BY HASH (`id`)\nPARTITIONS 4'
  const one =
    " ENGINE=MyISAM DEFAULT CHARSET=latin1 COLLATE=latin1_bin CHECKSUM=1 DELAY_KEY_WRITE=1 UNION=(`a`,`b`) `opt`=yes COMMENT='c' WITH SYSTEM VERSIONING"
  const other =
    " COMMENT='c' `opt`=yes UNION=(`a`,`b`) ENGINE=MyISAM DELAY_KEY_WRITE=1 WITH SYSTEM VERSIONING CHECKSUM=1 COLLATE=latin1_bin DEFAULT CHARSET=latin1"
  const read = (tail: string) => readCreateTable(columns + tail + partitions, 'db').statement
  expect(read(other)).toBe(read(one))
  expect(read(one)).toContain(' ENGINE=MyISAM DEFAULT CHARSET=latin1 COLLATE=latin1_bin CHECKSUM=1')
  expect(read(one).endsWith(`COMMENT='c' WITH SYSTEM VERSIONING${partitions}`)).toBe(true)
  const mysqlTail =
    '/*!50100 TABLESPACE `ts` */ ENGINE=InnoDB AUTO_INCREMENT=4\n/*!50100 PARTITION BY KEY (id) */'
  expect(readCreateTable(`${columns} ${mysqlTail}`, 'db').statement).toBe(
    `${columns} ENGINE=InnoDB /*!50100 TABLESPACE \`ts\` */\n/*!50100 PARTITION BY KEY (id) */`,
  )
})

test('options of an unknown shape stay in their order', () => {
  expect(readCreateTable(`${columns} SOME THING ENGINE=x`, 'db').statement).toBe(
    `${columns} SOME THING ENGINE=x`,
  )
})

test("sequences are named without their database, other databases' with it", () => {
  const read = (database: string) =>
    readCreateTable(
      `CREATE TABLE \`t\` (\n  \`a\` int DEFAULT nextval(\`d.b\`.\`s\`)\n) ENGINE=x`,
      database,
    )
  expect(read('d.b')).toEqual({
    statement: 'CREATE TABLE `t` (\n  `a` int DEFAULT nextval(`s`)\n) ENGINE=x',
    sequences: ['s'],
  })
  expect(read('other').statement).toContain('nextval(`d.b`.`s`)')
  expect(read('other').sequences).toEqual([])
})

test('any text is its tokens', () => {
  const parts = fc.constantFrom(
    "'",
    '"',
    '`',
    '\\',
    '#',
    '-- ',
    '/*',
    '/*!50100',
    '*/',
    '(',
    ')',
    ' ',
    '\n',
    'a',
    'é',
    '😀',
    '\ud800',
    '.',
  )
  fc.assert(
    fc.property(fc.array(parts), (pieces) => {
      expect(joinTokens(tokenize(pieces.join('')))).toBe(pieces.join(''))
    }),
  )
})

test('a key is chosen by its columns', () => {
  const column = (name: string, generated = false) => ({ name, type: 'int', generated })
  const all = [column('a'), column('b'), column('g', true), column('c')]
  const index = (name: string, ...names: string[]) => ({ name, columns: names, exact: true })
  expect(
    chooseKey(all, [index('aaa', 'b', 'a'), index('zzz', 'a', 'b'), index('PRIMARY', 'c', 'a')]),
  ).toEqual(['c', 'a'])
  expect(chooseKey(all, [index('aaa', 'b', 'a'), index('zzz', 'a', 'b')])).toEqual(['a', 'b'])
  expect(chooseKey(all, [index('aaa', 'a', 'b'), index('zzz', 'c')])).toEqual(['c'])
  expect(chooseKey(all, [index('aaa', 'g'), { ...index('b', 'b'), exact: false }])).toEqual([])
})
