import { DoesNotFit } from '../neutral.ts'

/**
 * Arrays of one dimension as text.
 * Source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */

const item = /(?:"((?:[^"\\]|\\[\s\S])*)"|([^{}",]+))(?:,|$)/y

/** The items of an array; throws DoesNotFit for one of several dimensions or with bounds of its own. */
export function readArray(text: string): readonly (string | null)[] {
  if (!text.startsWith('{') || !text.endsWith('}')) throw new DoesNotFit('is no plain array')
  const inner = text.slice(1, -1)
  const items: (string | null)[] = []
  item.lastIndex = 0
  while (item.lastIndex < inner.length) {
    const [found, quoted, bare] = item.exec(inner) ?? []
    if (found === undefined) throw new DoesNotFit('is an array of several dimensions')
    if (quoted !== undefined) items.push(quoted.replaceAll(/\\([\s\S])/g, '$1'))
    else items.push(bare === 'NULL' || bare === undefined ? null : bare)
  }
  return items
}

/** The text of an array. */
export function arrayText(items: readonly (string | null)[]): string {
  const texts = items.map((one) =>
    one === null ? 'NULL' : `"${one.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  )
  return `{${texts.join(',')}}`
}
