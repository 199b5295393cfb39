import type { Client } from 'pg'
import { ExpectedError } from '../../errors.ts'
import type { Database, Engine } from '../engine.ts'
import { connectorFor, type Connector } from './connect.ts'
import { fillDatabase } from './fill.ts'
import { readFindings, readSizes } from './inspect.ts'
import { readingError } from './errors.ts'
import { neutralTexts } from './neutral.ts'
import { readSnapshot } from './read.ts'
import { scriptWriter } from './script.ts'
import { openServer } from './server.ts'
import { postgresDump } from './vendor-dump.ts'

/** What the driver throws: an error with a severity, or the end of the connection. */
function isOfServer(error: unknown): boolean {
  return (
    error instanceof Error &&
    ('severity' in error || error.message.startsWith('Connection terminated'))
  )
}

/** Runs `use` on a session and ends it, and with it its transaction and locks. */
async function withClient<T>(client: Client, use: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await use(client)
  } catch (error) {
    throw isOfServer(error) ? readingError(error, 'the database') : error
  } finally {
    await client.end().catch(() => undefined)
  }
}

function executionError(error: unknown): ExpectedError {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string'
      ? error.code
      : 'unknown'
  return new ExpectedError(
    'statement-failed',
    `A configured statement failed with SQLSTATE ${code}.`,
    'Run it by hand to see why, and correct it in the configuration.',
    { cause: error },
  )
}

function databaseFrom(connect: Connector, first: Client): Database {
  let executing: Promise<Client> | undefined
  let unused: Client | undefined = first
  const session = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const ready = unused
    unused = undefined
    return await withClient(ready ?? (await connect('read')), use)
  }
  return {
    read: (request, use) => session((client) => readSnapshot(client, connect, request, use)),
    async execute(sql) {
      executing ??= connect('execute')
      const client = await executing
      try {
        await client.query(sql)
      } catch (error) {
        throw executionError(error)
      }
    },
    fill: (request, use) => fillDatabase(connect, request, use),
    sizes: () => session(readSizes),
    findings: () => session(readFindings),
    async [Symbol.asyncDispose]() {
      const client = await executing?.catch(() => undefined)
      await client?.end().catch(() => undefined)
      await unused?.end().catch(() => undefined)
    },
  }
}

/** PostgreSQL 14 to 18. */
export const postgres: Engine = {
  async open(request) {
    const connect = await connectorFor(request)
    // One connection now, so that a wrong password or host is told at once; the first reader gets it.
    return databaseFrom(connect, await connect('read'))
  },
  openServer,
  script: scriptWriter,
  vendorDump: postgresDump,
  neutral: neutralTexts,
}
