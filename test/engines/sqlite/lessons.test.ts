import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { sqliteScript } from '../../../src/engines/sqlite/script.ts'
import { sqliteDump } from '../../../src/engines/sqlite/vendor-dump.ts'
import { test } from '../../cli/project.ts'
import { makeDatabase, refill, requestFor } from './refill.ts'
import { hold, isTable, scratchDirectory, sqlite3, typedCells } from './round-trip.ts'

// What databases of real applications lost or refused, each as the smallest schema that shows it.

const scratch = scratchDirectory()
afterAll(scratch.remove)

/** A table `t` whose text in the schema is replaced by one that names what only the application has. */
function tableOfApplication(path: string, made: string, rows: string, text: string): void {
  makeDatabase(
    path,
    `${made}; INSERT INTO t VALUES ${rows}; PRAGMA writable_schema = ON;
     UPDATE sqlite_schema SET sql = '${text}' WHERE name = 't'`,
  )
}

/** The rows of `t` as the statements of a script. */
async function insertsOf(path: string): Promise<string> {
  const { schema, rows } = await hold(path)
  const table = schema.objects.filter(isTable).find(({ name }) => name === 't')
  if (table === undefined) throw new Error('no table t')
  const writer = sqliteScript({ content: 'rows' })
  const columns = table.columns.map(({ name }) => name)
  const csv = [Buffer.from(rows.get('t') ?? '')]
  let text = ''
  for await (const piece of writer.rows({ table, columns }, fromList(csv)))
    text += Buffer.from(piece).toString('utf8')
  return text
}

async function* fromList(blocks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const block of blocks) yield await Promise.resolve(block)
}

describe('a table that needs what the application brings along', () => {
  test.each([
    [
      'a function in a condition',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, r REAL)',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (of_mine(a)), r REAL)',
    ],
    [
      'a collation of a key',
      'CREATE TABLE t (id INT, a TEXT, r REAL, UNIQUE (r))',
      'CREATE TABLE t (id INT, a TEXT COLLATE mine, r REAL, UNIQUE (id, a))',
    ],
  ])('has texts that stay texts in a script: %s', async (name, made, text) => {
    const [original, plain] = [scratch.path(`${name}.db`), scratch.path(`${name} plain.db`)]
    const rows = `(1, '007', 1), (2, '1e5', -0.0), (3, '1.0', 9e999), (4, '-0', NULL), (5, x'31', 2)`
    makeDatabase(plain, `${made}; INSERT INTO t VALUES ${rows}`)
    tableOfApplication(original, made, rows, text)
    const copy = scratch.path(`${name} copy.db`)
    sqlite3(copy, `${made};\n${await insertsOf(original)}`)
    expect(typedCells(copy)).toStrictEqual(typedCells(plain))
    expect(typedCells(copy).join()).toContain('text:')
  })

  test('is read without its collation, in the order of bytes', async () => {
    const path = scratch.path('collation.db')
    tableOfApplication(
      path,
      'CREATE TABLE t (a, b)',
      `('a', 1), ('A', 2), ('a', -0.0), ('a', 0.0)`,
      'CREATE TABLE t (a COLLATE mine, b COLLATE mine)',
    )
    expect((await hold(path)).rows.get('t')).toBe('A,2\na,0.0\na,-0.0\na,1\n')
  })
})

/** What the sqlite3 program says of the rows of a table. */
async function witnessOf(path: string, name: string): Promise<string | undefined> {
  const request = { ...requestFor(path), environment: { PATH: process.env['PATH'] ?? '' } }
  return (await sqliteDump(request, { without: [], rowsOf: [{ name }] }))?.rows.get(name)
}

test.for(
  ['UTF-8', 'UTF-16le', 'UTF-16be'].flatMap((encoding) =>
    ['two\nlines', 'a\r\nb', '"\\_%', 'größe 😀'].map((name): [string, string] => [encoding, name]),
  ),
)(
  'what the sqlite3 program says of a table is found by its name: %s, %j',
  async ([encoding, name]) => {
    const path = scratch.path(`named ${encoding} ${Buffer.from(name).toString('hex')}.db`)
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
    const [table, virtual] = [`${name} t`, `${name} v`]
    makeDatabase(
      path,
      `PRAGMA encoding = '${encoding}'; CREATE TABLE ${quoted(table)} (a); INSERT INTO ${quoted(table)} VALUES (1), (2);
     CREATE VIRTUAL TABLE ${quoted(virtual)} USING fts5 (a); INSERT INTO ${quoted(virtual)} VALUES ('x'), ('y'), ('z');`,
    )
    const before = await witnessOf(path, table)
    expect(before).toMatch(/^2 rows, digest /)
    makeDatabase(path, `UPDATE ${quoted(table)} SET a = 3 WHERE a = 2`)
    expect(await witnessOf(path, table)).not.toBe(before)
    expect(await witnessOf(path, virtual)).toMatch(/^3 rows, digest /)
  },
)

