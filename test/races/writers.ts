import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { WriterCounts, WriterRequest } from './writer.ts'

/** A process that writes; `stop` tells what it did. */
export interface RunningWriter {
  stop(): Promise<WriterCounts>
}

/** Starts a writer and waits until it has begun. */
export async function startWriter(request: WriterRequest): Promise<RunningWriter> {
  const program = join(import.meta.dirname, 'writer.ts')
  const words = ['--disable-warning=ExperimentalWarning', program, JSON.stringify(request)]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  const errors: Buffer[] = []
  child.stderr.on('data', (block: Buffer) => errors.push(block))
  const lines = createInterface({ input: child.stdout })
  const closed = once(child, 'close')
  const failed = closed.then(() => {
    throw new Error(`the writer ended: ${Buffer.concat(errors).toString()}`)
  })
  failed.catch(() => undefined)
  await Promise.race([once(lines, 'line'), failed])
  let last = ''
  lines.on('line', (line) => (last = line))
  return {
    async stop() {
      child.stdin.end()
      await closed
      if (child.exitCode !== 0) await failed
      return JSON.parse(last) as WriterCounts
    },
  }
}
