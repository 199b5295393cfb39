import { randomBytes } from 'node:crypto'
import { chmod, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ExpectedError } from '../errors.ts'
import { onPath } from './file-error.ts'
import { lstatIfThere, plainFile } from './work-directory.ts'

/** No name of a host is written like this (names.ts). */
const name = '.mask-key'
const keyBytes = 32
const fileMode = 0o600

/**
 * The key of the masks that are digests, from the private directory. It is made when there is none; `create: false` gives
 * one that is kept nowhere instead. Only for the holder of the directory's lock. Throws ExpectedError `mask-key-damaged`.
 */
export async function readMaskKey(
  privateDirectory: string,
  options: { readonly create: boolean },
): Promise<Uint8Array> {
  const file = await plainFile(join(privateDirectory, name))
  return await onPath(file, async () => {
    if ((await lstatIfThere(file)) !== undefined) return await readKey(file)
    const key = randomBytes(keyBytes)
    if (options.create) await keep(key, file, privateDirectory)
    return key
  })
}

async function readKey(file: string): Promise<Uint8Array> {
  const text = await readFile(file, 'latin1')
  if (!/^[0-9a-f]{64}\n$/.test(text)) throw damaged(file)
  await chmod(file, fileMode)
  return Buffer.from(text.trimEnd(), 'hex')
}

/** On the disk as a whole before anything is masked with it. */
async function keep(key: Buffer, file: string, directory: string): Promise<void> {
  const unfinished = await plainFile(`${file}.new`)
  {
    await using handle = await open(unfinished, 'w', fileMode)
    await handle.chmod(fileMode)
    await handle.writeFile(`${key.toString('hex')}\n`)
    await handle.sync()
  }
  await rename(unfinished, file)
  await using handle = await open(directory)
  await handle.sync()
}

function damaged(file: string): ExpectedError {
  return new ExpectedError(
    'mask-key-damaged',
    `${file} is no key of masks: it does not hold 64 hexadecimal digits and a line end.`,
    'Get it back from a copy of the private directory; or remove it: then all masks by `hash` change in the next commit.',
  )
}
