import type { VerifyConfig } from './config.ts'
import { exampleUrl, yamlExample, type Finding } from './finding.ts'
import { configuredPassword } from './secret.ts'
import { isMapping, type Mapping } from './targets.ts'
import { readDatabaseUrl, type PathBase, type UrlSchemes } from './url.ts'

/** What the `verify` blocks of a file are read with. */
export interface VerifyRequest {
  /** A database's own block. */
  readonly own: unknown
  /** The block of the top level, for what the database's own does not say. */
  readonly top: unknown
  /** `file:line:column` of the database. */
  readonly where: string
  readonly schemes: UrlSchemes
  readonly base: PathBase
  /** Every secret that becomes known is added. */
  readonly secrets: Set<string>
}

/** How a database is verified; values of a wrong shape are passed over, validation names them. */
export function readVerify(request: VerifyRequest): {
  readonly verify: VerifyConfig
  readonly findings: readonly Finding[]
} {
  const own = isMapping(request.own) ? request.own : {}
  const top = isMapping(request.top) ? request.top : {}
  const { server, finding } = readServer(typeof own['url'] === 'string' ? own : top, request)
  const comment = own['comment'] ?? top['comment']
  return {
    verify: {
      skip: (own['skip'] ?? top['skip']) === true,
      checkReferences: (own['enable_ri_check'] ?? top['enable_ri_check']) !== false,
      ...(typeof comment === 'string' ? { comment } : {}),
      ...(server === undefined ? {} : { server }),
    },
    findings: finding === undefined ? [] : [finding],
  }
}

function readServer(
  block: Mapping,
  { where, schemes, base, secrets }: VerifyRequest,
): { server?: NonNullable<VerifyConfig['server']>; finding?: Finding } {
  const text = block['url']
  if (typeof text !== 'string' || text === '') return {}
  const url = readDatabaseUrl(text, schemes, base)
  if ('problem' in url) {
    const message = `the \`url\` under \`verify\` can't be used: ${url.problem}`
    return { finding: { where, message, write: yamlExample('verify', { url: exampleUrl }) } }
  }
  for (const secret of [url.password ?? '', ...url.secrets]) secrets.add(secret)
  const fetch = configuredPassword({
    literal: url.password,
    file: textOf(block['password_file']),
    command: textOf(block['password_command']),
    base,
  })
  if (fetch === undefined) return { server: { url: url.url } }
  const password = async () => {
    const fetched = await fetch()
    secrets.add(fetched)
    return fetched
  }
  return { server: { url: url.url, password } }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
