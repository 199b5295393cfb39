import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { takeOverRows } from '../support/conversion.ts'
import { mysqlSubject } from '../support/subjects/mysql.ts'
import { postgresSubject } from '../support/subjects/postgres.ts'
import { sqliteSubject } from '../support/subjects/sqlite.ts'
import type { Subject, TestDatabase } from '../support/subjects/subject.ts'

/** One engine: its fixture, and how its own client says what it holds. */
interface Side {
  readonly subject: Subject
  readonly fixture: string
  /** One line a row, the same on every engine. */
  readonly question: string
  readonly insertNext: string
}

const sides: readonly Side[] = [
  {
    subject: mysqlSubject('mariadb'),
    fixture: 'mysql',
    question: `SET time_zone = '+00:00'; SELECT CONCAT_WS('|', Id, IFNULL(Flag, '-'), IFNULL(Small, '-'), IFNULL(Big, '-'), IFNULL(Price, '-'),
      IFNULL(Single, '-'), IFNULL(\`Double\` = 0.1e0 + 0.2e0, '-'), IFNULL(LOWER(HEX(Name)), '-'), IFNULL(LOWER(HEX(Picture)), '-'), IFNULL(Day, '-'),
      IFNULL(Clock, '-'), IFNULL(MadeAt, '-'), IFNULL(SeenAt, '-'), IFNULL(LOWER(HEX(Document)), '-'), IFNULL(CAST(Uid AS CHAR), '-'), IFNULL(LOWER(HEX(Rating)), '-'),
      IFNULL(Features, '-'), IFNULL(ReleaseYear, '-'), IFNULL(Bits + 0, '-')) FROM EveryValue ORDER BY Id;`,
    insertNext:
      'INSERT INTO EveryValue (Small) VALUES (7); SELECT Id FROM EveryValue WHERE Small = 7;',
  },
  {
    subject: postgresSubject('postgres15'),
    fixture: 'postgres',
    question: `SET timezone = 'UTC'; SELECT concat_ws('|', id, coalesce(flag::int::text, '-'), coalesce(small::text, '-'), coalesce(big::text, '-'),
      coalesce(price::text, '-'), coalesce(single::text, '-'), coalesce(("double" = 0.1::float8 + 0.2::float8)::int::text, '-'),
      coalesce(encode(convert_to(name, 'UTF8'), 'hex'), '-'), coalesce(encode(picture, 'hex'), '-'), coalesce(day::text, '-'), coalesce(clock::text, '-'),
      coalesce(made_at::text, '-'), coalesce((seen_at AT TIME ZONE 'UTC')::text, '-'), coalesce(encode(convert_to(document::text, 'UTF8'), 'hex'), '-'),
      coalesce(uid::text, '-'), coalesce(encode(convert_to(rating::text, 'UTF8'), 'hex'), '-'), coalesce(array_to_string(features, ','), '-'),
      coalesce(release_year::text, '-'), coalesce(bits::int::text, '-')) FROM every_value ORDER BY id;`,
    insertNext: 'INSERT INTO every_value (small) VALUES (7) RETURNING id;',
  },
  {
    subject: sqliteSubject,
    fixture: 'sqlite',
    question: `SELECT printf('%d', id) || '|' || ifnull(flag, '-') || '|' || ifnull(small, '-') || '|' || ifnull(big, '-') || '|' || iif(price IS NULL, '-', printf('%.2f', price)) || '|' ||
      ifnull(single, '-') || '|' || ifnull([double] = 0.1 + 0.2, '-') || '|' || iif(name IS NULL, '-', lower(hex(name))) || '|' || iif(picture IS NULL, '-', lower(hex(picture))) || '|' || ifnull(day, '-') || '|' ||
      ifnull(clock, '-') || '|' || ifnull(madeat, '-') || '|' || ifnull(seenat, '-') || '|' || iif(document IS NULL, '-', lower(hex(document))) || '|' || ifnull(uid, '-') || '|' ||
      iif(rating IS NULL, '-', lower(hex(rating))) || '|' || ifnull(features, '-') || '|' || ifnull(releaseyear, '-') || '|' || ifnull(bits, '-') FROM everyvalue ORDER BY id;
      SELECT 'classes', group_concat(DISTINCT typeof(flag)), group_concat(DISTINCT typeof(big)), group_concat(DISTINCT typeof(price)), group_concat(DISTINCT typeof(single)),
      group_concat(DISTINCT typeof(picture)), group_concat(DISTINCT typeof(day)), group_concat(DISTINCT typeof(madeat)) FROM everyvalue WHERE id < 3;`,
    insertNext:
      'INSERT INTO everyvalue (small) VALUES (7); SELECT id FROM everyvalue WHERE small = 7;',
  },
]

