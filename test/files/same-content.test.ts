import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sameContent } from '../../src/files/same-content.ts'
import { temporaryDirectory } from './support.ts'

const block = 1 << 20

test.each([0, 1, 1000, block - 1, block, block + 1, 2 * block, 2 * block + 5])(
  'files of %d bytes are the same until one byte differs, wherever',
  async (bytes) => {
    await using directory = await temporaryDirectory()
    const [one, other] = [join(directory.path, 'one'), join(directory.path, 'other')]
    const content = Buffer.alloc(bytes, 'content')
    await writeFile(one, content)
    await writeFile(other, content)
    expect(await sameContent(one, other, bytes)).toBe(true)
    for (const place of [0, bytes >> 1, bytes - 1]) {
      if (place < 0 || place >= bytes) continue
      const changed = Buffer.from(content)
      changed.writeUInt8(0, place)
      await writeFile(other, changed)
      expect(await sameContent(one, other, bytes), String(place)).toBe(false)
    }
  },
)
