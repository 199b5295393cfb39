import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  readDatabaseObjects,
  readFacts,
  writeDatabaseObjects,
  writeFacts,
} from '../../src/files/database-file.ts'
import { referenceOf } from '../../src/files/layout.ts'
import { readObject, writeObject } from '../../src/files/object-file.ts'
import type { StoredObject } from '../../src/files/object-file.ts'
import type { ObjectKey } from '../../src/model.ts'

const lookAlikes = [
  '-- After the rows:',
  '-- After the rows::',
  '-- After the rows:\r',
  '-- Depends on: tables/x.sql',
  '-- Ordered by: id',
  '-- Masked: email (hash)',
  '-- Section marker: -- After the rows::',
  '-- Object: schema/x',
  '-- Object:: schema/x',
  '-- Object line: -- Object:: ',
  'create table x (a int);',
  'trailing blanks  ',
  'a line\r',
  '\u{feff}mark',
  '',
]
const statements = fc
  .array(fc.oneof(fc.constantFrom(...lookAlikes), fc.string({ unit: 'grapheme' })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((lines) => `${lines.join('\n')}\n`)
  .filter((text) => text.trim() !== '')
const dependency = fc.record<ObjectKey>(
  {
    kind: fc.constantFrom('type', 'table', 'function', 'schema', 'extension'),
    name: fc.string({ unit: 'grapheme' }),
    schema: fc.string(),
  },
  { requiredKeys: ['kind', 'name'] },
)
const dependsOn = fc
  .uniqueArray(dependency, { selector: referenceOf, maxLength: 4 })
  .map((keys) => keys.sort((a, b) => (referenceOf(a) < referenceOf(b) ? -1 : 1)))
const key: ObjectKey = { kind: 'table', schema: 'public', name: 'users' }
const object: fc.Arbitrary<StoredObject> = fc
  .record(
    {
      sql: statements,
      sqlAfterRows: statements,
      dependsOn,
      orderBy: fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
      masked: fc.array(
        fc.record({
          name: fc.string({ unit: 'grapheme' }),
          mask: fc.constantFrom('hash', 'null', 'text'),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: ['sql', 'dependsOn'] },
  )
  .map((parts) => ({ ...key, ...parts }))

describe('the file of an object', () => {
  test('looks like this', () => {
    expect(
      writeObject({
        ...key,
        sql: 'CREATE TABLE public.users (id integer);\n',
        sqlAfterRows: 'ALTER TABLE public.users ADD FOREIGN KEY (id) REFERENCES public.t (id);\n',
        dependsOn: [
          { kind: 'type', schema: 'public', name: 'status' },
          { kind: 'extension', name: 'citext' },
          { kind: 'type', schema: 'public', name: 'status' },
        ],
        orderBy: ['id', 'Name, given'],
      }),
    ).toBe(`-- Depends on: database.sql#extension/citext
-- Depends on: public/types/status.sql
-- Ordered by: id, +name%2c%20given

CREATE TABLE public.users (id integer);

-- After the rows:
ALTER TABLE public.users ADD FOREIGN KEY (id) REFERENCES public.t (id);
`)
    expect(writeObject({ ...key, sql: 'CREATE TABLE x ();\n', dependsOn: [] })).toBe(
      'CREATE TABLE x ();\n',
    )
  })

  test('a definition that holds the marker gets a longer one, which the head names', () => {
    const sql = 'create function f() as $$\n-- After the rows:\n$$;\n'
    expect(writeObject({ ...key, sql, dependsOn: [] })).toBe(
      `-- Section marker: -- After the rows::\n\n${sql}`,
    )
  })

  test('is read back as it was written', () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(readObject(key, writeObject(value))).toEqual(value)
      }),
      { numRuns: 1000 },
    )
  })

  test('is refused when it is not what the writer makes', () => {
    for (const text of [
      '',
      '\n',
      'create table x ()',
      '-- Depends on: nowhere\n\ncreate;\n',
      '-- Depends on: types/b.sql\n-- Depends on: types/a.sql\n\ncreate;\n',
      '-- Depends on: types/a.sql\ncreate;\n',
      '-- Section marker: -- After the rows:::\n\ncreate;\n',
      '-- Ordered by: Id\n\ncreate;\n',
      'create;\n-- After the rows:\nalter;\n',
      'create;\n\n-- After the rows:\n',
    ])
      expect(() => readObject(key, text), text).toThrow(/public\/tables\/users.sql is not as/)
  })

  test('is not written without a definition', () => {
    for (const sql of ['', '\n', 'create table x ()'])
      expect(() => writeObject({ ...key, sql, dependsOn: [] })).toThrow(/must not be empty/)
    expect(() => writeObject({ ...key, sql: ';\n', sqlAfterRows: '', dependsOn: [] })).toThrow()
  })
})

describe('database.sql', () => {
  const section = fc
    .tuple(fc.constantFrom('database', 'schema', 'extension'), fc.string(), object)
    .map(([kind, name, value]): StoredObject => {
      const { sql, dependsOn: dependencies } = value
      return { kind, name, sql, dependsOn: dependencies }
    })

  test('holds databases, schemas and extensions, by name', () => {
    const of = (kind: 'database' | 'schema' | 'extension', name: string) => ({
      kind,
      name,
      sql: `create ${kind} ${name};\n`,
      dependsOn: kind === 'extension' ? [{ kind: 'schema' as const, name: 'app' }] : [],
    })
    expect(
      writeDatabaseObjects([of('extension', 'citext'), of('schema', 'b'), of('schema', 'app')]),
    ).toBe(`-- Object: schema/app
create schema app;

-- Object: schema/b
create schema b;

-- Object: extension/citext
-- Depends on: database.sql#schema/app

create extension citext;
`)
    expect(writeDatabaseObjects([])).toBeUndefined()
  })

  test('is read back as it was written, whatever stands in it', () => {
    const sections = fc.uniqueArray(section, { selector: referenceOf, minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(sections, (objects) => {
        const text = writeDatabaseObjects(objects) ?? ''
        const byReference = new Map(objects.map((value) => [referenceOf(value), value]))
        const read = readDatabaseObjects(text)
        expect(read).toHaveLength(objects.length)
        for (const value of read) expect(value).toEqual(byReference.get(referenceOf(value)))
        expect(writeDatabaseObjects([...objects].reverse())).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  test('is refused when it is not what the writer makes', () => {
    for (const text of ['', 'create schema x;\n', '-- Object: tables/x.sql\ncreate;\n'])
      expect(() => readDatabaseObjects(text), text).toThrow(/database.sql is not as/)
  })
})

describe('database.yaml', () => {
  test('looks like this', () => {
    const versions = { pgcrypto: '1.3', citext: '1.6' }
    expect(writeFacts({ product: 'PostgreSQL', serverVersion: '15.20', versions })).toBe(`format: 1
product: PostgreSQL
server_version: "15.20"
versions:
  citext: "1.6"
  pgcrypto: "1.3"
`)
  })

  test('is read back as it was written', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('1', 'no', 'null', '~', 'a: b', '- x', '#', 'x'.repeat(300), 'a\nb '),
    )
    fc.assert(
      fc.property(text, text, fc.dictionary(text, text), (product, serverVersion, versions) => {
        const facts = { product, serverVersion, versions: { ...versions } }
        expect(readFacts(writeFacts(facts))).toEqual(facts)
      }),
      { numRuns: 1000 },
    )
  })

  test('of a newer format is refused as such, a damaged one as damaged', () => {
    expect(() => readFacts('format: 2\nproduct: x\n')).toThrow(/format 2; this version reads/)
    for (const text of ['', 'x', 'format: 1\n', 'format: "1"\n', '[', 'format: 1\nproduct: 5\n'])
      expect(() => readFacts(text), text).toThrow(/database.yaml is not as/)
  })
})
