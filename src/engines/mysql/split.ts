import { isToken, tokenAt } from './lexer.ts'

// Comments may stand before the command, which the client itself understands and no server.
const delimiterCommand =
  /(?:\s|--(?=\s)[^\n]*\n|#[^\n]*\n|\/\*(?!M?!)[\s\S]*?\*\/)*DELIMITER[ \t]+(\S+)[^\n]*(?:\n|$)/iy

/**
 * Cuts a script for the vendor's client (its `DELIMITER` lines too) into the statements that a server takes, without
 * their delimiters; those of comments alone are left out.
 * Source: https://mariadb.com/docs/server/clients-and-utilities/mariadb-client/delimiters
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = []
  let delimiter = ';'
  let position = 0
  while (position < script.length) {
    const [command, next] = readDelimiterCommand(script, position)
    if (next !== undefined) {
      delimiter = next
      position += command.length
      continue
    }
    const { end, isEmpty } =
      delimiter === ';' ? lexed(script, position) : searched(script, position, delimiter)
    if (!isEmpty)
      statements.push(script.slice(position, end).replace(/^\s+/, '').replace(/\n$/, ''))
    position = end + delimiter.length
  }
  return statements
}

function readDelimiterCommand(script: string, position: number): [string, string | undefined] {
  delimiterCommand.lastIndex = position
  const [command = '', delimiter] = delimiterCommand.exec(script) ?? []
  return [command, delimiter]
}

interface Found {
  readonly end: number
  readonly isEmpty: boolean
}

function lexed(script: string, start: number): Found {
  let isEmpty = true
  let position = start
  while (position < script.length) {
    const token = tokenAt(script, position)
    if (isToken(token, ';')) break
    if (token.kind !== 'space' && token.kind !== 'comment') isEmpty = false
    position += token.text.length
  }
  return { end: position, isEmpty }
}

/**
 * A delimiter of its own is chosen so that it stands nowhere in the statement, which may be written for any sql_mode:
 * whether `\` escapes a quote in it can't be known here.
 */
function searched(script: string, start: number, delimiter: string): Found {
  const found = script.indexOf(delimiter, start)
  const end = found < 0 ? script.length : found
  return { end, isEmpty: script.slice(start, end).trim() === '' }
}
