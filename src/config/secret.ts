import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { Environment } from '../model.ts'
import { absolutePath, type PathBase } from './url.ts'

/** Replaces every secret in a text by `***`: the last defence before something is printed. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
  // The longest first: a secret may be part of another one.
  return forms
    .toSorted((one, other) => other.length - one.length)
    .reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text)
}

/** Where a database's password is; at most one of the three. */
export interface PasswordRequest {
  readonly literal: string | undefined
  readonly file: string | undefined
  readonly command: string | undefined
  readonly base: PathBase
}

/** What fetches a configured password; undefined when none is configured. */
export function configuredPassword(request: PasswordRequest): (() => Promise<string>) | undefined {
  const { literal, file, command, base } = request
  if (literal !== undefined) return () => Promise.resolve(literal)
  if (file !== undefined) return () => passwordFromFile(absolutePath(file, base))
  if (command === undefined) return undefined
  return () => passwordFromCommand(command, { ...base, timeoutSeconds: 30 })
}

/** Reads a password from a file that only its owner may read; throws ExpectedError `password-file-…`. */
export async function passwordFromFile(file: string): Promise<string> {
  const content = await readOwnersFile(file)
  const password = withoutLineEnd(content)
  if (password !== '') return password
  throw passwordError(
    'password-file-empty',
    `The password file ${file} is empty.`,
    `Write the password, and nothing else, to ${file}.`,
  )
}

async function readOwnersFile(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) {
      throw passwordError(
        'password-file-open',
        `The password file ${file} can be read or written by others (mode ${(mode & 0o777).toString(8)}).`,
        `Run: chmod 600 '${file}'`,
      )
    }
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof ExpectedError) throw error
    throw passwordError(
      'password-file-unreadable',
      `The password file ${file} can't be read${systemCode(error)}.`,
      'Correct `password_file`, or create the file with mode 600 and the password in it.',
    )
  }
}

/** Runs a shell command and takes its output as the password; throws ExpectedError `password-command-failed`. */
export async function passwordFromCommand(
  command: string,
  options: { environment: Environment; directory: string; timeoutSeconds: number },
): Promise<string> {
  const { output, failure } = await runShell(command, options)
  const password = withoutLineEnd(output)
  if (failure === undefined && password !== '') return password
  throw passwordError(
    'password-command-failed',
    `The password_command ${failure ?? 'printed nothing'}.`,
    'Run the command by hand, as the same user; it prints the password and exits with 0.',
  )
}

/** Never rejects; neither of the command's outputs becomes part of a message. */
async function runShell(
  command: string,
  options: { environment: Environment; directory: string; timeoutSeconds: number },
): Promise<{ output: string; failure?: string }> {
  return await new Promise((settle) => {
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: options.directory,
      env: { ...options.environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const chunks: Buffer[] = []
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      // A child of the shell may hold the pipe open; nobody waits for it.
      child.stdout.destroy()
      settle({ output: '', failure: `took longer than ${options.timeoutSeconds} seconds` })
    }, options.timeoutSeconds * 1000)
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', () => {
      clearTimeout(timer)
      settle({ output: '', failure: 'could not be started by /bin/sh' })
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      const output = Buffer.concat(chunks).toString('utf8')
      const failure = `failed (${signal ?? `status ${status ?? 'unknown'}`})`
      settle(status === 0 ? { output } : { output: '', failure })
    })
  })
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function systemCode(error: unknown): string {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined
  return typeof code === 'string' ? ` (${code})` : ''
}

function passwordError(code: string, message: string, next: string): ExpectedError {
  return new ExpectedError(code, message, next, { status: exitStatus.configuration })
}
