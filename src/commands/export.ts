import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Config } from '../config/config.ts'
import { ExpectedError } from '../errors.ts'
import { compressionOf, compressors, type Compression } from './compress.ts'
import type { CommandContext } from './context.ts'
import { writeScript, type ScriptCounts, type ScriptOptions } from './export-script.ts'
import { onlyDatabase } from './only-database.ts'
import { openSource } from './source.ts'

/** What `export` was asked for. */
export interface ExportOptions extends ScriptOptions {
  /** The configured database; absent: the only one. */
  readonly database?: string
  /** The snapshot of this commit or moment; absent: the files as they are. */
  readonly at?: string
  /** Leave the rows of local tables out. */
  readonly withoutLocal: boolean
  /** Where the script goes; absent: standard output. A name that ends with `.gz` or `.zst` is compressed. */
  readonly output?: string
  /** Compress whatever the name is. */
  readonly gzip: boolean
}

/** What a script holds. */
export interface ExportReport extends Readonly<ScriptCounts> {
  /** Absolute; absent: standard output. */
  readonly file?: string
  /** Whether rows of local tables are in it; then a file has mode 0600. */
  readonly holdsPrivateRows: boolean
  readonly notes: readonly string[]
}

/**
 * Writes a snapshot as one SQL script that the vendor's own client alone runs. A file appears only when it is whole.
 * Throws ExpectedError `several-databases`, `output-not-written`.
 */
export async function exportDatabase(
  config: Config,
  options: ExportOptions,
  standardOutput: Writable,
  context: CommandContext,
): Promise<ExportReport> {
  const database = onlyDatabase(config, options.database)
  const { at, withoutLocal } = options
  await using source = await openSource(
    config,
    database,
    { withoutLocal, ...(at === undefined ? {} : { at }) },
    context.environment,
  )
  const holdsPrivateRows =
    options.content !== 'schema' && source.parts.some(({ isPrivate }) => isPrivate)
  const counts: ScriptCounts = { objects: 0, tables: 0, rows: 0 }
  const script = writeScript(source, options, counts, context)
  const compression = options.gzip ? 'gzip' : compressionOf(options.output)
  if (options.output === undefined) {
    await pipe(script, compression, leftOpen(standardOutput), context)
  } else {
    await writeWhole(resolve(options.output), holdsPrivateRows ? 0o600 : 0o666, async (stream) => {
      await pipe(script, compression, stream, context)
    })
  }
  return {
    ...counts,
    ...(options.output === undefined ? {} : { file: resolve(options.output) }),
    holdsPrivateRows,
    notes: source.warnings.map(({ message }) => message),
  }
}

async function pipe(
  script: AsyncIterable<string | Uint8Array>,
  compression: Compression,
  output: Writable,
  { signal }: CommandContext,
): Promise<void> {
  const streams = [
    Readable.from(script, { objectMode: false }),
    ...compressors(compression),
    output,
  ]
  await pipeline(streams, { signal })
}

/** The same stream, but one that a pipeline does not end: the process needs it to the last. */
function leftOpen(output: Writable): Writable {
  // A reader that went away (head) wants no more; that is no failure.
  const isGone = (error: unknown) =>
    error instanceof Error && 'code' in error && error.code === 'EPIPE'
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      output.write(chunk, (error) => {
        done(isGone(error) ? null : error)
      })
    },
  })
  output.on('error', (error) => {
    if (!isGone(error)) stream.destroy(error)
  })
  return stream
}

/** Writes a new file beside its place and puts it there when it is whole. */
async function writeWhole(
  file: string,
  mode: number,
  write: (stream: Writable) => Promise<void>,
): Promise<void> {
  const partial = join(dirname(file), `.${basename(file)}.${randomUUID()}`)
  try {
    await write(createWriteStream(partial, { flags: 'wx', mode, flush: true }))
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw explained(error, file)
  }
}

function explained(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EISDIR'].includes(code)) {
    return error
  }
  return new ExpectedError(
    'output-not-written',
    `The script could not be written to ${file} (${code}).`,
    'Name a file in a directory that exists, may be written, and has room.',
    { cause: error },
  )
}