describe('what the sqlite3 program says of a full-text table', () => {
  const dump = async (name: string, sql: string): Promise<string | undefined> => {
    const path = scratch.path(name)
    makeDatabase(path, `CREATE VIRTUAL TABLE t USING fts5 (a); ${sql}`)
    return await witnessOf(path, 't')
  }

  test('is the same however its rows came, and differs by a word', async () => {
    const inSteps = await dump(
      'steps.db',
      `INSERT INTO t VALUES ('one'); INSERT INTO t VALUES ('two'); INSERT INTO t (t, rank) VALUES ('pgsz', 64); INSERT INTO t VALUES ('three');`,
    )
    const atOnce = await dump('once.db', `INSERT INTO t VALUES ('one'), ('two'), ('three');`)
    const another = await dump('another.db', `INSERT INTO t VALUES ('one'), ('two'), ('tree');`)
    expect(inSteps).toMatch(/^3 rows, digest /)
    expect(inSteps).toBe(atOnce)
    expect(another).not.toBe(atOnce)
  })
})

/** All files that a run wrote, as one text; git's own are packed. */
function textsIn(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.git'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

describe('an index over the text of a private table', () => {
  // A row left without a word to the index, which still holds its words.
  const privateText = `CREATE TABLE letter (id INTEGER PRIMARY KEY, body TEXT); CREATE VIEW text AS SELECT id, body FROM letter;
    INSERT INTO letter VALUES (1, 'alpha'), (2, 'omega');`
  const index = (content: string, end = ''): string => `${privateText}
    CREATE VIRTUAL TABLE found USING fts5 (body, content = '${content}', content_rowid = 'id');
    INSERT INTO found (found) VALUES ('rebuild'); DELETE FROM letter WHERE id = 2; ${end}`
  const withoutTokenizer = `PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'body, content', 'tokenize = ''mine'', body, content') WHERE name = 'found'`
  const shared = ['global: [found]', 'global: ["found*"]', 'global: ["f*", found_data, found_idx]']
  const cases = shared.flatMap((lists) =>
    ['letter', 'text'].flatMap((content) =>
      ['', withoutTokenizer].map((end): [string, string, string] => [lists, content, end]),
    ),
  )

  test.for(cases)(
    'never brings its words into the shared files: %s, %s, %s',
    async ([lists, content, end], { newProject }) => {
      const project = await newProject('', `${lists}\nlocal: [letter]\n`)
      makeDatabase(project.database, index(content, end))
      expect(await project.run()).toMatchObject({ status: 0 })
      const written = textsIn(project.shared)
      expect(written).toContain('CREATE VIRTUAL TABLE found')
      for (const word of ['alpha', 'omega']) {
        expect(written).not.toMatch(RegExp(`${word}|${Buffer.from(word).toString('hex')}`))
      }
      expect(textsIn(project.private)).toContain('alpha')
      expect(await project.run(['verify', '--vendor'])).toMatchObject({ status: 0 })
    },
  )

  test('is the same file whatever its own bytes are', async () => {
    const [path, copy] = [scratch.path('merged.db'), scratch.path('merged copy.db')]
    makeDatabase(path, index('letter'))
    const before = await hold(path)
    makeDatabase(path, `INSERT INTO found (found) VALUES ('optimize')`)
    expect(await refill(path, copy)).toStrictEqual(before)
    expect(before.rows.get('found')).toBe('1\n2\n')
    expect(await hold(copy)).toStrictEqual(before)
    const rows = `SELECT id FROM found_docsize; SELECT rowid FROM found('alpha')`
    expect(sqlite3(copy, `${rows};`)).toBe(sqlite3(path, `${rows};`))
  })
})

describe('the rows that an index knows go into a target that has its tables', () => {
  const schema = `CREATE TABLE m (id INTEGER PRIMARY KEY, body, hidden DEFAULT 0);
    CREATE VIRTUAL TABLE mf USING fts5 (body, content = m, content_rowid = id);
    CREATE TRIGGER mi AFTER INSERT ON m WHEN NOT new.hidden BEGIN INSERT INTO mf (rowid, body) VALUES (new.id, new.body); END;`
  const rows = `INSERT INTO m VALUES (1, 'word one', 0), (2, 'word two', 1), (3, 'word three', 0);`
  const found = `SELECT rowid FROM mf('word'); SELECT id FROM mf_docsize; INSERT INTO mf (mf) VALUES ('integrity-check');`

  test.for(['restore', 'export'])('%s --data-only', async (way, { newProject }) => {
    const project = await newProject('', 'global: [m]\nrestore: {allow_restore: true}\n')
    makeDatabase(project.database, schema + rows)
    expect(await project.run()).toMatchObject({ status: 0 })
    const target = scratch.path(`data only ${way}.db`)
    makeDatabase(target, schema)
    if (way === 'restore') {
      const restored = await project.run(['restore', '--data-only', '--to', `sqlite:${target}`])
      expect(restored).toMatchObject({ status: 0 })
    } else {
      const script = await project.run(['export', '--data-only'])
      expect(sqlite3(target, script.stdout)).toBe('')
    }
    expect(sqlite3(target, found)).toBe('1\n3\n1\n3\n')
  })
})

describe('what only the application could read', () => {
  test('is named, and everything else is saved', async () => {
    const path = scratch.path('unreadable.db')
    tableOfApplication(
      path,
      'CREATE TABLE kept (a); INSERT INTO kept VALUES (7); CREATE TABLE t (a TEXT PRIMARY KEY, n) WITHOUT ROWID',
      `('x', 1)`,
      'CREATE TABLE t (a TEXT PRIMARY KEY COLLATE mine, n) WITHOUT ROWID',
    )
    const { schema, rows } = await hold(path)
    expect(rows.get('kept')).toBe('7\n')
    expect(schema.notCaptured).toMatchObject([{ kind: 'rows of a table', name: 't' }])
    expect(schema.objects.find(({ name }) => name === 't')).toMatchObject({ hasRows: false })
  })

  test('is kept by its inner tables where a full-text table is its own content', async () => {
    const path = scratch.path('recursive.db')
    makeDatabase(
      path,
      `CREATE TABLE kept (a); INSERT INTO kept VALUES (7); CREATE VIRTUAL TABLE f USING fts5 (a, content = f);
       INSERT INTO f (rowid, a) VALUES (1, 'x')`,
    )
    const held = await refill(path, scratch.path('recursive copy.db'))
    expect(held.rows.get('kept')).toBe('7\n')
    expect(held.rows.get('f_docsize')).toMatch(/^1,/)
  })

  test('is named where it is a tree whose nodes are gone', async () => {
    const path = scratch.path('tree.db')
    makeDatabase(
      path,
      `CREATE TABLE kept (a); INSERT INTO kept VALUES (7); CREATE VIRTUAL TABLE r USING rtree (id, x0, x1);
       INSERT INTO r VALUES (1, 0, 1); UPDATE r_node SET data = CAST(x'00ff' || substr(data, 3) AS BLOB);`,
    )
    const { schema, rows } = await hold(path)
    expect(rows.get('kept')).toBe('7\n')
    expect(schema.notCaptured).toMatchObject([{ kind: 'rows of a virtual table', name: 'r' }])
  })
})

test('an inner table has the same text after its virtual table got another name', async () => {
  const [path, copy] = [scratch.path('renamed.db'), scratch.path('renamed copy.db')]
  makeDatabase(
    path,
    `CREATE VIRTUAL TABLE t1 USING fts5 (a, content = ''); INSERT INTO t1 (rowid, a) VALUES (1, 'x'); ALTER TABLE t1 RENAME TO t2`,
  )
  const held = await refill(path, copy)
  expect(held.schema.notCaptured).toStrictEqual([])
  expect(await hold(copy)).toStrictEqual(held)
})

test('a table that is restored alone brings along what triggers of its parents write to', async ({
  newProject,
}) => {
  const project = await newProject(
    `CREATE TABLE log (what); CREATE TABLE m (id INTEGER PRIMARY KEY, body); CREATE VIRTUAL TABLE mf USING fts5 (body, content = m, content_rowid = id);
     CREATE TRIGGER mi AFTER INSERT ON m BEGIN INSERT INTO mf (rowid, body) VALUES (new.id, new.body); INSERT INTO log VALUES (new.id); END;
     INSERT INTO m VALUES (1, 'one'); CREATE TABLE c (m REFERENCES m); INSERT INTO c VALUES (1);`,
    'global: [m, c, log]\nrestore: {allow_restore: true}\n',
  )
  await project.succeed()
  const copy = scratch.path('alone.db')
  await project.succeed(['restore', '--to', `sqlite:${copy}`, '--table', 'c'])
  const added = `INSERT INTO m VALUES (2, 'two'); SELECT rowid FROM mf('one OR two'); SELECT what FROM log;`
  expect(sqlite3(copy, added)).toBe('1\n2\n1\n2\n')
})
