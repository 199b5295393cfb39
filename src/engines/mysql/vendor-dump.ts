import type { ConnectionRequest } from '../connection.ts'
import {
  RowDigests,
  runProgram,
  utf8Text,
  type DumpRequest,
  type VendorDump,
} from '../vendor-dump.ts'
import { connectionSettings } from './connect.ts'
import { policyFilter } from './dump-lines.ts'
import { isToken, joinTokens, nameOf, tokenize } from './lexer.ts'
import type { ConnectionSettings } from './settings.ts'

const programs = ['mariadb-dump', 'mysqldump']

/** What mariadb-dump or mysqldump says; undefined when neither is installed. */
export async function mysqlDump(
  request: ConnectionRequest,
  what: DumpRequest,
): Promise<VendorDump | undefined> {
  const settings = connectionSettings(request)
  // The one way besides a file that shows the password in no list of processes.
  const { password } = settings
  const environment = {
    ...request.environment,
    ...(password === undefined ? {} : { MYSQL_PWD: password }),
  }
  for (const program of programs) {
    const found = await dumpWith(program, settings, environment, what)
    if (found !== undefined) return found
  }
  return undefined
}

async function dumpWith(
  program: string,
  settings: ConnectionSettings,
  environment: ConnectionRequest['environment'],
  { without, rowsOf, texts }: DumpRequest,
): Promise<VendorDump | undefined> {
  const { database } = settings
  const login = loginWords(program, settings)
  const ignored = without.map(({ name }) => `--ignore-table=${database}.${name}`)
  const objects = ['--no-data', '--routines', '--events', '--triggers', '--skip-comments']
  const schema: string[] = []
  const filtered = policyFilter(texts)
  const ended = await runProgram(
    { program, words: [...login, ...objects, ...ignored, '--', database], environment },
    (line) => {
      const shown = filtered(line)
      const text = shown === undefined ? undefined : withoutCounters(shown)
      if (text !== undefined) schema.push(withoutOwnName(text, latin1(database)))
    },
  )
  if (ended === 'not-installed') return undefined
  const digests = new RowDigests()
  if (rowsOf.length > 0) {
    const tables = rowsOf.map(({ name }) => name)
    const rows = ['--no-create-info', '--skip-triggers', '--skip-extended-insert', '--hex-blob']
    const words = [...login, ...rows, '--complete-insert', '--', database, ...tables]
    await runProgram({ program, words, environment }, (line) => {
      const table = /^INSERT INTO `((?:[^`]|``)*)`/.exec(line)?.[1]
      if (table !== undefined) digests.add(table, line)
    })
  }
  return { program, schema: utf8Text(schema), rows: digests.result }
}

function loginWords(program: string, settings: ConnectionSettings): readonly string[] {
  const { host, port, socket, user, tls } = settings
  const place = socket === undefined ? ['-h', host, '-P', String(port)] : ['-S', socket]
  const files = [
    ...(tls.ca === undefined ? [] : [`--ssl-ca=${tls.ca}`]),
    ...(tls.cert === undefined ? [] : [`--ssl-cert=${tls.cert}`]),
    ...(tls.key === undefined ? [] : [`--ssl-key=${tls.key}`]),
  ]
  return [
    '--no-defaults',
    ...place,
    ...['-u', user, ...files, ...tlsWords(program, tls.mode)],
    ...['--single-transaction', '--no-tablespaces', '--default-character-set=utf8mb4'],
    ...(program === 'mysqldump' ? ['--set-gtid-purged=OFF'] : []),
  ]
}

/** The two programs have different words for how much of a certificate is checked. */
function tlsWords(program: string, mode: ConnectionSettings['tls']['mode']): readonly string[] {
  if (program === 'mysqldump') {
    // Without TLS its usual login would need the server's key by another way.
    return mode === 'disabled' ? [] : [`--ssl-mode=${mode.replace('-', '_').toUpperCase()}`]
  }
  if (mode === 'disabled') return ['--skip-ssl']
  return [
    '--ssl',
    mode === 'required' ? '--skip-ssl-verify-server-cert' : '--ssl-verify-server-cert',
  ]
}

/** Lines come as bytes: so must a name that is looked for in them. */
function latin1(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1')
}

/** A view that looks into other databases, too, or calls a function that the server has under the same name, names its own. */
function withoutOwnName(line: string, database: string): string {
  if (!line.startsWith('/*!50001 VIEW ')) return line
  const tokens = tokenize(line)
  return joinTokens(
    tokens.filter((token, index) => {
      const [before, next] = [tokens[index - 1], tokens[index + 1]]
      const isOwn = token.kind === 'name' && nameOf(token) === database
      if (isOwn && isToken(next, '.') && !isToken(before, '.')) return false
      const isDot = isToken(token, '.') && before?.kind === 'name' && nameOf(before) === database
      return !(isDot && !isToken(tokens[index - 2], '.'))
    }),
  )
}

/** Counters are data: those of tables without rows in the files are in no snapshot. */
function withoutCounters(line: string): string | undefined {
  if (/^(DO|SELECT) SETVAL\(/i.test(line)) return undefined
  return line.replace(/^(\) ENGINE=\w+) AUTO_INCREMENT=\d+/, '$1')
}
