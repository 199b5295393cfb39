import type { SecretMatch } from './secret-values.ts'

/** Looks for tokens and keys of known makers, by the rules of secretlint. */
export type KnownSecrets = (text: string) => Promise<readonly SecretMatch[]>

/** What is searched must not be able to say, by a comment in it, that it is not to be searched. */
const excusingRule = '@secretlint/secretlint-rule-filter-comments'
/** A text is read in pieces of so many characters, which overlap so that no secret is cut in all of them. */
const piece = { length: 1 << 20, overlap: 1 << 13 }

/** What rules of our own look for, too, in other forms. */
const ownNames: Readonly<Record<string, string>> = {
  basicauth: 'connection-string',
  'database-connection-string': 'connection-string',
  privatekey: 'private-key',
}

function ruleName(name: string): string {
  return ownNames[name] ?? name
}

/** Loads the rules, which takes about 0.1 s: only when something is new. */
export async function loadKnownSecrets(): Promise<KnownSecrets> {
  const [{ lintSource }, { secretLintProfiler }, preset] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/profiler'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ])
  // It keeps 50 kB for each text.
  secretLintProfiler.setEnabled(false)
  const rules = preset.rules
    .filter(({ meta }) => meta.id !== excusingRule)
    .map((rule) => ({ id: rule.meta.id, rule, options: {} }))
  const search = async (content: string): Promise<readonly SecretMatch[]> => {
    const { messages } = await lintSource({
      source: { filePath: 'text', content, ext: '', contentType: 'text' },
      options: { config: { rules }, maskSecrets: true, noPhysicFilePath: true },
    })
    return messages.map(({ ruleId, range }) => ({
      rule: ruleName(ruleId.replace(/^.*secretlint-rule-/, '')),
      value: content.slice(...range),
    }))
  }
  return async (text) => {
    const found: SecretMatch[] = []
    for (let start = 0; start < text.length; start += piece.length) {
      found.push(...(await search(text.slice(start, start + piece.length + piece.overlap))))
    }
    return found
  }
}
