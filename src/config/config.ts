import type { TextPolicies } from '../model.ts'
import type { CategoryEntry } from './categories.ts'
import type { MaskEntry } from './mask.ts'

/** One database to back up. */
export interface DatabaseConfig {
  /** What its directory is called; unique within a configuration; may hold any characters but control ones. */
  readonly name: string
  /** The URL with its variables filled in, its password taken out, and a file's path made absolute. */
  readonly url: string
  /**
   * Fetches the password from the URL, `password_file` or `password_command`; absent when none of them is
   * configured. Throws ExpectedError `password-…`.
   */
  readonly password?: () => Promise<string>
  /** The entries of its four lists, in the file's order. */
  readonly categories: readonly CategoryEntry[]
  /** SQL statements to execute before the read. */
  readonly pause: readonly string[]
  /** SQL statements to execute after the read, whatever happened. */
  readonly resume: readonly string[]
  readonly verify: VerifyConfig
  readonly restore: RestoreConfig
  /** What of its definitions is written otherwise than the database says it. */
  readonly texts: TextPolicies
  /** What columns of global tables become in the backup directory, its own entries first; absent: none is configured. */
  readonly masks?: readonly MaskEntry[]
  /** When a commit is held because too much is gone, in percent of what was there; absent: never. */
  readonly shrinkGuard?: { readonly rowsPercent: number; readonly objectsPercent: number }
  /** What may be committed although it looks like a secret, as patterns of names; absent: everything. */
  readonly leakGuard?: { readonly allow: readonly string[] }
}

/** Where a database may be restored to. */
export interface RestoreConfig {
  /** Whether anything may be restored at all. */
  readonly allowed: boolean
  /** The target; absent: the command line names it. */
  readonly url?: string
  readonly password?: () => Promise<string>
}

/** How a database is verified. */
export interface VerifyConfig {
  /** Left out by `verify --all`. */
  readonly skip: boolean
  /** Whether rows that a foreign key does not allow are a difference. */
  readonly checkReferences: boolean
  /** Shown in the table of results. */
  readonly comment?: string
  /** Any database of the server that scratch databases are made on; absent: none is configured. */
  readonly server?: {
    readonly url: string
    readonly password?: () => Promise<string>
  }
}

/** What a configuration file says, with every default filled in; frozen. */
export interface Config {
  /** The file it came from, absolute. */
  readonly file: string
  /** Absolute. */
  readonly backupDirectory: string
  /** Absolute; absent: the rows of `local` tables are not backed up. */
  readonly privateDirectory?: string
  /** The name of the host's directory; may hold any characters but control ones. */
  readonly host: string
  /** At least one. */
  readonly databases: readonly DatabaseConfig[]
  readonly services: {
    readonly providers: readonly string[]
    readonly consumers: readonly string[]
    /** Program and leading arguments; the action and the service's name follow. */
    readonly serviceCommand: readonly string[]
  }
  readonly pauseIntervalSeconds: number
  readonly git: {
    readonly authorName?: string
    readonly authorEmail?: string
    readonly branch?: string
  }
  /** Unclassified tables are an error. */
  readonly strict: boolean
  /** The secrets that are known by now (passwords that were fetched, secret URL parameters), for redactSecrets. */
  readonly secrets: () => readonly string[]
}

/** Something in the configuration that works but is probably not meant. */
export interface ConfigWarning {
  /** `unknown-key`, `category-overlap`, `readable-password`. */
  readonly code: string
  /** `file:line:column`. */
  readonly where: string
  readonly message: string
  readonly next: string
}
