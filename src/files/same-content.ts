import { open, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

const blockBytes = 1 << 20

/** Whether two files, both of this size, hold the same bytes; large ones are read a block at a time. */
export async function sameContent(one: string, other: string, bytes: number): Promise<boolean> {
  if (bytes > blockBytes) return await sameBlocks(one, other)
  const [first, second] = await Promise.all([readFile(one), readFile(other)])
  return first.equals(second)
}

async function sameBlocks(one: string, other: string): Promise<boolean> {
  await using first = await open(one)
  await using second = await open(other)
  const blocks = [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)] as const
  for (;;) {
    const [length, otherLength] = await Promise.all([
      readBlock(first, blocks[0]),
      readBlock(second, blocks[1]),
    ])
    if (length !== otherLength) return false
    if (!blocks[0].subarray(0, length).equals(blocks[1].subarray(0, length))) return false
    if (length < blockBytes) return true
  }
}

/** Fills the buffer unless the file ends before; returns how much was read. */
async function readBlock(handle: FileHandle, buffer: Buffer): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}
