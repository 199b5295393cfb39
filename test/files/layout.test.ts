import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  databaseDirectory,
  hostAndDatabaseOf,
  isOwnPath,
  keyOf,
  keyOfReference,
  kindsInDatabaseFile,
  pathOf,
  referenceOf,
} from '../../src/files/layout.ts'
import type { FilePart } from '../../src/files/layout.ts'
import type { ObjectKey, ObjectKind } from '../../src/model.ts'

const hostileNames = [
  '..',
  '.',
  '.git',
  '',
  'CON',
  'con',
  'Con.x',
  'lpt1',
  'conin$',
  'a/b',
  'a\\b',
  'a b',
  'a.b',
  'nul\0byte',
  'line\nbreak',
  'x%2ey',
  'a+b',
  'Users',
  'users',
  'ÄÖ',
  'a\u0308',
  'f(integer)',
  '😀'.repeat(63),
  'tables',
  'x'.repeat(199) + 'AB',
  'x'.repeat(200) + 'con',
  'x'.repeat(200) + '.git',
  "..'; drop",
]
const name = fc.oneof(
  fc.constantFrom(...hostileNames),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ unit: fc.constantFrom('a', 'A', '.', '%', '+', '/', '-', 'é'), maxLength: 260 }),
)
const fileKind = fc.constantFrom<ObjectKind>(
  'table',
  'function',
  'procedure',
  'view',
  'event',
  'type',
)
const key: fc.Arbitrary<ObjectKey> = fc.record(
  { kind: fileKind, name, schema: name, signature: fc.oneof(name, fc.constant('integer, text')) },
  { requiredKeys: ['kind', 'name'] },
)
const part = fc.constantFrom<FilePart>('sql', 'rows', 'counters')
const keyText = (value: ObjectKey, suffix: string) =>
  JSON.stringify([value.kind, value.schema ?? null, value.name, value.signature ?? null, suffix])

/** What a path component must be to stand on every file system. */
function expectPortable(path: string): void {
  for (const component of path.split('/')) {
    expect(component).toMatch(/^[a-z0-9_$%+(),.-]+$/)
    expect(component.length).toBeLessThanOrEqual(220)
    expect(component).not.toMatch(/^(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(\.|$)/)
    expect(component).not.toMatch(/^\.\.?$|[. ]$/)
  }
}

describe('paths of objects', () => {
  test.each<[ObjectKey, FilePart, string]>([
    [{ kind: 'table', name: 'users' }, 'sql', 'tables/users.sql'],
    [{ kind: 'table', schema: 'public', name: 'Album' }, 'rows', 'public/tables/+album.csv'],
    [{ kind: 'table', name: 'a.b' }, 'counters', 'tables/a%2eb.counters.sql'],
    [{ kind: 'table', name: 'con' }, 'sql', 'tables/%63on.sql'],
    [{ kind: 'table', name: 'CON' }, 'sql', 'tables/+c+o+n.sql'],
    [{ kind: 'table', name: 'größe' }, 'sql', 'tables/gr%c3%b6%c3%9fe.sql'],
    [
      { kind: 'function', schema: 's', name: 'f', signature: 'integer, numeric(10,2)' },
      'sql',
      's/functions/f(integer,numeric%2810%2c2%29).sql',
    ],
    [{ kind: 'procedure', name: 'p', signature: '' }, 'sql', 'procedures/p().sql'],
    [{ kind: 'schema', name: 'public' }, 'sql', 'database.sql'],
  ])('%j %s → %s', (object, filePart, path) => {
    expect(pathOf(object, filePart)).toBe(path)
  })

  test('every key has a portable path of its own that leads back to it', () => {
    fc.assert(
      fc.property(key, part, (object, filePart) => {
        const path = pathOf(object, filePart)
        expectPortable(path)
        expect(keyOf(path)).toEqual({ key: object, part: filePart })
        expect(isOwnPath(path)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('two keys never share a path, nor does one path lie below another', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, part), { maxLength: 30 }), (items) => {
        const keys = new Set(items.map(([object, filePart]) => keyText(object, filePart)))
        const paths = new Set(items.map(([object, filePart]) => pathOf(object, filePart)))
        expect(paths.size).toBe(keys.size)
        for (const path of paths)
          for (const other of paths) expect(other.startsWith(`${path}/`)).toBe(false)
      }),
    )
  })

  test('a path that the layout never makes has no key', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'tables/%+.sqlcv()2eA,'.split('')), maxLength: 40 }),
        (path) => {
          const found = keyOf(path)
          if (found !== undefined) expect(pathOf(found.key, found.part)).toBe(path)
        },
      ),
      { numRuns: 5000 },
    )
    for (const path of [
      'tables/Users.sql',
      'tables/%41.sql',
      'tables/con.sql',
      'tables/%C3%B6.sql',
      'tables/a.b.sql',
      'tables/x.txt',
      'tables/x',
      'tables/a%/b.sql',
      'tables/%80.sql',
      'README.md',
      'a/b/tables/x.sql',
      'tables//x.sql',
      'tables/x.sql/',
      'triggers/x.sql',
      'tables/a%',
      '',
    ])
      expect(keyOf(path), path).toBeUndefined()
  })

  test('a reference names any object, those of database.sql too', () => {
    const anyKey = fc.record(
      { kind: fc.oneof(fileKind, fc.constantFrom(...kindsInDatabaseFile)), name, schema: name },
      { requiredKeys: ['kind', 'name'] },
    )
    fc.assert(
      fc.property(anyKey, (object) => {
        expect(referenceOf(object)).toMatch(/^[\x21-\x7e]+$/)
        expect(keyOfReference(referenceOf(object))).toEqual(object)
      }),
    )
    expect(referenceOf({ kind: 'extension', name: 'citext' })).toBe('database.sql#extension/citext')
  })
})

describe('directories of databases', () => {
  test.each([
    ['db1.example.org', 'csv2', 'db1.example.org/csv2'],
    ['../x', 'a b', '%2e.%2fx/a%20b'],
    ['.', '..', '%2e/%2e%2e'],
    ['Con.x', 'nul.d', '+con.x/%6eul.d'],
  ])('%s, %s → %s', (host, database, path) => {
    expect(databaseDirectory(host, database)).toBe(path)
  })

  test('are portable, unique, reversible and never one inside another', () => {
    fc.assert(
      fc.property(name, name, name, name, (host, database, otherHost, otherDatabase) => {
        const path = databaseDirectory(host, database)
        expectPortable(path)
        expect(hostAndDatabaseOf(path)).toEqual({ host, database })
        const other = databaseDirectory(otherHost, otherDatabase)
        expect(path === other).toBe(host === otherHost && database === otherDatabase)
        expect(other.startsWith(`${path}/`)).toBe(false)
      }),
      { numRuns: 1000 },
    )
    for (const path of ['a', 'a/b/c', 'A/b', '.git/x', 'a./b', '../b', 'con/x'])
      expect(hostAndDatabaseOf(path), path).toBeUndefined()
  })
})