const hex = (text: string) => Buffer.from(text).toString('hex')

const rows = [
  `1|1|-16384|9223372036854775807|12.30|0.1|1|${hex('Grüße, "x"\n🎉')}|00ff5c0a|2024-02-29|23:59:58.5|2024-02-29 12:00:00.25|2024-07-01 10:00:00|${hex('{"a": [1, "\\u00e9"]}')}|6f1e0a52-0d4b-4a53-9a3c-0f5b6c7d8e9f|${hex("it's")}|red,deep blue|2006|5`,
  `2|0|16383|-9223372036854775808|-9999.99|-3.25|0|||1999-12-31|00:00:00.5|1999-12-31 23:59:59.75|1970-01-02 00:00:00|${hex('[]')}|00000000-0000-0000-0000-000000000000|${hex('old \\ back')}||1901|0`,
  `3${'|-'.repeat(18)}`,
]
const classes = 'classes|integer|integer|real|real|blob|text|text'

const made: TestDatabase[] = []
afterAll(() => {
  for (const database of made) database.remove()
})

function script(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'fixtures', 'neutral', `${name}.sql`), 'utf8')
}

async function databaseOf({ subject, fixture }: Side, withRows: boolean): Promise<TestDatabase> {
  const database = await subject.create()
  made.push(database)
  database.run(script(fixture))
  if (withRows) database.run(script(`${fixture}-rows`))
  return database
}

function answer(database: TestDatabase, { question }: Side): readonly string[] {
  return database
    .run(question)
    .split('\n')
    .filter((line) => line !== '')
}

const directions = sides.flatMap((from) =>
  sides
    .filter((into) => into !== from)
    .map((into) => ({ title: `${from.subject.name} → ${into.subject.name}`, from, into })),
)

describe.each(directions)('$title', ({ from, into }) => {
  test('every value arrives, as the target itself says', async () => {
    const source = await databaseOf(from, true)
    const target = await databaseOf(into, false)
    const wanted = (side: Side) => (side.fixture === 'sqlite' ? [...rows, classes] : rows)
    expect(answer(source, from)).toEqual(wanted(from))
    const report = await takeOverRows(source, target)
    expect(report.tables).toMatchObject([{ rowsInFiles: 3, rowsInTarget: 3 }])
    expect(answer(target, into)).toEqual(wanted(into))
    expect(target.run(into.insertNext).trim()).toBe('4')
  })
})

