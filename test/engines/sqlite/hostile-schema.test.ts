import { existsSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/engines/sqlite/catalog.ts'
import { needsOfApplication } from '../../../src/engines/sqlite/needs.ts'
import { sqliteScript } from '../../../src/engines/sqlite/script.ts'
import { isOneStatement } from '../../../src/engines/sqlite/sqltext.ts'
import { makeDatabase } from './refill.ts'
import { hold, scratchDirectory } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const pwned = scratch.path('pwned.db')
const definition = 'CREATE TABLE g(a INTEGER PRIMARY KEY, b TEXT CHECK (length(b)>0))'
const attack = `; ATTACH '${pwned}' AS z; CREATE TABLE z.owned(x)`

describe('a definition with other statements behind it', () => {
  it.each([
    ['table', 'g'],
    ['index', 'i'],
    ['view', 'v'],
  ])('is named and in no file, and does nothing: %s', async (kind, name) => {
    const path = scratch.path(`${kind}.db`)
    makeDatabase(
      path,
      `${definition}; CREATE INDEX i ON g (lower(b)); CREATE VIEW v AS SELECT b FROM g; CREATE TABLE kept (x);
       PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || '${attack.replaceAll("'", "''")}' WHERE name = '${name}';`,
    )
    const { schema } = await hold(path)
    expect(existsSync(pwned)).toBe(false)
    expect(JSON.stringify(schema.objects)).not.toContain('ATTACH')
    expect(schema.objects.map((object) => object.name)).toContain('kept')
    expect(schema.notCaptured).toContainEqual({
      kind,
      name,
      reason: 'Its text holds more than one statement.',
    })
  })

  it('does nothing while the needs of the application are found', () => {
    const entry: Entry = { type: 'table', name: 'g', tableName: 'g', sql: definition + attack }
    expect(needsOfApplication([entry])).toStrictEqual([])
    expect(existsSync(pwned)).toBe(false)
  })

  it('does nothing while a script is written', async () => {
    const writer = sqliteScript({ content: 'rows' })
    const table = { kind: 'table', name: 'g', sql: definition + attack, dependsOn: [] } as const
    const rows = { table, columns: ['a', 'b'] }
    const pieces: string[] = []
    for await (const piece of writer.rows(rows, oneRow())) pieces.push(String(piece))
    expect(pieces.join('')).toBe(`INSERT INTO "g"("a","b") VALUES(1,'x');\n`)
    expect(existsSync(pwned)).toBe(false)
  })

  it.each([
    ['CREATE TABLE t (x)', true],
    ['CREATE TABLE t (x DEFAULT \';\', "a;b") ; -- ; end\n /* ; */ ;', true],
    ['CREATE TABLE t (x); x', false],
    ['CREATE TABLE t (x) /* ; */; \0', false],
  ])('is told from a definition alone: %j', (sql, expected) => {
    expect(isOneStatement(sql)).toBe(expected)
  })
})

describe('a function whose name is longer than SQLite takes', () => {
  it('is missing as any other', () => {
    const name = 'f'.repeat(256)
    const sql = `CREATE TABLE t (a CHECK (${name}(a)))`
    expect(needsOfApplication([{ type: 'table', name: 't', tableName: 't', sql }])).toMatchObject([
      expect.stringContaining(`the function "${name}"`),
    ])
  })
})

async function* oneRow(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.from('1,x\n'))
}
