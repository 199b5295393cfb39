import { spawn } from 'node:child_process'
import { postgresClient } from '../support/launch-postgres.ts'
import type { PostgresServer } from '../support/server-names.ts'
import type { SnapshotInFiles, TableInFiles } from './file-reader.ts'

/** What pg_dump made of a database: the control, whose snapshot is older than its locks. */
export interface Dump {
  readonly status: number | null
  readonly content: SnapshotInFiles
}

/** Dumps as a person would. */
export async function dump(server: PostgresServer, url: string): Promise<Dump> {
  const [program = '', ...words] = postgresClient(server, 'pg_dump')
  const child = spawn(program, [...words, url.replace(/^postgres\d+:/, 'postgresql:')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const blocks: Buffer[] = []
  child.stdout.on('data', (block: Buffer) => blocks.push(block))
  const status = await new Promise<number | null>((settle, fail) => {
    child.on('error', fail)
    child.on('close', settle)
  })
  return { status, content: contentOf(Buffer.concat(blocks).toString('utf8')) }
}

function contentOf(script: string): SnapshotInFiles {
  const tables = script.matchAll(/^COPY public\.(\w+) \(([^)]*)\) FROM stdin;\n([^]*?)^\\\.$/gm)
  const views = script.matchAll(/^CREATE VIEW public\.(\w+) AS\n([^;]*);/gm)
  const created = new Map(
    [...script.matchAll(/^CREATE TABLE public\.(\w+) \(\n([^;]*)\n\);/gm)].map(
      ([, name = '', body = '']) => [name, columnsOf(body)] as const,
    ),
  )
  return {
    tables: new Map(
      [...tables].map(([, name = '', header = '', lines = '']) => [
        name,
        {
          columns: created.get(name) ?? [],
          rows: { header: header.split(', '), lines: cells(lines) },
        },
      ]),
    ),
    views: new Map([...views].map(([, name = '', text = '']) => [name, text])),
  }
}

function columnsOf(body: string): TableInFiles['columns'] {
  return body
    .split(',\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('CONSTRAINT'))
    .map((line) => line.split(' ')[0] ?? '')
}

function cells(lines: string): string[][] {
  return lines
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'))
}
