import type { ConnectionRequest } from '../connection.ts'
import {
  RowDigests,
  runProgram,
  utf8Text,
  type DumpRequest,
  type VendorDump,
} from '../vendor-dump.ts'
import { pathOfUrl } from './location.ts'
import { quoteText } from './sqltext.ts'

const program = 'sqlite3'

/** What the sqlite3 program says; undefined when it is not installed. https://www.sqlite.org/cli.html */
export async function sqliteDump(
  { url, environment }: ConnectionRequest,
  { without, rowsOf }: DumpRequest,
): Promise<VendorDump | undefined> {
  const words = ['-batch', '-readonly', '-init', '/dev/null', pathOfUrl(url)]
  const left = without.map(({ name }) => quoteText(name)).join(', ')
  // Definitions by name: their order in the file is that in which they were made.
  const definitions = `SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  AND tbl_name NOT IN (${left}) AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY type, name;\n`
  const schema: string[] = []
  const ended = await runProgram({ program, words, environment, input: definitions }, (line) =>
    schema.push(line),
  )
  if (ended === 'not-installed') return undefined
  const digests = new RowDigests()
  for (const { name } of rowsOf) {
    const input = `.dump --data-only ${quoteArgument(name.replace(/[\\%_]/g, '\\$&'))}\n`
    await runProgram({ program, words, environment, input }, (line) => {
      if (line.startsWith('INSERT INTO ')) digests.add(name, line)
    })
  }
  return { program, schema: utf8Text(schema), rows: digests.result }
}

/** An argument of a dot-command: in double quotes a backslash escapes. */
function quoteArgument(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
