import { dirname, isAbsolute, join, resolve } from 'node:path'

/** The files as the reader sees them, so that it can be tested without any. */
export interface OptionFiles {
  /** The text of a file; undefined when there is none or when it must not be used. */
  read(path: string): string | undefined
  /** The names in a directory; none when there is no such directory. */
  list(directory: string): readonly string[]
}

/** One `name=value` line; names with `-` for `_`; `value` is absent for a bare `name`. */
export interface OptionLine {
  readonly group: string
  readonly name: string
  readonly value?: string
}

/**
 * The options of a vendor's option file and of those that it includes, in order.
 * The rules, `#` and quotes included, are those of
 * https://mariadb.com/docs/server/server-management/install-and-upgrade-mariadb/configuring-mariadb/configuring-mariadb-with-option-files
 */
export function readOptionFile(path: string, files: OptionFiles, depth = 0): OptionLine[] {
  const text = depth > 10 ? undefined : files.read(path)
  if (text === undefined) return []
  const options: OptionLine[] = []
  let group = ''
  for (const line of text.split(/\r?\n/).map((raw) => raw.trim())) {
    if (line.startsWith('!')) options.push(...readIncluded(line, path, files, depth))
    else if (line.startsWith('[')) group = line.slice(1).split(']')[0]?.trim() ?? ''
    else if (line !== '' && !/^[#;]/.test(line)) options.push({ group, ...readLine(line) })
  }
  return options
}

function readIncluded(line: string, path: string, files: OptionFiles, depth: number): OptionLine[] {
  const [, directive, target] = /^!(include|includedir)\s+(.+)$/.exec(line) ?? []
  if (directive === undefined || target === undefined) return []
  const absolute = isAbsolute(target) ? target : resolve(dirname(path), target)
  const paths =
    directive === 'include'
      ? [absolute]
      : files
          .list(absolute)
          .filter((name) => name.endsWith('.cnf'))
          .toSorted()
          .map((name) => join(absolute, name))
  return paths.flatMap((included) => readOptionFile(included, files, depth + 1))
}

function readLine(line: string): { name: string; value?: string } {
  const text = withoutComment(line)
  const equals = text.indexOf('=')
  const name = (equals < 0 ? text : text.slice(0, equals)).trim().replaceAll('_', '-')
  return equals < 0 ? { name } : { name, value: readValue(text.slice(equals + 1).trim()) }
}

/** Cuts a line at the first `#` that stands in no quotes. */
function withoutComment(line: string): string {
  let quote = ''
  let escaped = false
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index]
    if ((character === "'" || character === '"') && !escaped) {
      if (quote === '') quote = character
      else if (quote === character) quote = ''
    }
    if (quote === '' && character === '#') return line.slice(0, index)
    escaped = quote !== '' && character === '\\' && !escaped
  }
  return line
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  s: ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

function readValue(value: string): string {
  const quote = value[0]
  const quoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote)
  const inner = quoted ? value.slice(1, -1) : value
  return inner.replaceAll(/\\([\s\S])/g, (both, letter: string) => escapes[letter] ?? both)
}
