import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CsvTable, Row } from '../../src/csv.ts'
import { databaseDirectory } from '../../src/files/layout.ts'
import { placeTree } from '../../src/files/place.ts'
import { readTree } from '../../src/files/read-tree.ts'
import { stageTree } from '../../src/files/stage.ts'
import type { DbObject } from '../../src/model.ts'
import { snapshotOf, stageOptions, table, temporaryDirectory } from './support.ts'

const place = databaseDirectory('host', 'shop')
type Rows = Readonly<Record<string, readonly Row[]>>

async function written(top: string, objects: readonly DbObject[], rows: Rows = {}) {
  const staged = await stageTree(snapshotOf(objects, rows), stageOptions(top))
  await placeTree(staged, place)
  await staged.discard()
  return join(top, place)
}

async function rowsIn({ rows }: CsvTable): Promise<Row[]> {
  const found: Row[] = []
  for await (const batch of rows) found.push(...batch)
  return found
}

const users = table('users', { sqlCounters: 'counter 5;\n', sqlAfterRows: 'foreign key;\n' })
const schema: DbObject = { kind: 'schema', name: 'app', sql: 'create schema;\n', dependsOn: [] }

test('a tree is read as it was written', async () => {
  await using top = await temporaryDirectory()
  const directory = await written(top.path, [users, schema, table('V', { hasRows: false })], {
    users: [
      ['1', null],
      ['2', ''],
    ],
  })
  await writeFile(join(directory, 'README.md'), 'mine')
  const snapshot = await readTree(directory)
  const { columns, hasRows, ...stored } = users
  expect([columns.length, hasRows]).toEqual([2, true])
  expect(snapshot.facts).toEqual({ product: 'Example', serverVersion: '1.0', versions: {} })
  expect(snapshot.objects.map(({ name }) => name)).toEqual(['app', 'V', 'users'])
  expect(snapshot.objects[0]).toEqual(schema)
  expect(snapshot.objects[2]).toEqual(stored)
  expect(snapshot.strangers).toEqual(['README.md'])
  expect(snapshot.hasRows({ kind: 'table', name: 'V' })).toBe(false)
  expect(snapshot.hasRows(users)).toBe(true)
  expect(snapshot.hasRows(schema)).toBe(false)
  const rows = await snapshot.rows(users)
  expect(rows.columns).toEqual(['id', 'note'])
  expect(await rowsIn(rows)).toEqual([
    ['1', null],
    ['2', ''],
  ])
})

test('an object that waits for the rows as a whole is read as it was written', async () => {
  await using top = await temporaryDirectory()
  const key = { kind: 'event_trigger', name: 'e', dependsOn: [schema] } as const
  const waiting: DbObject = { ...key, sql: '', sqlAfterRows: 'create event trigger;\n' }
  const directory = await written(top.path, [schema, waiting])
  const file = join(directory, 'event_triggers', 'e.sql')
  expect(await readFile(file, 'utf8')).toBe(
    '-- Depends on: database.sql#schema/app\n\n-- After the rows:\ncreate event trigger;\n',
  )
  const [, found] = (await readTree(directory)).objects
  expect(found).toEqual({ ...waiting, dependsOn: [{ kind: 'schema', name: 'app' }] })
  await writeFile(file, '-- After the rows:\n')
  await expect(readTree(directory)).rejects.toThrow(/event_triggers\/e/)
})

test('any names and rows survive', async () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 100 })
  const cell = fc.option(fc.string({ unit: 'binary' }))
  const rows = fc.array(fc.tuple(cell, cell), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 5 }), rows, async (names, given) => {
      await using top = await temporaryDirectory()
      const content = Object.fromEntries(names.map((key) => [key, given]))
      const tables = names.map((key) => table(key, { schema: key }))
      const snapshot = await readTree(await written(top.path, tables, content))
      expect(new Set(snapshot.objects.map((object) => object.name))).toEqual(new Set(names))
      for (const object of snapshot.objects) {
        expect(object.schema).toBe(object.name)
        const read = await snapshot.rows(object)
        expect(await rowsIn(read)).toEqual(given)
      }
    }),
    { numRuns: 40 },
  )
})

describe('a damaged tree is refused', () => {
  test.each<[string, string, (directory: string) => Promise<void>]>([
    [
      'not-a-snapshot',
      'no database.yaml',
      async (at) => {
        await rm(join(at, 'database.yaml'))
      },
    ],
    [
      'not-a-snapshot',
      'shop',
      async (at) => {
        await rm(at, { recursive: true })
      },
    ],
    [
      'newer-format',
      'format 9',
      async (at) => {
        await writeFile(join(at, 'database.yaml'), 'format: 9\n')
      },
    ],
    [
      'damaged-file',
      'without the definition',
      async (at) => {
        await rm(join(at, 'tables/users.sql'))
      },
    ],
    [
      'damaged-file',
      'tables/users.sql',
      async (at) => {
        await writeFile(join(at, 'tables/users.sql'), 'cut off')
      },
    ],
    [
      'damaged-file',
      'invalid UTF-8',
      async (at) => {
        await writeFile(join(at, 'tables/users.sql'), Buffer.from([0xff, 0x0a]))
      },
    ],
    [
      'symbolic-link',
      'x.sql',
      async (at) => {
        await symlink('/etc/passwd', join(at, 'tables/x.sql'))
      },
    ],
  ])('%s: %s', async (code, words, damage) => {
    await using top = await temporaryDirectory()
    const directory = await written(top.path, [users, schema])
    await damage(directory)
    await expect(readTree(directory)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    })
  })

  test('at the line of the rows that are damaged', async () => {
    await using top = await temporaryDirectory()
    const directory = await written(top.path, [users], { users: [['1', 'x']] })
    await writeFile(join(directory, 'tables/users.csv'), 'id,note\n1,x\n2\n')
    const snapshot = await readTree(directory)
    const reading = snapshot.rows(users).then(rowsIn)
    await expect(reading).rejects.toThrow('tables/users.csv, line 3')
  })
})
