import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DbObject, Schema } from '../../../src/model.ts'
import { hold, isTable, scratchDirectory, shopFixture, sqlite3 } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

async function schemaOf(name: string, sql: string): Promise<Schema> {
  sqlite3(scratch.path(name), sql)
  return (await hold(scratch.path(name))).schema
}

function find(schema: Schema, name: string): DbObject {
  const found = schema.objects.find((object) => object.name === name)
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

describe('the objects of a database', () => {
  let schema: Schema
  beforeAll(async () => {
    schema = await schemaOf('shop.db', readFileSync(shopFixture, 'utf8'))
  })

  it('are each in it once, without what SQLite makes by itself', () => {
    const keys = schema.objects.map(({ kind, name }) => `${kind} ${name}`)
    expect(keys).toStrictEqual([
      'database settings',
      ...tablesOfTheShop.map((name) => `table ${name}`),
      ...['broken', 'circle_a', 'circle_b', 'customers_view', 'zoo'].map((name) => `view ${name}`),
    ])
  })

  it('keep their text, with their indexes by name', () => {
    expect(find(schema, 'customer').sql).toBe(
      `CREATE TABLE customer (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- a counter
  name TEXT NOT NULL COLLATE NOCASE,
  "e-mail" VARCHAR(80) UNIQUE,
  born DATE,
  initials TEXT GENERATED ALWAYS AS (substr(name, 1, 1)) VIRTUAL,
  shout TEXT AS (upper(name)) STORED,
  CHECK (length(name) > 0)
);
CREATE UNIQUE INDEX a_index ON customer (lower(name), "e-mail" COLLATE RTRIM);
CREATE INDEX "b index" ON customer (born DESC) WHERE born IS NOT NULL;
`,
    )
  })

  it('have their triggers after the rows, also of a table that the trigger names in capitals', () => {
    expect(find(schema, 'customer').sqlAfterRows).toMatch(
      /^CREATE TRIGGER a_second [^]*END;\nCREATE TRIGGER "z first" [^]*END;\n$/,
    )
    expect(find(schema, 'customers_view').sqlAfterRows).toMatch(/^CREATE TRIGGER instead .*END;\n$/)
  })

  it('have their counters apart, also that there is none', () => {
    expect(find(schema, 'customer').sqlCounters).toBe(
      `DELETE FROM sqlite_sequence WHERE name = 'customer';\nINSERT INTO sqlite_sequence(name, seq) VALUES('customer', 12);\n`,
    )
    expect(find(schema, 'nothing_in_it').sqlCounters).toBe(
      `DELETE FROM sqlite_sequence WHERE name = 'nothing_in_it';\n`,
    )
    expect(find(schema, 'log')).not.toHaveProperty('sqlCounters')
  })

  it('end their statement behind a comment', () => {
    expect(find(schema, 'zoo').sql).toMatch(/and a comment\n;\n$/)
  })

  it('say which columns are computed, and which columns order the rows', () => {
    const tables = schema.objects.filter(isTable)
    const generated = tables
      .filter(({ partitionOf }) => partitionOf === undefined)
      .flatMap(({ columns }) => columns.filter((column) => column.generated))
    expect(generated.map(({ name }) => name)).toStrictEqual(['initials', 'shout'])
    expect(Object.fromEntries(tables.map(({ name, orderBy }) => [name, orderBy]))).toMatchObject({
      anything: [],
      by_unique: ['tight'],
      customer: ['id'],
      nullable_key: ['code'],
      two_keys: ['y', 'x'],
      note: ['rowid'],
      box: ['id'],
    })
  })

  it('order rows by no index that is partial, over an expression or with NULLs', async () => {
    const picky = await schemaOf(
      'picky.db',
      `CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, c TEXT, d TEXT NOT NULL AS (a) STORED, "null" TEXT NOT NULL);
       CREATE UNIQUE INDEX partial_one ON t (a) WHERE b = 'x'; CREATE UNIQUE INDEX computed ON t (lower(b));
       CREATE UNIQUE INDEX nullable ON t (c); CREATE UNIQUE INDEX generated ON t (d);
       CREATE UNIQUE INDEX larger ON t (b, a);`,
    )
    expect(picky.objects.filter(isTable).map(({ orderBy }) => orderBy)).toStrictEqual([['b', 'a']])
  })

  it('depend on what a view reads, never in a circle', () => {
    expect(find(schema, 'zoo').dependsOn).toStrictEqual([{ kind: 'view', name: 'customers_view' }])
    expect(find(schema, 'customers_view').dependsOn).toStrictEqual([
      { kind: 'table', name: 'customer' },
      { kind: 'table', name: 'log' },
    ])
    expect(find(schema, 'circle_a').dependsOn).toStrictEqual([{ kind: 'view', name: 'circle_b' }])
    expect(find(schema, 'circle_b').dependsOn).toStrictEqual([])
  })

  it('warn of each view that can not be queried', () => {
    expect(schema.warnings).toStrictEqual([
      `The view "broken" can't be queried: no such column: missing.`,
      `The view "circle_a" can't be queried: view circle_a is circularly defined.`,
      `The view "circle_b" can't be queried: view circle_b is circularly defined.`,
    ])
  })

  it('begin with what stands in the header of the file', () => {
    expect(find(schema, 'settings').sql).toBe(
      `PRAGMA encoding = 'UTF-8';
PRAGMA page_size = 1024;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1196444487;
PRAGMA user_version = 42;
`,
    )
  })
})

const tablesOfTheShop = [
  'anything',
  'box',
  'by_unique',
  'contentless',
  'customer',
  'customer_search',
  'descending',
  'exact',
  'keyless twins',
  'log',
  'lonely',
  'note',
  'nothing_in_it',
  'nullable_key',
  'old_note',
  'two_keys',
  'words',
]

describe('the header', () => {
  it('has WAL mode where the file is in it', async () => {
    const schema = await schemaOf('wal.db', 'PRAGMA journal_mode = WAL; CREATE TABLE t (x);')
    expect(find(schema, 'settings').sql).toMatch(/\nPRAGMA journal_mode = WAL;\n$/)
  })

  it('is there for an empty file', async () => {
    const schema = await schemaOf('empty.db', 'VACUUM;')
    expect(schema.objects.map(({ kind }) => kind)).toStrictEqual(['database'])
  })
})

describe('what can not be captured', () => {
  it('names the rows of a virtual table whose module is not there, and keeps its definition', async () => {
    const schema = await schemaOf(
      'module.db',
      `CREATE TABLE t (x); PRAGMA writable_schema = ON;
       INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING "Strange"(a, b)');
       CREATE VIEW w AS SELECT * FROM v;`,
    )
    expect(find(schema, 'v').sql).toContain(`'CREATE VIRTUAL TABLE v USING "Strange"(a, b)'`)
    expect(schema.notCaptured.map(({ name }) => name)).toStrictEqual(['v'])
    expect(schema.notCaptured[0]?.reason).toMatch(/no such module: Strange/)
  })

  it('is no user table that has the name of an inner part of a full-text table', async () => {
    const schema = await schemaOf(
      'content.db',
      `CREATE TABLE docs_content (id INTEGER PRIMARY KEY, body); INSERT INTO docs_content VALUES (1, 'x');
       CREATE VIRTUAL TABLE docs USING fts5 (body, content = 'docs_content', content_rowid = id);
       CREATE VIRTUAL TABLE own USING fts5 (body);`,
    )
    expect(schema.objects.map(({ name }) => name)).toStrictEqual([
      'settings',
      'docs',
      'docs_content',
      'own',
    ])
  })

  it('names an index on an inner part of a virtual table', async () => {
    const schema = await schemaOf(
      'inner.db',
      `CREATE VIRTUAL TABLE own USING fts5 (body); CREATE INDEX by_text ON own_content (c0);`,
    )
    expect(schema.notCaptured).toMatchObject([{ kind: 'index', name: 'by_text' }])
  })

  it('names a definition that is no text', async () => {
    const schema = await schemaOf(
      'bytes.db',
      `CREATE TABLE t (x DEFAULT 'bad'); CREATE TABLE u (y); PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET sql = CAST(replace(CAST(sql AS BLOB), CAST('bad' AS BLOB), x'ff') AS TEXT) WHERE name = 't';`,
    )
    expect(schema.notCaptured).toMatchObject([{ kind: 'table', name: 't' }])
    expect(schema.objects.map(({ name }) => name)).toStrictEqual(['settings', 'u'])
  })
})
