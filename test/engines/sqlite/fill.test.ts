import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import type { Target } from '../../../src/engines/target.ts'
import type { DbObject } from '../../../src/model.ts'
import {
  dumpedLines,
  hold,
  isTable,
  scratchDirectory,
  shopFixture,
  sqlite3,
  typedCells,
  type Held,
} from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)
const script = readFileSync(shopFixture, 'utf8')

const isDatabase = (object: DbObject) => object.kind === 'database'

async function* inPieces(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += 1000) {
    yield await Promise.resolve(bytes.subarray(start, start + 1000))
  }
}

async function pourInto(target: Target, { schema, rows }: Held): Promise<void> {
  const objects = [
    ...schema.objects.filter(isDatabase),
    ...schema.objects.filter((object) => !isDatabase(object)),
  ]
  for (const object of objects) await target.create(object)
  for (const table of objects.filter(isTable).filter(({ hasRows }) => hasRows)) {
    const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name)
    const text = rows.get(table.name) ?? ''
    const loaded = await target.load({ table, columns }, inPieces(text))
    expect(await target.countRows(table)).toBe(loaded)
  }
  for (const object of objects) await target.setCounters(object)
  for (const object of objects) await target.finish(object)
}

async function fill<T>(
  path: string,
  mode: 'empty' | 'replace' | 'rows',
  use: (target: Target) => Promise<T>,
): Promise<T> {
  await using database = await sqlite.open(requestFor(path))
  return await database.fill({ mode }, use)
}

function requestFor(path: string) {
  return { url: `sqlite:${encodeURI(path)}`, environment: {} }
}

function entriesBeside(path: string): string[] {
  return readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)))
}

describe.each([
  ['UTF-8', script],
  ['UTF-16le', script.replace("encoding = 'UTF-8'", "encoding = 'UTF-16le'")],
  ['WAL', script.replace("encoding = 'UTF-8';", "encoding = 'UTF-8'; PRAGMA journal_mode = WAL;")],
])('a file filled with every kind of object and value, %s', (name, fixture) => {
  it('is the same to the sqlite3 program, and to a snapshot', async () => {
    const original = scratch.path(`${name}.db`)
    const filled = scratch.path(`${name} filled.db`)
    sqlite3(original, fixture)
    const held = await hold(original)
    await using server = await sqlite.openServer(requestFor(filled))
    await server.create(basename(filled), {})
    await fill(filled, 'empty', async (target) => {
      await pourInto(target, held)
    })
    expect(entriesBeside(filled)).toEqual([basename(filled)])
    const header =
      'PRAGMA encoding; PRAGMA page_size; PRAGMA journal_mode; PRAGMA application_id; PRAGMA user_version; PRAGMA integrity_check;'
    expect(sqlite3(filled, header)).toBe(sqlite3(original, header))
    expect(dumpedLines(filled)).toEqual(dumpedLines(original))
    expect(typedCells(filled)).toEqual(typedCells(original))
    expect(typedCells(filled).length).toBeGreaterThan(70)
    expect(await hold(filled)).toEqual(held)
  })
})

