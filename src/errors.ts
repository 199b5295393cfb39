/** The exit statuses of every command; docs/operations.md says what each asks of the operator. */
export const exitStatus = {
  done: 0,
  different: 1,
  failed: 2,
  held: 3,
  incomplete: 4,
  notDelivered: 5,
  usage: 64,
  locked: 75,
  configuration: 78,
} as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

/**
 * A failure that is no bug: it says what happened, to which object, and what to do next.
 * Anything else that is thrown is a bug and shows its stack.
 * Neither text may hold a secret or a value of a row.
 */
export class ExpectedError extends Error {
  /** A short stable identifier, e.g. `connection-refused`; documented in docs/operations.md. */
  readonly code: string
  /** What the reader should do now, as an instruction. */
  readonly next: string
  readonly status: ExitStatus

  constructor(
    code: string,
    message: string,
    next: string,
    options: { status?: ExitStatus; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ExpectedError'
    this.code = code
    this.next = next
    this.status = options.status ?? exitStatus.failed
  }
}
