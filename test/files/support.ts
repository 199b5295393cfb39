import { lstat, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeRows } from '../../src/csv.ts'
import type { Row } from '../../src/csv.ts'
import type { StageOptions } from '../../src/files/stage.ts'
import type { DbObject, Snapshot, Table } from '../../src/model.ts'

/** A temporary directory that is removed when disposed. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'schema_backup-files-'))
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true })
    },
  }
}

export function table(name: string, more: Partial<Table> = {}): Table {
  return {
    kind: 'table',
    name,
    sql: `CREATE TABLE ${name} (id integer, note text);\n`,
    dependsOn: [],
    columns: [
      { name: 'id', type: 'integer', generated: false },
      { name: 'note', type: 'text', generated: false },
    ],
    orderBy: ['id'],
    hasRows: true,
    ...more,
  }
}

/** A database that stands still in memory; rows by table name. */
export function snapshotOf(
  objects: readonly DbObject[],
  rows: Readonly<Record<string, readonly Row[]>> = {},
): Snapshot {
  return {
    schema: {
      product: 'Example',
      serverVersion: '1.0',
      versions: {},
      objects,
      notCaptured: [],
      warnings: [],
    },
    rows: async function* (of) {
      await Promise.resolve()
      for (const row of rows[of.name] ?? []) yield Buffer.from(encodeRows([row]))
    },
  }
}

/** Two databases with tables in common, changed, and of their own. */
export const loopSnapshots: readonly Snapshot[] = ['old', 'new'].map((version) => {
  const names = Array.from({ length: 20 }, (_, index) => `t${index}`)
  const tables = [...names, `only_${version}`].map((name) =>
    table(name, { schema: `s_${name}`, sql: `CREATE TABLE ${name}; -- ${version}\n` }),
  )
  return snapshotOf(tables, Object.fromEntries(names.map((name) => [name, [['1', version]]])))
})

export function stageOptions(topDirectory: string, more: Partial<StageOptions> = {}): StageOptions {
  return {
    topDirectory,
    include: () => true,
    rowsOf: () => true,
    countersOf: () => true,
    secretsOf: () => true,
    privateMode: false,
    ...more,
  }
}

export interface Standing {
  readonly text: string | null
  readonly mode: number
  readonly changedAt: number
  readonly inode: number
}

/** Everything below a directory but the working directory, by relative path; links and directories have no text. */
export async function standingIn(directory: string): Promise<Record<string, Standing>> {
  const names = await readdir(directory, { recursive: true })
  const found: Record<string, Standing> = {}
  for (const name of names.sort()) {
    if (name.startsWith('.schema_backup')) continue
    const stats = await lstat(join(directory, name))
    found[name] = {
      text: stats.isFile() ? await readFile(join(directory, name), 'utf8') : null,
      mode: stats.mode & 0o7777,
      changedAt: stats.mtimeMs,
      inode: stats.ino,
    }
  }
  return found
}

/** The files below a directory, by relative path. */
export async function textsIn(directory: string): Promise<Record<string, string>> {
  const texts = Object.entries(await standingIn(directory))
  return Object.fromEntries(
    texts.flatMap(([path, { text }]) => (text === null ? [] : [[path, text]])),
  )
}
