import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reviewChanges } from '../../src/commands/review-changes.ts'
import type { StagedTree } from '../../src/files/stage.ts'
import { openRepository } from '../../src/git/repository.ts'
import { countedBytes } from '../../src/review/rows.ts'
import { temporaryDirectory } from '../support/servers.ts'

test('a large table’s committed rows are not loaded to say that rows differ', async () => {
  const directory = await temporaryDirectory()
  const repository = await openRepository(directory, { create: true, environment: {} })
  const sql = join(directory, 'log.sql')
  await writeFile(sql, 'CREATE TABLE log (id integer);\n')
  const committedSql = await repository.storeFile({ file: sql })
  const csv = join(directory, 'log.csv')
  await writeFile(csv, '')
  await truncate(csv, countedBytes + 1)
  const staged: StagedTree = {
    topDirectory: directory,
    stagingDirectory: directory,
    privateMode: false,
    files: new Map([
      ['tables/log.sql', { file: sql, bytes: 31 }],
      ['tables/log.csv', { file: csv, bytes: countedBytes + 1 }],
    ]),
    rowCounts: new Map(),
    discard: () => Promise.resolve(),
  }
  // Reading it would fail: the repository has no such object.
  const committedRows = { oid: '1'.repeat(40), mode: '100644' }
  const committed = new Map([
    ['tables/log.sql', { oid: committedSql, mode: '100644' }],
    ['tables/log.csv', committedRows],
  ])
  const files = new Map([
    ['tables/log.sql', committedSql],
    ['tables/log.csv', '2'.repeat(40)],
  ])
  const changes = await reviewChanges({ repository, committed, staged, files }, 'shop')
  expect(changes.map(({ text, rows }) => [text, rows])).toEqual([['log rows', 'uncounted']])
})

test('a new server is named by both versions, a new package of the same is not', async () => {
  const directory = await temporaryDirectory()
  const repository = await openRepository(directory, { create: true, environment: {} })
  const facts = async (version: string) => {
    const file = join(directory, version)
    await writeFile(
      file,
      `format: 1\nproduct: PostgreSQL\nserver_version: ${version}\nversions: {}\n`,
    )
    return { file, oid: await repository.storeFile({ file }) }
  }
  const words = async (before: string, after: string) => {
    const [old, current] = [await facts(before), await facts(after)]
    const changes = await reviewChanges(
      {
        repository,
        committed: new Map([['database.yaml', { oid: old.oid, mode: '100644' }]]),
        staged: {
          topDirectory: directory,
          stagingDirectory: directory,
          privateMode: false,
          files: new Map([['database.yaml', { file: current.file, bytes: 1 }]]),
          rowCounts: new Map(),
          discard: () => Promise.resolve(),
        },
        files: new Map([['database.yaml', current.oid]]),
      },
      'shop',
    )
    return changes.map(({ text }) => text)
  }
  expect(await words('15.18 (Debian 15.18-0+deb12u1)', '18.4 (Debian 18.4-1)')).toEqual([
    'server PostgreSQL 15.18 is now PostgreSQL 18.4',
  ])
  expect(await words('15.18 (Debian 15.18-0+deb12u1)', '15.18 (Debian 15.18-0+deb12u2)')).toEqual([
    'versions changed',
  ])
})
