import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { jsonSchema, jsonSchemaText, type JsonSchema } from '../../src/config/schema.ts'
import { load } from './support.ts'

const root = new URL('../../', import.meta.url)
const sample = fileURLToPath(new URL('etc/schema_backup.conf', root))

test('the JSON Schema in etc/ is the generated one', async () => {
  const committed = await readFile(new URL('etc/schema_backup.schema.json', root), 'utf8')
  expect(committed, 'run: node scripts/make-json-schema.ts').toBe(jsonSchemaText())
})

test('every key is described, is in the sample and in the documentation', async () => {
  const text = await readFile(sample, 'utf8')
  const documentation = await readFile(new URL('docs/configuration.md', root), 'utf8')
  const keys = [...describedKeys(jsonSchema())]
  expect(keys.length).toBeGreaterThan(20)
  for (const [key, node] of keys) {
    expect(node.description, key).toMatch(/\w/)
    expect(node.examples?.length, key).toBeGreaterThan(0)
    expect(text, key).toMatch(new RegExp(`^[ #]*${key}:`, 'm'))
    expect(documentation, key).toContain(`\`${key}\``)
  }
})

test('the sample is valid, for the program and for an editor, and names its schema', async () => {
  const text = await readFile(sample, 'utf8')
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./schema_backup.schema.json')
  const { config, warnings } = await load(sample, { environment: { HOME: '/home/u' } })
  expect(config.databases.map(({ name }) => name)).toEqual(['shop', 'wiki', 'notes'])
  expect(warnings).toEqual([])
  const editor = z.fromJSONSchema(JSON.parse(jsonSchemaText()) as z.core.JSONSchema.JSONSchema)
  expect(editor.safeParse(parse(text)).error).toBeUndefined()
  expect(editor.safeParse({ pause_interval: 'x' }).success).toBe(false)
})

function* describedKeys(node: JsonSchema): Generator<[string, JsonSchema]> {
  for (const [key, inner] of Object.entries(node.properties ?? {})) {
    yield [key, inner]
    yield* describedKeys(inner)
  }
  const others = [...(node.anyOf ?? []), node.items, node.additionalProperties]
  for (const inner of others) if (typeof inner === 'object') yield* describedKeys(inner)
}
