import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { sqlite } from '../../../src/engines/sqlite/index.ts'
import { requestFor } from './refill.ts'
import { hold, isTable, scratchDirectory, sqlite3, type Held } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

/**
 * A process that moves money between two tables, and names a table after the number of moves, each in one transaction, over and over.
 * It prints a line when it has begun.
 */
async function startWriter(path: string): Promise<void> {
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 10000 })
    database.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20')
    for (let move = 1; ; move += 1) {
      database.exec('BEGIN IMMEDIATE; UPDATE giver SET amount = amount - 1 WHERE id = ' + (move % 50) + ';')
      database.exec('UPDATE taker SET amount = amount + 1 WHERE id = ' + (move * 7 % 50) + '; UPDATE moves SET number = ' + move)
      database.exec('ALTER TABLE moves_' + (move - 1) + ' RENAME TO moves_' + move)
      database.exec('INSERT INTO giver SELECT id + 100, 0 FROM giver WHERE id < 20 AND ' + (move % 2) + '; DELETE FROM giver WHERE id >= 100 AND ' + ((move + 1) % 2) + '; COMMIT')
      if (move === 20) console.log('at work')
    }`
  const options = ['--disable-warning=ExperimentalWarning', '-e', script]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
}

function makeAccounts(path: string, mode: string): void {
  sqlite3(
    path,
    `PRAGMA journal_mode = ${mode}; CREATE TABLE giver (id INTEGER PRIMARY KEY, amount INT); CREATE TABLE taker (id INTEGER PRIMARY KEY, amount INT);
     CREATE TABLE moves (number INT); CREATE TABLE moves_0 (x); INSERT INTO moves VALUES (0);
     WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49) INSERT INTO giver SELECT i, 0 FROM n; INSERT INTO taker SELECT id, 0 FROM giver;`,
  )
}

function sumOf({ rows }: Held, table: string): number {
  const lines = (rows.get(table) ?? '').split('\n').filter((line) => line !== '')
  return lines.reduce((sum, line) => sum + Number(line.split(',')[1]), 0)
}

describe.each(['WAL', 'DELETE'])('a writer at work in mode %s', (mode) => {
  it('is seen between two of its transactions in every snapshot, never within one', async () => {
    const path = scratch.path(`${mode}.db`)
    makeAccounts(path, mode)
    await startWriter(path)
    const numbers: number[] = []
    for (let snapshot = 0; snapshot < 25; snapshot += 1) {
      const held = await hold(path)
      const number = Number(held.rows.get('moves'))
      numbers.push(number)
      expect(sumOf(held, 'taker')).toBe(number)
      expect(sumOf(held, 'giver')).toBe(-number)
      const names = held.schema.objects.filter(isTable).map(({ name }) => name)
      expect(names).toStrictEqual(['giver', 'moves', `moves_${number}`, 'taker'])
      expect(held.rows.get('giver')?.split('\n')).toHaveLength(number % 2 === 1 ? 71 : 51)
    }
    // The writer was at work meanwhile.
    expect(new Set(numbers).size).toBeGreaterThan(5)
    expect(numbers).toStrictEqual(numbers.toSorted((one, other) => one - other))
  })
})

describe('a program that keeps the file to itself', () => {
  it('is named as the reason, also in WAL mode without a shared memory file', async () => {
    const path = scratch.path('exclusive.db')
    sqlite3(path, 'PRAGMA journal_mode = WAL; CREATE TABLE t (x);')
    const writer = new DatabaseSync(path)
    writer.exec('PRAGMA locking_mode = EXCLUSIVE; INSERT INTO t VALUES (1)')
    try {
      await expect(sqlite.open(requestFor(path))).rejects.toMatchObject({ code: 'database-locked' })
    } finally {
      writer.close()
    }
    expect((await hold(path)).rows.get('t')).toBe('1\n')
  }, 15_000)
})
