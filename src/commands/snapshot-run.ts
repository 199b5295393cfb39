import type { Config, DatabaseConfig } from '../config/config.ts'
import type { ServiceMode } from '../ops/services.ts'
import type { CommandContext } from './context.ts'
import type { Destinations } from './destinations.ts'

/** What one run of `snapshot` was asked for. */
export interface SnapshotOptions {
  /** Only the database of this name. */
  readonly database?: string
  /** Say what would be committed, write nothing. */
  readonly dryRun: boolean
  /** Unclassified tables make the status `incomplete`. */
  readonly strict: boolean
  /** Names of tables, databases and the like whose loss the shrink guard lets pass. */
  readonly acceptShrink?: readonly string[] | 'everything'
  /** Stop the consumers around the read instead of running the `pause` statements. */
  readonly services?: ServiceMode
  /** Where the rows of ephemeral tables go, absolute; absent: nowhere. */
  readonly ephemeralDirectory?: string
}

/** Everything that the snapshot of one database needs. */
export interface DatabaseRun {
  readonly config: Config
  readonly database: DatabaseConfig
  readonly options: SnapshotOptions
  readonly destinations: Destinations
  readonly context: CommandContext
}
