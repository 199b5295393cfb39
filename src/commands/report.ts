import { ExpectedError, exitStatus, type ExitStatus } from '../errors.ts'
import type { NotCaptured, ObjectKind } from '../model.ts'
import type { Change } from '../review/changes.ts'

/** Why something failed, without secrets and without values of rows. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** What to do now. */
  readonly next: string
  /** Only for bugs. */
  readonly stack?: string
}

/** What a person should know; a run goes on in spite of it. */
export interface Warning {
  /** `unknown-table`, `category-overlap`, `database`, `stranger`, `index-postponed`, `no-private-directory`,
   * `secrets-not-kept`, `directory` (one was mended), `mask-without-effect`, `masked` (a restore brings masks). */
  readonly code: string
  /** `file:line:column`, when it is about the configuration. */
  readonly where?: string
  readonly message: string
  readonly next?: string
}

/** `would-commit` in a dry run; `held` by a guard: nothing was committed. */
export type Outcome = 'committed' | 'unchanged' | 'would-commit' | 'held' | 'failed'

/** Why a guard held a commit. */
export interface Held {
  /** What `--accept-shrink` takes, or `allow` of the leak guard. */
  readonly name: string
  readonly message: string
  /** Absent when something is gone. */
  readonly leak?: HeldLeak
}

/** What looks like a secret. */
export interface HeldLeak {
  readonly kind: ObjectKind
  readonly schema?: string
  readonly object: string
  /** Absent where it stands in the definition of an object. */
  readonly column?: string
  /** `password-hash`, `secret-name`, `github`, … */
  readonly rule: string
  /** What may be seen of it. */
  readonly sample: string
}

/** What a run found and did for one database. */
export interface DatabaseReport {
  readonly database: string
  readonly outcome: Outcome
  /** The commit's full name, when one was made. */
  readonly commit?: string
  readonly changes: readonly Change[]
  readonly rows: { readonly global: number; readonly local: number; readonly ephemeral: number }
  /** Tables in no list: their rows are in no backup. */
  readonly unclassified: readonly string[]
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly Warning[]
  /** What a guard holds the commit for; empty unless `outcome` is `held`. */
  readonly held: readonly Held[]
  readonly failure?: Failure
  readonly status: ExitStatus
  /** Wall-clock time of the run for this database. */
  readonly seconds: number
}

/** What one run of `snapshot` found and did; `--json` prints it as it is. */
export interface RunReport {
  readonly host: string
  readonly dryRun: boolean
  readonly databases: readonly DatabaseReport[]
  readonly warnings: readonly Warning[]
  /** A failure that belongs to no single database. */
  readonly failure?: Failure
  readonly status: ExitStatus
}

/** An error as a report tells it; what is no ExpectedError is a bug and keeps its stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ExpectedError) {
    return { code: error.code, message: error.message, next: error.next }
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  return {
    code: 'bug',
    message,
    next: 'This is a bug: please report it with the stack below.',
    ...(stack === undefined ? {} : { stack }),
  }
}

/** The status that an error asks for. */
export function statusOf(error: unknown): ExitStatus {
  return error instanceof ExpectedError ? error.status : exitStatus.failed
}

/** From mild to grave: a run ends with the worst status of its databases. */
const gravity: readonly ExitStatus[] = [
  exitStatus.done,
  exitStatus.different,
  exitStatus.incomplete,
  exitStatus.notDelivered,
  exitStatus.held,
  exitStatus.locked,
  exitStatus.failed,
  exitStatus.usage,
  exitStatus.configuration,
]

/** The gravest of some statuses; `done` when there are none. */
export function worstStatus(statuses: readonly ExitStatus[]): ExitStatus {
  const ranks = statuses.map((status) => gravity.indexOf(status))
  return gravity[Math.max(0, ...ranks)] ?? exitStatus.done
}
