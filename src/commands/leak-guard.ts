import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { compileGlob, tableText } from '../config/categories.ts'
import type { DatabaseConfig } from '../config/config.ts'
import { compileMask } from '../config/mask.ts'
import { databaseFiles, keyOf } from '../files/layout.ts'
import { objectTexts, type ObjectText } from '../files/object-texts.ts'
import { kindWords, type ObjectKey } from '../model.ts'
import { definitionLeaks } from '../review/definition-leaks.ts'
import { loadKnownSecrets, type KnownSecrets } from '../review/known-secrets.ts'
import { redactedSample, wordsOfRule } from '../review/leaks.ts'
import type { SecretMatch } from '../review/secret-values.ts'
import { tableLeaks } from '../review/table-leaks.ts'
import type { Comparison } from './compare-staged.ts'
import type { Held } from './report.ts'
import { differingPaths } from './review-changes.ts'
import { keyText } from './selection.ts'
import type { DatabaseRun } from './snapshot-run.ts'

/**
 * What looks like a secret in the rows and definitions that differ from the last commit. Empty when the guard is off, or
 * `allow` names all of it.
 */
export async function leaks(
  comparison: Comparison,
  { database, context }: DatabaseRun,
): Promise<readonly Held[]> {
  const { staged } = comparison
  const paths = differingPaths(comparison).filter((path) => staged.files.has(path))
  const isSearched = (path: string) => /\.(?:csv|sql)$/.test(path)
  if (database.leakGuard === undefined || !paths.some(isSearched)) return []
  const [knownSecrets, isAllowed] = [await loadKnownSecrets(), allowance(database.leakGuard.allow)]
  const held: Held[] = []
  for (const path of paths.filter(isSearched)) {
    context.signal.throwIfAborted()
    const found = keyOf(path)
    if (found?.part === 'rows')
      held.push(...(await rowLeaks(path, found.key, comparison, knownSecrets)))
    else held.push(...(await textLeaks(path, comparison, knownSecrets)))
  }
  return held.filter((each) => !isAllowed(each) && !isMasked(each, database))
}

async function rowLeaks(
  path: string,
  key: ObjectKey,
  { staged }: Comparison,
  knownSecrets: KnownSecrets,
): Promise<readonly Held[]> {
  const file = staged.files.get(path)
  if (file === undefined) return []
  const found = await tableLeaks(createReadStream(file.file), key.name, knownSecrets)
  return found.map((leak) => heldLeak(key, leak, 'rows'))
}

async function textLeaks(
  path: string,
  comparison: Comparison,
  knownSecrets: KnownSecrets,
): Promise<readonly Held[]> {
  const held: Held[] = []
  for (const { key, text } of await newTexts(path, comparison)) {
    const found = await definitionLeaks(text, knownSecrets)
    held.push(...found.map((leak) => heldLeak(key, leak, 'definition')))
  }
  return held
}

/** Many objects share one file: those that are as they were are not new. */
async function newTexts(
  path: string,
  { staged, committed, repository }: Comparison,
): Promise<readonly ObjectText[]> {
  const file = staged.files.get(path)
  if (file === undefined) return []
  const texts = objectTexts(path, await readFile(file.file, 'utf8'))
  const blob = path === databaseFiles.objects ? committed.get(path) : undefined
  if (blob === undefined) return texts
  const before = objectTexts(
    path,
    Buffer.from(await repository.readBlob(blob.oid)).toString('utf8'),
  )
  const old = new Map(before.map(({ key, text }) => [keyText(key), text]))
  return texts.filter(({ key, text }) => old.get(keyText(key)) !== text)
}

function heldLeak(
  key: ObjectKey,
  { rule, value, column }: SecretMatch & { readonly column?: string },
  part: 'rows' | 'definition',
): Held {
  const sample = redactedSample(value)
  const object = `${kindWords(key.kind)} ${tableText(key)}`
  const place =
    part === 'rows'
      ? `The column ${column ?? ''} of the ${object}`
      : `The definition of the ${object}${column === undefined ? '' : `, column ${column},`}`
  return {
    name: part === 'rows' ? `${tableText(key)}.${column ?? ''}` : object,
    message: `${place} holds what looks like ${wordsOfRule(rule)}: ${sample}.`,
    leak: {
      kind: key.kind,
      ...(key.schema === undefined ? {} : { schema: key.schema }),
      object: key.name,
      ...(part === 'definition' || column === undefined ? {} : { column }),
      rule,
      sample,
    },
  }
}

/** What stands in the file of a masked column was made for it. */
function isMasked({ leak }: Held, { masks = [] }: DatabaseConfig): boolean {
  if (leak?.column === undefined) return false
  const table = {
    name: leak.object,
    ...(leak.schema === undefined ? {} : { schema: leak.schema }),
  }
  const { column } = leak
  return masks.some((entry) => compileMask(entry).column(table, column) !== undefined)
}

/** Whether an entry of `allow` names a column, its table, or the object of a definition. */
function allowance(entries: readonly string[]): (held: Held) => boolean {
  const patterns = entries.map((text) => ({ text, matches: compileGlob(text) }))
  return ({ leak }) => {
    if (leak === undefined) return false
    const { kind, schema, object, column } = leak
    const owners = schema === undefined ? [object] : [object, `${schema}.${object}`]
    const names =
      column === undefined
        ? owners.map((owner) => `${kindWords(kind)} ${owner}`)
        : owners.flatMap((owner) => [owner, `${owner}.${column}`])
    return patterns.some(({ text, matches }) =>
      names.some((name) => name === text || matches(name)),
    )
  }
}
