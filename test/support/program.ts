import { spawnSync } from 'node:child_process'
import { findProgram } from '../../scripts/setup/places.mjs'

/** The path of an installed program; throws with what to do when it is missing. */
export function program(name: string): string {
  const path = findProgram(name)
  if (path === undefined) throw new Error(`${name} is not installed: run "npm run setup"`)
  return path
}

/** Runs a program to its end and returns what it printed; throws with its errors when it fails. */
export function run(
  path: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  input?: string,
): string {
  const result = spawnSync(path, words, {
    encoding: 'utf8',
    env: environment,
    cwd: '/',
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  })
  if (result.error !== undefined) throw result.error
  if (result.status !== 0) {
    throw new Error(`${path} ended with status ${String(result.status)}: ${result.stderr}`)
  }
  return result.stdout
}
