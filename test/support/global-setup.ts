import type { TestProject } from 'vitest/node'
import { openServerRoom } from './server-room.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory in which this run's servers live; the servers in it start when they are asked for. */
    serverRoom: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const room = await openServerRoom()
  project.provide('serverRoom', room.directory)
  return () => room.close()
}
