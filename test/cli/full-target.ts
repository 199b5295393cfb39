import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runSqlite } from '../support/databases.ts'

/**
 * Runs in a mount namespace of its own: restores a project's files over a database on a file system that is too small
 * for them, and prints as JSON what is left. Argument: the project's directory.
 */

const [directory = ''] = process.argv.slice(2)
const small = join(directory, 'small')
const copy = join(small, 'copy.db')
mkdirSync(small)
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr.toString()}`)
runSqlite(copy, "CREATE TABLE t (x); INSERT INTO t VALUES ('precious')")
const words = [
  join(import.meta.dirname, '..', '..', 'src', 'cli.ts'),
  'restore',
  '--config',
  join(directory, 'etc', 'schema_backup.conf'),
  '--to',
  `sqlite:${copy}`,
  '--replace',
  '--confirm',
  'copy.db',
]
const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
const rows = runSqlite(copy, 'SELECT x FROM t')
process.stdout.write(JSON.stringify({ status, stderr, rows, files: readdirSync(small) }))
