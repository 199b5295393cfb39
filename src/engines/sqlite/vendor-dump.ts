import type { ConnectionRequest } from '../connection.ts'
import {
  RowDigests,
  runProgram,
  utf8Text,
  type DumpRequest,
  type VendorDump,
} from '../vendor-dump.ts'
import { pathOfUrl } from './location.ts'
import { forShell, quoteName, quoteText } from './sqltext.ts'

const program = 'sqlite3'

/** What the sqlite3 program says; undefined when it is not installed. https://www.sqlite.org/cli.html */
export async function sqliteDump(
  { url, environment }: ConnectionRequest,
  { without, rowsOf }: DumpRequest,
): Promise<VendorDump | undefined> {
  const words = ['-batch', '-readonly', '-init', '/dev/null', pathOfUrl(url)]
  const run = (input: string, onLine: (line: string) => void) =>
    runProgram({ program, words, environment, input }, onLine)
  const left = without.map(({ name }) => quoteText(name)).join(', ')
  // Definitions by name: their order in the file is that in which they were made.
  const definitions = `SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  AND tbl_name NOT IN (${left}) AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY type, name;\n`
  const schema: string[] = []
  const ended = await run(forShell(definitions), (line) => schema.push(line))
  if (ended === 'not-installed') return undefined
  const types = new Map<string, string>()
  await run(usableTables, (line) => {
    const [name = '', type = ''] = JSON.parse(
      Buffer.from(line, 'latin1').toString('utf8'),
    ) as string[]
    types.set(name, type)
  })
  const digests = new RowDigests()
  for (const { name } of rowsOf.filter((table) => types.has(table.name))) {
    const columns = types.get(name) === 'virtual' ? 'rowid, *' : '*'
    const rows = `.mode insert t\nSELECT ${columns} FROM main.${quoteName(name)};\n`
    await run(forShell(rows), (line) => {
      if (line.startsWith('INSERT INTO ')) digests.add(name, line)
    })
  }
  return { program, schema: utf8Text(schema), rows: digests.result }
}

/**
 * Tables that the program can use: of others it knows no columns. As JSON, since hex() shows the file's own encoding. What
 * .dump prints could not be told apart: a name may have several lines, and of a virtual table it prints the inner tables
 * alone, whose bytes tell the order in which rows came.
 */
const usableTables = `SELECT json_array(name, type) FROM pragma_table_list WHERE schema = 'main' AND ncol > 0;\n`
