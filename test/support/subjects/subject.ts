import type { ConnectionRequest } from '../../../src/engines/connection.ts'

/** A database of a test, and how to reach it. */
export interface TestDatabase {
  readonly name: string
  /** As the superuser. */
  readonly request: ConnectionRequest
  /** Runs a script by the vendor's own client and returns what it printed; throws when it fails. */
  run(sqlText: string): string
  /** The structure as the vendor's own program writes it, without what says only when and where it was written. */
  dump(): string
  /** Removes it and creates an empty one of the same name. */
  recreate(): void
  /** Removes it, and the accounts that were made for it. */
  remove(): void
}

/** A request that must fail, and the code that it must fail with. */
export interface BadRequest {
  readonly title: string
  readonly request: ConnectionRequest
  readonly code: RegExp
}

/** What the contract suite must know of an engine to try it. */
export interface Subject {
  readonly name: string
  /** The scripts of test/fixtures that make every kind of object. */
  readonly fixtures: readonly string[]
  /** Kind and full name of every object that they make, in any order: `function app.slug(integer, text)`. */
  readonly objects: readonly string[]
  /** How columns of bytes are declared, and how bytes are written. */
  readonly bytesType: string
  readonly bytes: (hexadecimal: string) => string
  readonly doubleType: string
  /** What must stand before a script whose strings hold backslashes. */
  readonly plainStrings: string
  /** What a server's caretaker does at night, for a table `t`. */
  readonly maintenance: string
  /** A script that makes an object of a kind that the files don't hold (yet), and its name; absent: there is no such kind. */
  readonly rare?: { readonly script: string; readonly name: string }
  create(): Promise<TestDatabase>
  badRequests(database: TestDatabase): readonly BadRequest[]
  /** The same database through an account, session or server whose every setting that could change a text is another. */
  disturbed(database: TestDatabase): ConnectionRequest
  /** Makes the rows of the table `secret_table` unreadable through the request that it returns. */
  hideRows(database: TestDatabase): ConnectionRequest
  /** What the findings must then say. */
  readonly findingOfHiddenRows: RegExp
  /** The number of sessions in the database besides the one that asks; undefined where there are none to count. */
  sessions(database: TestDatabase): number | undefined
}