/** A column of one engine with a value that a column of another can't hold. */
const misfits: readonly (readonly [string, string, string, string, string, string])[] = [
  ['mariadb', 'bigint unsigned', '18446744073709551615', 'postgres15', 'bigint', 'is not between'],
  ['mariadb', 'decimal(20,10)', '1.0000000001', 'postgres15', 'numeric(6,2)', 'more digits'],
  [
    'mariadb',
    'decimal(30,10)',
    '1234567890123.0000000001',
    'sqlite',
    'DECIMAL(30,10)',
    'more digits',
  ],
  ['mariadb', 'double', '0.1', 'postgres15', 'integer', 'is no whole number'],
  ['mariadb', 'tinyint(1)', '2', 'postgres15', 'boolean', 'is neither true nor false'],
  ['mariadb', 'point', "ST_GeomFromText('POINT(1 2)')", 'postgres15', 'point', 'geometry'],
  ['mariadb', 'varchar(20)', "'eleven char'", 'postgres15', 'varchar(10)', 'longer than 10'],
  ['mariadb', 'varchar(5)', "'a\\0b'", 'postgres15', 'text', 'holds a NUL'],
  [
    'mariadb',
    'datetime(6)',
    "'2024-01-01 00:00:00.000001'",
    'postgres15',
    'timestamp(3)',
    'more than 3 digits',
  ],
  ['mariadb', 'datetime', "'2024-01-01 10:00:00'", 'postgres15', 'date', 'time of day'],
  ['mariadb', 'time', "'-12:00:00'", 'postgres15', 'time', 'is no time of day'],
  ['mariadb', 'blob', "'x'", 'postgres15', 'text', 'is bytes'],
  ['mariadb', 'varchar(5)', "'012'", 'sqlite', 'INTEGER', 'is no number'],
  ['mariadb', 'varchar(5)', "'{'", 'postgres15', 'jsonb', 'is no JSON'],
  ['postgres15', 'timestamp', "'infinity'", 'mariadb', 'datetime', 'no timestamp of the calendar'],
  ['postgres15', 'date', "'0044-03-15 BC'", 'sqlite', 'DATE', 'no date of the calendar'],
  [
    'postgres15',
    'timestamptz',
    "'2024-01-01 00:00:00.5+00'",
    'mariadb',
    'datetime',
    'more than 0 digits',
  ],
  [
    'postgres15',
    'timestamptz',
    "'1969-12-31 23:59:59+00'",
    'mariadb',
    'timestamp null',
    'is not between 1970',
  ],
  ['postgres15', 'float8', "'NaN'", 'mariadb', 'double', 'is no finite number'],
  ['postgres15', 'float8', "'NaN'", 'sqlite', 'REAL', 'is not a number'],
  ['postgres15', 'numeric', '0.1234567890123456789', 'mariadb', 'double', 'more digits'],
  ['postgres15', 'text', "'odd'", 'mariadb', "enum('even')", 'none of the labels'],
  ['postgres15', 'text[]', "'{red,blue}'", 'mariadb', "set('red')", 'none of the labels'],
  ['postgres15', 'text[]', "'{{a},{b}}'", 'mariadb', 'text', 'several dimensions'],
  ['postgres15', 'bytea', "'\\x0102'", 'mariadb', 'binary(3)', 'is not 3 bytes long'],
  ['postgres15', 'text', "'012'", 'sqlite', 'NUMERIC', 'is no number'],
  ['postgres15', 'text', "'012'", 'sqlite', 'STRING', 'turn into a number'],
  ['sqlite', 'INTEGER', "'text'", 'postgres15', 'integer', 'is no number'],
  ['sqlite', 'INTEGER', '4294967296', 'mariadb', 'int unsigned', 'is not between'],
  ['sqlite', 'DATETIME', '1700000000', 'postgres15', 'timestamp', 'is no timestamp'],
  [
    'sqlite',
    'DATETIME',
    "'0000-00-00 00:00:00'",
    'mariadb',
    'datetime',
    'no timestamp of the calendar',
  ],
  ['sqlite', 'TEXT', "x'00'", 'mariadb', 'text', 'is bytes'],
  ['sqlite', 'REAL', '9e999', 'mariadb', 'double', 'is no finite number'],
]

function named(name: string): Subject {
  const found = sides.find(({ subject }) => subject.name === name)
  if (found === undefined) throw new Error(`no side ${name}`)
  return found.subject
}

test.each(misfits)(
  '%s %s %s into %s %s is refused',
  async (fromName, fromType, value, intoName, intoType, reason) => {
    const [source, target] = [await named(fromName).create(), await named(intoName).create()]
    made.push(source, target)
    source.run(`CREATE TABLE t (id integer PRIMARY KEY, c ${fromType});
      INSERT INTO t (id) VALUES (1); INSERT INTO t VALUES (2, ${value});`)
    target.run(`CREATE TABLE t (id integer PRIMARY KEY, c ${intoType});`)
    const taking = takeOverRows(source, target)
    await expect(taking).rejects.toMatchObject({
      code: 'value-does-not-fit',
      message: expect.stringMatching(/^Row 2 of (?:public\.)?t, column c \(/) as unknown,
    })
    await expect(taking).rejects.toThrow(reason)
    expect(target.run('SELECT count(*) FROM t;').trim()).toBe('0')
  },
)
