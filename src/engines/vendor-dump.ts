import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { ExpectedError } from '../errors.ts'
import type { Environment, TableName, TextPolicies } from '../model.ts'

/** What is dumped of a database. */
export interface DumpRequest {
  /** Tables that are left out altogether. */
  readonly without: readonly TableName[]
  /** Tables whose rows are dumped, too. */
  readonly rowsOf: readonly TableName[]
  /** What these policies write otherwise is left out of the definitions. */
  readonly texts?: TextPolicies
}

/** What a vendor's own program says of a database: equal for equal databases. */
export interface VendorDump {
  /** The program, for people. */
  readonly program: string
  /** All definitions, without what the program adds of its own (times, versions, random words). */
  readonly schema: string
  /** Table as the program writes it → how many rows, and a digest of them whatever their order. */
  readonly rows: ReadonlyMap<string, string>
}

/** A program to run. Secrets go into its environment, never among its words. */
export interface ProgramRequest {
  readonly program: string
  readonly words: readonly string[]
  readonly environment: Environment
  readonly input?: string
}

/** The lines that a program prints, as Latin-1; throws ExpectedError `dump-failed`, and undefined when it is not installed. */
export async function runProgram(
  { program, words, environment, input }: ProgramRequest,
  onLine: (line: string) => void,
): Promise<'done' | 'not-installed'> {
  const child = spawn(program, words, { env: { ...environment }, stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(0, 2000)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  const ended = new Promise<number | null | 'missing'>((settle, fail) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') settle('missing')
      else fail(error)
    })
    child.on('close', settle)
  })
  let rest = ''
  for await (const text of child.stdout.setEncoding('latin1') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(onLine)
  }
  if (rest !== '') onLine(rest)
  const status = await ended
  if (status === 'missing') return 'not-installed'
  if (status === 0) return 'done'
  throw new ExpectedError(
    'dump-failed',
    `${program} failed: ${errors.split('\n')[0] ?? ''}`,
    'Run it by hand with the same account; it must be as new as the server. Without --vendor it is not needed.',
  )
}

/** Counts and digests lines by the table they belong to; the order of the lines does not matter. */
export class RowDigests {
  readonly #tables = new Map<string, { rows: number; sum: bigint }>()

  add(table: string, line: string): void {
    const digest = createHash('sha256').update(line, 'latin1').digest()
    const found = this.#tables.get(table) ?? { rows: 0, sum: 0n }
    const sum = (found.sum + digest.readBigUInt64BE(0)) & 0xffff_ffff_ffff_ffffn
    this.#tables.set(table, { rows: found.rows + 1, sum })
  }

  get result(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#tables].map(([table, { rows, sum }]) => [
        table,
        `${rows} rows, digest ${sum.toString(16)}`,
      ]),
    )
  }
}

/** The bytes that came as Latin-1, as the UTF-8 text that they are. */
export function utf8Text(lines: readonly string[]): string {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1').toString('utf8')
}
