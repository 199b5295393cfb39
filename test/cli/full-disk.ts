import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { committedFiles, entriesOf, faultsOf, git } from './witness.ts'

/**
 * Runs in a mount namespace of its own, so that its small file system is gone with it: snapshots a growing database while
 * ever less space is left, and prints as JSON what each run left behind. Arguments: a project's directory, the command line.
 */

const [directory = '', program = ''] = process.argv.slice(2)
const shared = join(directory, 'schema_backup')
const configuration = join(directory, 'etc', 'schema_backup.conf')
const filler = join(shared, '.git', 'filler')
const spare = [400, 160, 110, 90, 70, 60, 50, 40, 30, 20, 10, 0]

mkdirSync(shared)
mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', shared)

const statuses: (number | null)[] = []
const errors: string[] = []
const faults: string[] = []
const broken: string[] = []
record(snapshot())
for (const [step, kilobytes] of spare.entries()) {
  change(step)
  fill(kilobytes)
  const ended = snapshot()
  rmSync(filler, { force: true })
  record(ended)
}
mount('-o', 'remount,size=16m', shared)
const { status } = snapshot()
const healed = {
  status,
  files: committedFiles(shared),
  dirty: git(shared, 'status', '--porcelain'),
}
process.stdout.write(JSON.stringify({ statuses, errors, faults, broken, healed }))

function mount(...words: readonly string[]): void {
  const ended = spawnSync('mount', words, { encoding: 'utf8' })
  if (ended.status !== 0) throw new Error(`mount: ${ended.stderr}`)
}

/** About 30 kB of text that does not compress. */
function change(step: number): void {
  const sql = `UPDATE countries SET name = 'step ${step}';
    INSERT INTO countries SELECT ${step} || '-' || value, hex(randomblob(200)) FROM generate_series(1, 70);`
  const ended = spawnSync('sqlite3', [join(directory, 'shop.db')], { input: sql, encoding: 'utf8' })
  if (ended.status !== 0) throw new Error(`sqlite3: ${ended.stderr}`)
}

/** Leaves about that many kilobytes free. */
function fill(kilobytes: number): void {
  const ended = spawnSync('df', ['-k', '--output=avail', shared], { encoding: 'utf8' })
  const free = Number(ended.stdout.split('\n')[1])
  writeFileSync(filler, Buffer.alloc(Math.max(0, free - kilobytes) * 1024, 1))
}

function snapshot() {
  return spawnSync(process.execPath, [program, '--config', configuration], { encoding: 'utf8' })
}

function record(ended: { readonly status: number | null; readonly stderr: string }): void {
  statuses.push(ended.status)
  if (ended.status !== 0) errors.push(ended.stderr)
  faults.push(faultsOf(shared))
  broken.push(...halfWritten())
}

/** Files in place that are no file that git has: each was written whole, or not at all. */
function halfWritten(): readonly string[] {
  const paths = entriesOf(shared)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/.git/') && !path.includes('/.schema_backup/'))
  const known = new Set(
    git(shared, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)').split('\n'),
  )
  return paths
    .filter((path) => !known.has(git(shared, 'hash-object', path).trim()))
    .map((path) => `${path}: ${readFileSync(path, 'utf8').length}`)
}
