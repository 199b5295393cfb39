import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Every code of an expected failure that stands as a literal in the sources. */
function codesIn(source: string): readonly string[] {
  return [...source.matchAll(/new ExpectedError\(\s*'([a-z-]+)'/g)].map(([, code = '']) => code)
}

test('every code of an expected failure stands in the table of docs/operations.md', () => {
  const documented = readFileSync(join(root, 'docs', 'operations.md'), 'utf8')
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const codes = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => codesIn(readFileSync(join(root, 'src', file), 'utf8')))
  expect(codes.length).toBeGreaterThan(50)
  const missing = new Set(codes.filter((code) => !documented.includes(`| \`${code}\``)))
  expect([...missing]).toEqual([])
})
