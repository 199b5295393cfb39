import type { ExitStatus } from '../errors.ts'
import type { FileDifference } from './compare-files.ts'
import type { Failure } from './report.ts'

/** What `verify` was asked for. */
export interface VerifyOptions {
  /** Only this one of the configured databases. */
  readonly database?: string
  /** Every configured database but those with `skip`. */
  readonly all: boolean
  /** The snapshot of this commit or moment; absent: the files as they are. */
  readonly at?: string
  /** Also compare the dumps that the vendor's own program makes of the live database and the scratch database. */
  readonly vendor: boolean
}

/** What came of one database. */
export interface VerifyResult {
  readonly database: string
  readonly outcome: 'same' | 'different' | 'skipped' | 'failed'
  readonly objects: number
  readonly rows: number
  readonly differences: readonly FileDifference[]
  /** What was not compared, and why. */
  readonly notes: readonly string[]
  readonly comment?: string
  readonly failure?: Failure
  readonly seconds: number
  readonly status: ExitStatus
}

/** What one run of `verify` found; `--json` prints it as it is. */
export interface VerifyReport {
  readonly host: string
  readonly databases: readonly VerifyResult[]
  readonly status: ExitStatus
}
