import { readFileSync } from 'node:fs'

/** A table as its two files tell it. */
export interface TableInFiles {
  /** Of its CREATE TABLE. */
  readonly columns: readonly string[]
  /** The first line of its CSV, and the lines below it; absent when there is no CSV. */
  readonly rows?: { readonly header: readonly string[]; readonly lines: readonly string[][] }
}

/** A snapshot's files, read by nothing of the project. */
export interface SnapshotInFiles {
  readonly tables: ReadonlyMap<string, TableInFiles>
  readonly views: ReadonlyMap<string, string>
}

/** Reads the files of one database: path within its directory → where it stands. */
export function readFiles(paths: ReadonlyMap<string, string>): SnapshotInFiles {
  const texts = [...paths].map(([path, file]) => [path, readFileSync(file, 'utf8')] as const)
  const ofFolder = (folder: string, suffix: string) =>
    new Map(
      texts.flatMap(([path, text]) => {
        const [, name] = new RegExp(`(?:^|/)${folder}/(\\w+)\\.${suffix}$`).exec(path) ?? []
        return name === undefined ? [] : [[name, text] as const]
      }),
    )
  const rows = ofFolder('tables', 'csv')
  const tables = [...ofFolder('tables', 'sql')].map(([name, sql]) => {
    const csv = rows.get(name)
    return [
      name,
      { columns: columnsOf(sql), ...(csv === undefined ? {} : { rows: linesOf(csv) }) },
    ] as const
  })
  return { tables: new Map(tables), views: ofFolder('views', 'sql') }
}

/** The writers' values need no quotes, so a line is as simple as it looks. */
function linesOf(csv: string): NonNullable<TableInFiles['rows']> {
  if (csv.includes('"') || !csv.endsWith('\n')) throw new Error(`not a simple CSV: ${csv}`)
  const [header = [], ...lines] = csv
    .slice(0, -1)
    .split('\n')
    .map((line) => line.split(','))
  return { header, lines }
}

const noColumn = /^(?:CONSTRAINT|PRIMARY|UNIQUE|KEY|INDEX|CHECK|FOREIGN)\b/i

function columnsOf(sql: string): string[] {
  const statement = /CREATE TABLE[^(]*\(([^;]*)/.exec(sql)?.[1] ?? ''
  const parts: string[] = []
  let [depth, part] = [1, '']
  for (const letter of statement) {
    if (letter === '(') depth += 1
    if (letter === ')') depth -= 1
    if (depth === 0) break
    if (letter === ',' && depth === 1) {
      parts.push(part)
      part = ''
    } else part += letter
  }
  return [...parts, part]
    .map((text) => text.trim())
    .filter((text) => !noColumn.test(text))
    .map((text) => (/^\S+/.exec(text)?.[0] ?? '').replaceAll(/["`]/g, ''))
}
