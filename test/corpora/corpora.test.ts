import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { pathOf } from '../../src/files/layout.ts'
import { installedMysqlServers } from '../support/mysql-servers.ts'
import { temporaryDirectory, type MysqlServer } from '../support/servers.ts'
import { Backup, changedPaths, packedKilobytes, sizeOf, states } from './backup.ts'
import { canary, corpora, type Corpus } from './corpus.ts'
import { load, type Loaded } from './loaded.ts'
import { table } from './report.ts'

const measurements = table([
  'database',
  'tables',
  'first run s',
  'unchanged s',
  'changed s',
  'files',
  'files kB',
  'git kB',
])

afterAll(() => {
  console.log(measurements.text())
})

const onPostgres = (server: 'postgres15' | 'postgres18') =>
  corpora
    .filter(({ engine }) => engine === 'postgres')
    .map((corpus) => ({ title: `${corpus.file} on ${server}`, corpus, server }))
const onMysql = (server: MysqlServer) =>
  corpora
    .filter(({ engine }) => engine === 'mariadb')
    .map((corpus) => ({ title: `${corpus.file} on ${server}`, corpus, server }))
const onFiles = corpora
  .filter(({ engine }) => engine === 'sqlite')
  // No server is asked for.
  .map((corpus) => ({ title: `${corpus.file} on sqlite`, corpus, server: 'mariadb' as const }))

describe.each([
  ...installedMysqlServers.flatMap(onMysql),
  ...onFiles,
  ...onPostgres('postgres15'),
  ...onPostgres('postgres18'),
])('$title', ({ title, corpus, server }) => {
  test('is backed up, twice without a trace, and a change is exactly its files', async () => {
    const loaded = await load(corpus, server)
    loaded.run(corpus.plant)
    const backup = new Backup(await temporaryDirectory(), settingsFor(corpus, loaded))

    const first = backup.run()
    expect(first).toMatchObject({ status: 0 })
    expect(backup.commits()).toBe(1)
    const before = [states(backup.shared), states(backup.private)] as const

    const second = backup.run()
    expect(second).toMatchObject({ status: 0, output: '' })
    expect(backup.commits()).toBe(1)
    expect([states(backup.shared), states(backup.private)]).toEqual(before)

    loaded.run(corpus.column.sql)
    loaded.run(corpus.globalRow.sql)
    loaded.run(corpus.localRow.sql)
    const third = backup.run()
    expect(third).toMatchObject({ status: 0 })
    expect(backup.commits()).toBe(2)
    const directory = databaseDirectory(backup)
    const inDirectory = (path: string) => `${directory}/${path}`
    const expected = [
      inDirectory(pathOf(corpus.column.table)),
      inDirectory(pathOf(corpus.globalRow.table, 'rows')),
    ].toSorted()
    expect(committedPaths(backup)).toEqual(expected)
    expect(changedPaths(before[0], states(backup.shared))).toEqual(expected)

    const localFile = inDirectory(pathOf(corpus.localRow.table, 'rows'))
    const rowFiles = changedPaths(before[1], states(backup.private)).filter((path) =>
      path.endsWith('.csv'),
    )
    expect(rowFiles).toEqual([localFile])
    const rows = await readFile(join(backup.private, localFile), 'utf8')
    expect([...rows.matchAll(/canary-7c1f0b9d-\d/g)].map(String)).toEqual(
      expect.arrayContaining([`${canary}-1`, `${canary}-2`]),
    )

    const history = backup.history()
    expect(history).toMatch(/^\+.*\bnote\b/m)
    expect(history).not.toContain(canary)
    expect(`${first.output}${third.output}`).not.toContain(canary)
    expect(backup.git('status', '--porcelain')).toBe('')
    expect(backup.git('fsck', '--strict', '--full')).toBe('')
    const { files, kilobytes } = sizeOf(backup.shared)
    measurements.add([
      title,
      loaded.tables().length,
      first.seconds.toFixed(1),
      second.seconds.toFixed(1),
      third.seconds.toFixed(1),
      files,
      kilobytes,
      packedKilobytes(backup),
    ])
    loaded.remove()
  })
})

/** JSON is YAML: every name can stand in it. */
function settingsFor(corpus: Corpus, loaded: Loaded): string {
  const { name, schema } = corpus.column.table
  const ephemeral = [schema === undefined ? name : `${schema}.${name}`]
  const { local } = corpus
  const global = loaded.tables().filter((table) => ![...local, ...ephemeral].includes(table))
  const settings = { database: loaded.url, global, local, ephemeral }
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join('\n')
}

/** `<host>/<database>`, as the first commit made it. */
function databaseDirectory(backup: Backup): string {
  const [facts = ''] = backup.git('ls-files', '*/database.yaml').trim().split('\n')
  return facts.replace(/\/database\.yaml$/, '')
}

function committedPaths(backup: Backup): readonly string[] {
  return backup.git('show', '--name-only', '--format=', 'HEAD').trim().split('\n').toSorted()
}
