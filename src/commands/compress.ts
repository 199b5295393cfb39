import { createGzip, createZstdCompress } from 'node:zlib'
import type { Transform } from 'node:stream'

/** How a file is compressed. */
export type Compression = 'gzip' | 'zstd' | 'none'

/** What a file's name asks for: `.gz` or `.zst` at its end. */
export function compressionOf(file: string | undefined): Compression {
  if (file?.endsWith('.gz') === true) return 'gzip'
  return file?.endsWith('.zst') === true ? 'zstd' : 'none'
}

/** The streams that text goes through on its way to a file; none where it is not compressed. */
export function compressors(compression: Compression): readonly Transform[] {
  if (compression === 'gzip') return [createGzip()]
  return compression === 'zstd' ? [createZstdCompress()] : []
}
