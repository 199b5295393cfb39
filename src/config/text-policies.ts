import type { TextPolicies } from '../model.ts'
import type { ValuePath, YamlFile } from './document.ts'
import { yamlExample, type Finding } from './finding.ts'
import { isMapping, type Mapping } from './targets.ts'

/** How definitions are written; a database's own key wins over the top level's. Values of a wrong shape are passed over. */
export function readTextPolicies(own: Mapping, top: Mapping): TextPolicies {
  const setting = (name: string): unknown => own[name] ?? top[name]
  const partitions = setting('partitions')
  return {
    definers: definersOf(setting('definers')),
    partitions: partitions === 'strip' || partitions === 'rotate' ? partitions : 'keep',
    eventStarts: setting('event_starts') === 'strip' ? 'strip' : 'keep',
  }
}

function definersOf(value: unknown): TextPolicies['definers'] {
  if (value === 'strip') return 'strip'
  const accounts = accountsOf(value)
  return accounts.size === 0 ? 'keep' : accounts
}

function accountsOf(value: unknown): ReadonlyMap<string, string> {
  const entries = isMapping(value) ? Object.entries(value) : []
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** Accounts under `definers` that are replaced and stand for others, too: a snapshot of what was restored would differ. */
export function definerChains(owner: Mapping, path: ValuePath, yaml: YamlFile): readonly Finding[] {
  const accounts = accountsOf(owner['definers'])
  return [...accounts].flatMap(([from, to]) => {
    if (from === to || !accounts.has(to) || accounts.get(to) === to) return []
    return {
      where: yaml.where([...path, 'definers', from]),
      message: `\`definers.${from}\`: expected an account that is not replaced itself, found one that is`,
      write: yamlExample('definers', { 'app@localhost': 'owner@localhost' }),
    }
  })
}
