import { readFile } from 'node:fs/promises'
import { ExpectedError, exitStatus } from '../errors.ts'
import { configurationError } from './finding.ts'

/** Reads a configuration file as UTF-8 text without its byte order mark; throws ExpectedError (status 78). */
export async function readConfigText(file: string): Promise<string> {
  const bytes = await readBytes(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw configurationError([
      { where: `${file}:${positionOfBadByte(bytes)}`, message: encodingMessage(bytes) },
    ])
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by this user',
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
    const reason = reasons[code ?? ''] ?? `can't be read (${code ?? 'unknown reason'})`
    throw new ExpectedError(
      'configuration-unreadable',
      `The configuration ${file} ${reason}.`,
      'Name a readable file: schema_backup --config FILE. A new one is made by: schema_backup init URL',
      { status: exitStatus.configuration, cause: error },
    )
  }
}

function encodingMessage(bytes: Buffer): string {
  const start = bytes.subarray(0, 2).toString('hex')
  const found = start === 'fffe' || start === 'feff' ? 'UTF-16' : 'another encoding'
  return `expected UTF-8 text, found ${found}; save the file as UTF-8`
}

/** `line:column` of the first byte that is no UTF-8. */
function positionOfBadByte(bytes: Buffer): string {
  const reencoded = Buffer.from(bytes.toString('utf8'))
  let offset = 0
  while (offset < bytes.length && bytes[offset] === reencoded[offset]) offset += 1
  const lines = bytes.subarray(0, offset).toString('utf8').split('\n')
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`
}
