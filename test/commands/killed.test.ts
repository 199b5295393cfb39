import { setTimeout as sleep } from 'node:timers/promises'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, test, type Project } from '../cli/project.ts'
import { committedFiles, faultsOf, git, openToOthers, placedPaths, treeOf } from '../cli/witness.ts'

const kills = 13
const userRows = 4_000

/** Numbers from 0 to 1 that are the same in every run of the tests. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

/** Changes rows of every category and the structure, so that every stage of a run has work. */
function change(project: Project, step: number): void {
  project.sql(`UPDATE users SET email = 'step-${step}'; UPDATE countries SET name = 'step-${step}';
    CREATE TABLE t${step} (a TEXT); DROP TABLE IF EXISTS t${Math.max(0, step - 3)}; CREATE VIEW v${step} AS SELECT ${step} AS n;`)
}

/** Everything in place is whole: what git has as an object, and private rows of one and the same run. */
function expectWhole(project: Project): void {
  expect(openToOthers(project.private)).toEqual([])
  const rows = join(project.private, host, 'shop', 'tables', 'users.csv')
  if (existsSync(rows)) {
    const [head, ...lines] = readFileSync(rows, 'utf8').split('\n')
    expect([head, lines.length, lines.at(-1)]).toEqual(['id,email', userRows + 1, ''])
    expect(new Set(lines.slice(0, -1).map((line) => line.split(',')[1])).size).toBe(1)
  }
  if (!existsSync(join(project.shared, '.git', 'HEAD'))) return
  expect(faultsOf(project.shared)).toBe('')
  const known = new Set(
    git(project.shared, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)').split(
      '\n',
    ),
  )
  const placed = placedPaths(project.shared)
  const names =
    placed.length === 0
      ? []
      : git(project.shared, 'hash-object', ...placed)
          .trim()
          .split('\n')
  expect(names.filter((name) => !known.has(name))).toEqual([])
}

describe.concurrent('a run that is killed', () => {
  test.for([1, 2])(
    'at any moment leaves whole files, and the next one heals (seed %i)',
    async (seed, { newProject, project }) => {
      const random = seeded(seed)
      project.sql(
        `DELETE FROM users; INSERT INTO users (email) SELECT 'step-0' FROM generate_series(1, ${userRows})`,
      )
      const started = performance.now()
      const undisturbed = await newProject('')
      project.sql(`VACUUM INTO '${undisturbed.database}'`)
      await undisturbed.succeed()
      const duration = performance.now() - started
      let survivors = 0
      for (let step = 1; step <= kills; step += 1) {
        change(project, step)
        const { child, ended } = project.start()
        // Before the configuration is read there is nothing to break.
        await sleep(duration * (0.25 + 0.75 * random()))
        child.kill('SIGKILL')
        if ((await ended).signal === null) survivors += 1
        expectWhole(project)
      }
      expect(survivors).toBeLessThan(kills)
      await project.succeed()
      expect(project.git('status', '--porcelain')).toBe('')
      const fresh = await newProject('')
      project.sql(`VACUUM INTO '${fresh.database}'`)
      await fresh.succeed()
      expect(committedFiles(project.shared)).toEqual(committedFiles(fresh.shared))
      expect(treeOf(join(project.private, host))).toEqual(treeOf(join(fresh.private, host)))
      expect(placedPaths(project.shared)).toEqual(placedPaths(fresh.shared))
      expect(existsSync(join(project.shared, '.schema_backup', 'staging', 'old'))).toBe(false)
    },
  )
})
