import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createTwoFilesPatch } from 'diff'
import { readFacts } from '../files/database-file.ts'
import { databaseFiles } from '../files/layout.ts'
import type { StagedTree } from '../files/stage.ts'
import { compareTree } from '../files/tree-changes.ts'

/** A file that is not the same on both sides. */
export interface FileDifference {
  /** Relative to the database's directory. */
  readonly path: string
  /** `missing`: only in the snapshot; `extra`: only in the database that was filled from it. */
  readonly what: 'missing' | 'extra' | 'changed' | 'orphans'
  /** A unified diff, or a sentence where none may or can be shown. */
  readonly text: string
}

/** What two files are compared with at most. */
const limits = { bytes: 4 << 20, milliseconds: 5_000, edits: 2_000, shownLines: 60 } as const

/**
 * Compares the files of a directory with those of a tree that was staged from the database that was filled with them,
 * byte by byte. `database.yaml` is compared without its versions. Private files show nothing but their names.
 */
export async function compareFiles(
  directory: { readonly top: string; readonly database: string },
  staged: StagedTree,
): Promise<readonly FileDifference[]> {
  const changes = await compareTree({ ...staged, topDirectory: directory.top }, directory.database)
  const standing = (path: string) => changes.standing.get(path)?.isFile() === true
  const differences: FileDifference[] = []
  for (const path of [...changes.written, ...changes.removed].sort()) {
    if (path === databaseFiles.attributes) continue
    const before = standing(path) ? join(changes.directory, path) : undefined
    const after = staged.files.get(path)?.file
    if (path === databaseFiles.facts && (await isSameProduct(before, after))) continue
    differences.push({
      path,
      what: before === undefined ? 'extra' : after === undefined ? 'missing' : 'changed',
      text: staged.privateMode ? privateText : await patchOf(path, before, after),
    })
  }
  return differences
}

const privateText = 'A private file: its lines are not shown.\n'

async function isSameProduct(
  before: string | undefined,
  after: string | undefined,
): Promise<boolean> {
  if (before === undefined || after === undefined) return false
  const [one, other] = await Promise.all([readFile(before, 'utf8'), readFile(after, 'utf8')])
  return readFacts(one).product === readFacts(other).product
}

async function patchOf(
  path: string,
  before: string | undefined,
  after: string | undefined,
): Promise<string> {
  const files = [before, after].filter((file) => file !== undefined)
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  if (Math.max(...sizes) > limits.bytes)
    return `Too large to be shown: ${sizes.join(' and ')} bytes.\n`
  const [one, other] = await Promise.all([textOf(before), textOf(after)])
  return patchOfTexts(path, one, other)
}

async function textOf(file: string | undefined): Promise<string> {
  return file === undefined ? '' : await readFile(file, 'utf8')
}

/** A unified diff of two texts that differ, cut to what a person reads; never takes long. */
export function patchOfTexts(
  name: string,
  before: string,
  after: string,
  labels: readonly [string, string] = ['snapshot', 'restored'],
): string {
  const patch = createTwoFilesPatch(name, name, before, after, ...labels, {
    context: 2,
    timeout: limits.milliseconds,
    maxEditLength: limits.edits,
  })
  if (patch === undefined) return firstDifference(before, after)
  const all = patch.split('\n')
  const lines = all.slice(all.findIndex((line) => line.startsWith('--- ')))
  const rest = lines.length - limits.shownLines
  if (rest <= 0) return lines.join('\n')
  return [...lines.slice(0, limits.shownLines), `… and ${rest} lines more`, ''].join('\n')
}

function firstDifference(before: string, after: string): string {
  const [one, other] = [before.split('\n'), after.split('\n')]
  const line = one.findIndex((text, index) => text !== other[index])
  const number = line < 0 ? one.length + 1 : line + 1
  return `Too different to be shown as a diff; line ${number} is the first that differs.\n`
}
