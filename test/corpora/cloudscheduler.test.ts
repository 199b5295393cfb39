import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { servers, temporaryDirectory } from '../support/servers.ts'
import { Backup, changedPaths, packedKilobytes, sizeOf, states } from './backup.ts'
import { canary, corporaDirectory, scriptOf } from './corpus.ts'
import { onServer, type Loaded } from './loaded.ts'
import { table } from './report.ts'

/** The database of the utility that this project follows, with its own configuration file. */

const measurements = table([
  'cloudscheduler',
  'runs',
  'commits',
  'seconds a run',
  'files',
  'kB',
  'git kB',
])

afterAll(() => {
  console.log(measurements.text())
})

/** The real file; only its private directory and its pause are not for a test. */
function realConfiguration(): string {
  const file = join(corporaDirectory, 'mariadb', 'cloudscheduler-schema_backup.conf')
  return readFileSync(file, 'utf8').replaceAll(
    /^(csv2_backup_dir|user_data_backup_dir|pause_interval):.*$/gm,
    '',
  )
}

function measure(name: string, backup: Backup, seconds: readonly number[]): void {
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length
  const { files, kilobytes } = sizeOf(backup.shared)
  const packed = packedKilobytes(backup)
  measurements.add([
    name,
    seconds.length,
    backup.commits(),
    mean.toFixed(1),
    files,
    kilobytes,
    packed,
  ])
}

test('its own file and rows', async () => {
  const loaded = onServer(servers().mariadb)
  loaded.run(scriptOf('mariadb', 'cloudscheduler.sql.gz'))
  loaded.run(userRow(1))
  const backup = new Backup(await temporaryDirectory(), realConfiguration())
  const run = () => backup.run({ SCHEMA_BACKUP_DATABASE: loaded.url })

  const first = run()
  expect(first).toMatchObject({ status: 0 })
  const before = [states(backup.shared), states(backup.private)] as const
  const second = run()
  expect(second).toMatchObject({ status: 0, output: '' })
  expect([states(backup.shared), states(backup.private)]).toEqual(before)

  loaded.run('ALTER TABLE csv2_watchdog ADD COLUMN note varchar(10);')
  loaded.run(
    "UPDATE csv2_configuration SET config_value = '99' ORDER BY category, config_key LIMIT 1;",
  )
  loaded.run(userRow(2))
  const third = run()
  expect(third).toMatchObject({ status: 0 })
  const changed = changedPaths(before[0], states(backup.shared))
  expect(changed.map((path) => path.split('/').slice(2).join('/'))).toEqual([
    'tables/csv2_configuration.csv',
    'tables/csv2_watchdog.sql',
  ])
  expect(backup.git('show', '--name-only', '--format=', 'HEAD').trim().split('\n')).toEqual(changed)
  const history = backup.history()
  expect(history).toMatch(/^\+.*`note`/m)
  expect(history).not.toContain(canary)
  expect(backup.git('fsck', '--strict', '--full')).toBe('')
  measure(
    '2.11, three runs',
    backup,
    [first, second, third].map(({ seconds }) => seconds),
  )
  loaded.remove()
})

function userRow(number: number): string {
  return `INSERT INTO csv2_user (username, password, join_date) VALUES ('${canary}-${number}', '${canary}', '2024-01-01');`
}

test('four years of its releases, and back to the first', async () => {
  const loaded = onServer(servers().mariadb)
  const backup = new Backup(await temporaryDirectory(), realConfiguration())
  const releases = readdirSync(
    join(corporaDirectory, 'mariadb', 'cloudscheduler-releases'),
  ).toSorted()
  expect(releases.length).toBeGreaterThan(30)
  const seconds: number[] = []
  const trees: string[] = []
  const dumps: string[] = []
  for (const release of [...releases, releases[0] ?? '']) {
    dumps.push(loadRelease(loaded, release))
    const run = backup.run({ SCHEMA_BACKUP_DATABASE: loaded.url })
    expect(run, release).toMatchObject({ status: 0 })
    seconds.push(run.seconds)
    trees.push(backup.git('rev-parse', 'HEAD^{tree}'))
  }
  expect(trees.at(-1)).toBe(trees[0])
  expect(new Set(trees).size).toBe(new Set(dumps).size)
  const steps = trees.filter((tree, index) => tree !== trees[index - 1]).length
  expect(backup.commits()).toBe(steps)
  expect(backup.git('status', '--porcelain')).toBe('')
  expect(backup.git('fsck', '--strict', '--full')).toBe('')
  measure('34 releases and the first again', backup, seconds)
  loaded.remove()
})

/** Replaces the database by a release; returns what tells two releases apart: the script without what says who wrote it. */
function loadRelease(loaded: Loaded, release: string): string {
  const script = scriptOf('mariadb', join('cloudscheduler-releases', release))
  loaded.empty()
  loaded.run(script)
  return script
    .split('\n')
    .filter((line) => !/^(--|\/\*|\s*$)/.test(line))
    .join('\n')
}