describe('a file that is replaced', () => {
  const table: DbObject = { kind: 'table', name: 'b', sql: 'CREATE TABLE b (x);\n', dependsOn: [] }

  function existing(name: string, mode = 'DELETE'): string {
    const path = scratch.path(name)
    sqlite3(
      path,
      `PRAGMA journal_mode = ${mode}; CREATE TABLE a (x); INSERT INTO a VALUES ('old');`,
    )
    return path
  }

  it('keeps its permissions, and a link to it stays a link', async () => {
    const path = existing('mode.db')
    chmodSync(path, 0o640)
    const link = scratch.path('link.db')
    symlinkSync(path, link)
    await fill(link, 'replace', (target) => target.create(table))
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect(sqlite3(link, '.tables').trim()).toBe('b')
    expect(sqlite3(path, '.tables').trim()).toBe('b')
  })

  it.each(['DELETE', 'WAL'])('in mode %s is as it was when filling it fails', async (mode) => {
    const path = existing(`fails-${mode}.db`, mode)
    await expect(
      fill(path, 'replace', async (target) => {
        await target.create(table)
        throw new Error('stop')
      }),
    ).rejects.toThrow('stop')
    expect(sqlite3(path, 'SELECT x FROM a; PRAGMA journal_mode;')).toBe(
      `old\n${mode.toLowerCase()}\n`,
    )
    expect(entriesBeside(path)).toEqual([basename(path)])
  })

  it.each(['DELETE', 'WAL'])('in mode %s admits nobody while it is filled', async (mode) => {
    const path = existing(`alone-${mode}.db`, mode)
    await fill(path, 'replace', async (target) => {
      await target.create(table)
      expect(() => sqlite3(path, "INSERT INTO a VALUES ('lost');")).toThrow(/locked/)
    })
    expect(sqlite3(path, '.tables').trim()).toBe('b')
  })

  it('in WAL mode takes over no byte of the old log', async () => {
    const path = existing('log.db', 'WAL')
    const writer = new DatabaseSync(path)
    writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO a VALUES ('in the log')")
    const log = readFileSync(`${path}-wal`)
    writer.close()
    writeFileSync(`${path}-wal`, log)
    await fill(path, 'replace', (target) => target.create(table))
    expect(entriesBeside(path)).toEqual([basename(path)])
    expect(sqlite3(path, '.tables').trim()).toBe('b')
  })

  it('is refused while another program has it open in WAL mode', async () => {
    const path = existing('open.db', 'WAL')
    const other = new DatabaseSync(path)
    other.exec('SELECT * FROM a')
    try {
      await expect(fill(path, 'replace', (target) => target.create(table))).rejects.toMatchObject({
        code: 'database-locked',
      })
    } finally {
      other.close()
    }
    expect(sqlite3(path, 'SELECT x FROM a;')).toBe('old\n')
  }, 15_000)

  it('is refused with objects in it when it must be empty', async () => {
    const path = existing('not empty.db')
    await expect(fill(path, 'empty', (target) => target.create(table))).rejects.toMatchObject({
      code: 'target-not-empty',
    })
  })

  it('can attach no other file by its definitions', async () => {
    const path = existing('attach.db')
    const other = scratch.path('attached.db')
    const sql = `ATTACH '${other}' AS other;\n`
    await expect(
      fill(path, 'replace', (target) => target.create({ ...table, sql })),
    ).rejects.toMatchObject({ code: 'object-refused' })
    expect(existsSync(other)).toBe(false)
  })

  it('is as it was when the process is killed, and what the kill left goes with the next fill', async () => {
    const path = existing('killed.db', 'WAL')
    const program = join(import.meta.dirname, 'fill-forever.ts')
    const child = spawn(process.execPath, [program, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(entriesBeside(path).some((name) => name.includes('.filling-'))).toBe(true)
    expect(sqlite3(path, 'SELECT x FROM a; PRAGMA journal_mode;')).toBe('old\nwal\n')
    await fill(path, 'replace', (target) => target.create(table))
    expect(entriesBeside(path)).toEqual([basename(path)])
  })
})

describe('rows for tables that are there', () => {
  function shop(name: string): string {
    const path = scratch.path(name)
    sqlite3(
      path,
      `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, p REFERENCES t (id)); CREATE TABLE log (x);
      INSERT INTO t VALUES (1, 'one', NULL);
      CREATE TRIGGER note AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END;`,
    )
    return path
  }
  const request = { table: { name: 't' }, columns: ['id', 'name', 'p'] }

  it('are added in one transaction, and no trigger runs', async () => {
    const path = shop('added.db')
    const loaded = await fill(path, 'rows', (target) =>
      target.load(request, inPieces('2,two,1\n3,,7\n')),
    )
    expect(loaded).toBe(2)
    expect(sqlite3(path, 'SELECT * FROM t; SELECT count(*) FROM log;')).toBe(
      '1|one|\n2|two|1\n3||7\n0\n',
    )
    sqlite3(path, "INSERT INTO t VALUES (9, 'nine', NULL);")
    expect(sqlite3(path, 'SELECT x FROM log;')).toBe('9\n')
  })

  it('replace rows of the same key with an upsert', async () => {
    const path = shop('upsert.db')
    await fill(path, 'rows', (target) =>
      target.load({ ...request, upsertKey: ['id'] }, inPieces('1,new,\n2,two,\n')),
    )
    expect(sqlite3(path, 'SELECT * FROM t;')).toBe('1|new|\n2|two|\n')
  })

  it.each([
    ['a key that is there', '2,two,\n1,secret,\n', 'row-refused', /row 2/],
    ['a number that is too large', '2,two,99999999999999999999\n', 'row-refused', /row 1/],
    ['too few values', '2,two\n', 'malformed-csv', /line 1/],
    ['an unknown cell', '2,two,\\q9\n', 'malformed-cell', /row 1/],
  ])('are refused with %s, and nothing stays', async (_name, text, code, message) => {
    const path = shop(`${code}-${text.length}.db`)
    const failed = fill(path, 'rows', (target) => target.load(request, inPieces(text)))
    await expect(failed).rejects.toMatchObject({ code })
    await expect(failed).rejects.toThrow(message)
    await expect(failed).rejects.not.toThrow(/secret|99999/)
    expect(sqlite3(path, 'SELECT * FROM t; SELECT count(*) FROM sqlite_schema;')).toBe(
      '1|one|\n3\n',
    )
  })

  it('are counted where a foreign key has no parent', async () => {
    const path = shop('violations.db')
    const found = await fill(path, 'rows', async (target) => {
      await target.load(request, inPieces('2,two,1\n3,three,7\n4,four,8\n'))
      return await target.violations()
    })
    expect(found).toEqual([
      { table: { name: 't' }, constraint: 'FOREIGN KEY (p) REFERENCES t', rows: 2 },
    ])
    expect(sqlite3(path, 'PRAGMA foreign_key_check(t);').trim().split('\n')).toHaveLength(2)
  })
})

describe('the directory of a file, as a server', () => {
  it('makes, counts, lists and drops databases', async () => {
    await using server = await sqlite.openServer(requestFor(scratch.path('server.db')))
    expect(await server.objectCount('server.db')).toBeUndefined()
    await server.create('server.db', {})
    expect(await server.objectCount('server.db')).toBe(0)
    expect(statSync(scratch.path('server.db')).mode & 0o777).toBe(0o600)
    sqlite3(scratch.path('server.db'), 'CREATE TABLE a (x UNIQUE); CREATE VIEW v AS SELECT 1;')
    expect(await server.objectCount('server.db')).toBe(2)
    expect(await server.list('serv')).toEqual(['server.db'])
    await expect(server.create('server.db', {})).rejects.toThrow()
    await server.drop('server.db')
    expect(await server.list('serv')).toEqual([])
  })

  it('names another file of the same directory, and none elsewhere', async () => {
    await using server = await sqlite.openServer(requestFor(scratch.path('a.db')))
    await server.create('50%?.db', {})
    await using database = await sqlite.open(server.requestFor('50%?.db'))
    expect(await database.sizes()).toEqual([])
    expect(() => server.requestFor('../x.db')).toThrow(/name of a database file/)
    await expect(server.create('b.db', { owner: 'x' })).rejects.toMatchObject({
      code: 'owner-unsupported',
    })
  })

  it('needs a directory', async () => {
    await expect(sqlite.openServer(requestFor(scratch.path('nowhere/a.db')))).rejects.toMatchObject(
      { code: 'unknown-database' },
    )
  })
})
