import console from 'node:console'
import { spawnSync } from 'node:child_process'

/** Runs a program to its end and returns its output; throws with that output when it fails. */
export function run(program, words, options = {}) {
  const result = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (result.error !== undefined) throw new Error(`${program}: ${result.error.message}`)
  if (result.status !== 0) {
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-15)
    throw new Error(
      `${[program, ...words].join(' ')}\nended with status ${result.status}:\n${output.join('\n')}`,
    )
  }
  return result.stdout
}

/** One plain line about what the set-up does. */
export function say(line) {
  console.log(`set-up: ${line}`)
}
