import type { Environment } from '../model.ts'

/** Tells a person at a terminal what is going on; does nothing elsewhere. */
export interface Progress {
  /** A new piece of work of `total` steps begins. */
  start(label: string, total: number): void
  /** How many steps are done, and what is being worked on: `csv2_clouds 12,000 rows`. */
  show(done: number, what: string): void
  stop(): void
}

/** What a command gets from the process it runs in. */
export interface CommandContext {
  readonly environment: Environment
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly now: () => Date
  readonly progress: Progress
  /** This program's version, for the commit's trailers. */
  readonly version: string
}
