import { describe, expect } from 'vitest'
import { lists, test } from './project.ts'

interface Report {
  readonly status: number
  readonly failure?: { readonly code: string; readonly message: string; readonly next: string }
  readonly databases?: readonly { readonly failure?: { readonly code: string } }[]
}

const unreachable = (password: string) => `database: "mysql://u:${password}@127.0.0.1:1/shop"\n`

describe.concurrent('--json', () => {
  const cases: readonly (readonly [
    name: string,
    words: readonly string[],
    settings: string,
    status: number,
    code: string,
  ])[] = [
    ['an unknown option', ['--modle'], `database: sqlite:../shop.db\n${lists}`, 64, 'usage'],
    ['an unknown database', ['-d', 'x'], 'database: sqlite:../shop.db\n', 64, 'unknown-database'],
    ['bad YAML', [], 'database: [\n', 78, 'configuration-invalid'],
    ['an unreachable server', [], unreachable('secret'), 2, 'connection-refused'],
    ['a quote as password', [], unreachable('%22'), 2, 'connection-refused'],
    ['a digit as password', [], unreachable('2'), 2, 'connection-refused'],
    ['a key of the report as password', [], unreachable('failure'), 2, 'connection-refused'],
  ]
  test.for(cases)(
    'is one JSON object after %s',
    async ([, words, settings, status, code], { project }) => {
      project.configure(settings)
      const ended = await project.run(['--json', ...words])
      expect(ended.status).toBe(status)
      const report = JSON.parse(ended.stdout) as Report
      expect(report.status).toBe(status)
      expect(report.failure?.code ?? report.databases?.[0]?.failure?.code).toBe(code)
    },
  )
})
