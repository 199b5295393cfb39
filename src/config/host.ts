import { execFile } from 'node:child_process'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import type { Environment } from '../model.ts'

const run = promisify(execFile)

/** The fully qualified name of this host, or its plain name where `hostname -f` knows no better. */
export async function fullHostName(environment: Environment): Promise<string> {
  try {
    const { stdout } = await run('hostname', ['-f'], { timeout: 5000, env: { ...environment } })
    const name = stdout.trim()
    return name === '' || name.startsWith('localhost') ? hostname() : name
  } catch {
    return hostname()
  }
}
