import type { RestoreConfig } from './config.ts'
import { exampleUrl, yamlExample, type Finding } from './finding.ts'
import { configuredPassword } from './secret.ts'
import { isMapping } from './targets.ts'
import { readDatabaseUrl } from './url.ts'
import type { VerifyRequest } from './verify.ts'

/** Where a database may be restored to; a database's own block replaces that of the top level as a whole. */
export function readRestore(request: VerifyRequest): {
  readonly restore: RestoreConfig
  readonly findings: readonly Finding[]
} {
  const block = isMapping(request.own) ? request.own : request.top
  if (!isMapping(block)) return { restore: { allowed: false }, findings: [] }
  const allowed = block['allow_restore'] === true
  const { where, schemes, base, secrets } = request
  const text = textOf(block['url'])
  const url = text === undefined ? undefined : readDatabaseUrl(text, schemes, base)
  if (url !== undefined && 'problem' in url) {
    const message = `the \`url\` under \`restore\` can't be used: ${url.problem}`
    const write = yamlExample('restore', { url: exampleUrl, allow_restore: true })
    return { restore: { allowed }, findings: [{ where, message, write }] }
  }
  for (const secret of [url?.password ?? '', ...(url?.secrets ?? [])]) secrets.add(secret)
  const fetch = configuredPassword({
    literal: url?.password,
    file: textOf(block['password_file']),
    command: textOf(block['password_command']),
    base,
  })
  const password = async () => {
    const fetched = (await fetch?.()) ?? ''
    secrets.add(fetched)
    return fetched
  }
  return {
    restore: {
      allowed,
      ...(url === undefined ? {} : { url: url.url }),
      ...(fetch === undefined ? {} : { password }),
    },
    findings: [],
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
