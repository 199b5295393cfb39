import type { Socket } from 'node:net'
import type { Connection } from 'mysql2'
import { asExpected } from './failures.ts'

/** A record of a result: column alias → text, whatever the column's type. */
export type TextRecord<Name extends string = string> = Readonly<Record<Name, string | null>>

/** A row of a result: raw values as the server's text protocol sends them. */
export type RawRow = readonly (Buffer | null)[]

const batchBytes = 1 << 20
const batchRows = 2_000

/** One session of the server. Errors of the server come as ExpectedError when they are expected. */
export class Client implements AsyncDisposable {
  private lost: Error | undefined
  private streaming = false
  private readonly connection: Connection
  private readonly socket: Socket

  /** `socket` is the one that `connection` uses. */
  constructor(connection: Connection, socket: Socket) {
    this.connection = connection
    this.socket = socket
    connection.on('error', (error: Error) => {
      this.lost = error
    })
  }

  /** False once the session is lost or was cut off. */
  get usable(): boolean {
    return this.lost === undefined
  }

  /** Runs one statement; its rows as text by column alias. */
  async query<Name extends string>(sql: string): Promise<TextRecord<Name>[]> {
    return textRecords<Name>(await this.run(sql))
  }

  /** Runs many statements in one round trip; the rows of each. */
  async queryAll<Name extends string>(
    statements: readonly string[],
  ): Promise<TextRecord<Name>[][]> {
    const [only] = statements
    if (only === undefined) return []
    if (statements.length === 1) return [await this.query<Name>(only)]
    const results = await this.run(statements.join(';\n'))
    return (results as unknown[]).map((rows) => textRecords<Name>(rows))
  }

  /** Runs one statement that gives no rows, with the values of its `?` sent apart. */
  async execute(sql: string, values: readonly (string | Buffer)[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.connection.execute(sql, [...values], (error) => {
        if (error === null) resolve()
        else reject(this.failure(error))
      })
    })
  }

  private async run(sql: string): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const typeCast = (field: { buffer(): Buffer | null }) => field.buffer()
      this.connection.query({ sql, typeCast }, (error, results) => {
        if (error === null) resolve(results)
        else reject(this.failure(error))
      })
    })
  }

  /** The driver tells the loss of a session to whoever waits for an answer, and to nobody else. */
  private failure(error: Error & { readonly fatal?: boolean }): Error {
    if (error.fatal === true) this.lost ??= error
    return asExpected(error)
  }

  /**
   * Streams the rows of a SELECT in batches, at the reader's pace. Throws when the rows end early.
   * A reader that leaves early costs the session: the rest would have to be read.
   */
  async *stream(sql: string): AsyncGenerator<readonly RawRow[], void, undefined> {
    if (this.streaming) throw new Error('one stream at a time on a session')
    this.streaming = true
    const flow = new RowFlow(this.connection, sql)
    try {
      yield* flow.batches()
    } finally {
      this.streaming = false
      if (!flow.ended) this.cutOff(new Error('a stream of rows was left early'))
    }
  }

  private cutOff(reason: Error): void {
    this.lost ??= reason
    this.connection.destroy()
    // The driver's way waits for the server, which would wait for us to read what it still has to send.
    this.socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.usable || this.streaming) {
      this.cutOff(new Error('closed'))
      return
    }
    this.lost = new Error('closed')
    await new Promise<void>((resolve) => {
      this.connection.end(() => {
        resolve()
      })
    })
  }
}

/** The rows of one query between the driver, which pushes, and a reader, which pulls. */
class RowFlow {
  ended = false
  private rows: RawRow[] = []
  private bytes = 0
  private failure: Error | undefined
  private wake: () => void = () => undefined
  private readonly connection: Connection

  constructor(connection: Connection, sql: string) {
    this.connection = connection
    const typeCast = (field: { buffer(): Buffer | null }) => field.buffer()
    connection.on('error', this.fail)
    connection
      .query({ sql, typeCast, rowsAsArray: true })
      .on('result', (row: unknown) => {
        this.push(row as RawRow)
      })
      .on('error', this.fail)
      .on('end', () => {
        this.ended = true
        this.wake()
      })
  }

  async *batches(): AsyncGenerator<readonly RawRow[], void, undefined> {
    try {
      for (;;) {
        const rows = this.rows
        this.rows = []
        this.bytes = 0
        if (rows.length > 0) yield rows
        else if (this.failure !== undefined) throw asExpected(this.failure)
        else if (this.ended) return
        else await this.moreRows()
      }
    } finally {
      this.connection.off('error', this.fail)
    }
  }

  private readonly fail = (error: Error): void => {
    this.failure ??= error
    this.wake()
  }

  private push(row: RawRow): void {
    this.rows.push(row)
    for (const value of row) this.bytes += value?.length ?? 0
    if (this.rows.length < batchRows && this.bytes < batchBytes) return
    this.connection.pause()
    this.wake()
  }

  private async moreRows(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.connection.resume()
    await woken
  }
}

function textRecords<Name extends string>(rows: unknown): TextRecord<Name>[] {
  if (!Array.isArray(rows)) return []
  return (rows as Record<string, Buffer | null>[]).map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, value?.toString('utf8') ?? null]),
      ) as TextRecord<Name>,
  )
}
