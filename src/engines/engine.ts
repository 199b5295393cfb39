import type { ConnectionRequest } from './connection.ts'
import type { NeutralTexts } from './neutral.ts'
import type { ScriptRequest, ScriptWriter } from './script.ts'
import type { DatabaseServer, FillRequest, Target } from './target.ts'
import type { DumpRequest, VendorDump } from './vendor-dump.ts'
import type { Snapshot, TableName, TextPolicies } from '../model.ts'

export interface ReadRequest {
  /**
   * Whether the caller will ask for the rows of this table, so that the engine can lock and check it first.
   * `partitionOf` are the tables whose partition it is, nearest first.
   */
  readonly wantsRows: (table: TableName, partitionOf?: readonly TableName[]) => boolean
  /** How definitions are written; absent: as they are. An engine without such clauses passes over the policy. */
  readonly texts?: TextPolicies
}

/** Rough size of one table, for people; never part of a snapshot. */
export interface TableSize extends TableName {
  /** The server's estimate. */
  readonly rows: number
  readonly bytes: number
}

/** What an account may not do or a server lacks, found without changing anything. */
export interface Finding {
  /** The table whose rows can't be read; it matters only where they are wanted. */
  readonly table?: TableName
  readonly message: string
  readonly next: string
}

/** An open database. Errors of the server become ExpectedError and never quote a row or a secret. */
export interface Database extends AsyncDisposable {
  /**
   * One read-only transaction around `use`: everything in the snapshot is from one point in time.
   * When the database changed under the reader so that this can't be promised, it throws
   * (code `changed-while-reading`); the caller may try again.
   */
  read<T>(request: ReadRequest, use: (snapshot: Snapshot) => Promise<T>): Promise<T>
  /** Runs a statement that the user configured (`pause`, `resume`) on one session that lives until dispose. */
  execute(sql: string): Promise<void>
  /** Fills the database, all or nothing; see target.ts. */
  fill<T>(request: FillRequest, use: (target: Target) => Promise<T>): Promise<T>
  /** The size of every table, for `init` and `check`. */
  sizes(): Promise<readonly TableSize[]>
  /** Missing privileges and the like, for `check`. */
  findings(): Promise<readonly Finding[]>
}

export interface Engine {
  /** Connects; throws ExpectedError `host-unknown`, `connection-…`, `authentication-failed`, `unknown-database`, `tls-…`. */
  open(request: ConnectionRequest): Promise<Database>
  /** Connects to the server that holds the URL's database, which need not exist; throws as `open`. */
  openServer(request: ConnectionRequest): Promise<DatabaseServer>
  /** Writes a snapshot as one SQL script for the vendor's own client; needs no server. */
  script(request: ScriptRequest): ScriptWriter
  /** What the vendor's own dump program says of a database; undefined when it is not installed. */
  vendorDump(request: ConnectionRequest, what: DumpRequest): Promise<VendorDump | undefined>
  /** The meaning of its cell texts, for rows that go to another engine. */
  readonly neutral: NeutralTexts
}
