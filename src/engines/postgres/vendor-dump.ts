import type { TableName } from '../../model.ts'
import type { ConnectionRequest } from '../connection.ts'
import {
  RowDigests,
  runProgram,
  utf8Text,
  type DumpRequest,
  type VendorDump,
} from '../vendor-dump.ts'
import { connectionParameters } from './parameters.ts'
import { identifier } from './quote.ts'

const program = 'pg_dump'

/** What pg_dump says; undefined when it is not installed. https://www.postgresql.org/docs/current/app-pgdump.html */
export async function postgresDump(
  request: ConnectionRequest,
  { without, rowsOf }: DumpRequest,
): Promise<VendorDump | undefined> {
  const parameters = await connectionParameters(request)
  const { host, port, user, database, password, sslmode } = parameters
  const files = {
    PGSSLROOTCERT: parameters.sslrootcert,
    PGSSLCERT: parameters.sslcert,
    PGSSLKEY: parameters.sslkey,
    PGPASSWORD: password,
  }
  const environment = {
    ...request.environment,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: sslmode === 'no-verify' ? 'require' : sslmode,
    PGCLIENTENCODING: 'UTF8',
    ...Object.fromEntries(Object.entries(files).filter(([, value]) => value !== undefined)),
  }
  const schema: string[] = []
  const excluded = without.map((table) => `--exclude-table=${pattern(table)}`)
  const words = ['--no-password', '--schema-only', ...excluded]
  const ended = await runProgram({ program, words, environment }, (line) => {
    if (!isNoise(line)) schema.push(line)
  })
  if (ended === 'not-installed') return undefined
  const digests = new RowDigests()
  if (rowsOf.length > 0) {
    const tables = rowsOf.map((table) => `--table=${pattern(table)}`)
    const reader = copyReader(digests)
    const dataWords = ['--no-password', '--data-only', ...tables]
    await runProgram({ program, words: dataWords, environment }, reader)
  }
  return { program, schema: utf8Text(schema), rows: digests.result }
}

/** Who wrote it with what, and since 15.20 a random word against injected commands. */
function isNoise(line: string): boolean {
  return /^(\\(un)?restrict |-- Dumped )/.test(line)
}

/** In double quotes nothing is a wildcard. */
function pattern({ schema, name }: TableName): string {
  return schema === undefined ? identifier(name) : `${identifier(schema)}.${identifier(name)}`
}

function copyReader(digests: RowDigests): (line: string) => void {
  let table: string | undefined
  return (line) => {
    if (table === undefined) table = /^COPY (.*) FROM stdin;$/.exec(line)?.[1]
    else if (line === '\\.') table = undefined
    else digests.add(table, line)
  }
}
