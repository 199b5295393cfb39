import type { Client } from '../client.ts'
import { errorNumber, serverErrors } from '../failures.ts'
import { isToken, joinTokens, nameOf, quoteName, quoteText, type Token } from '../lexer.ts'
import { describeAll } from './describe.ts'

/**
 * Names (in lower case) of functions that statements call as `database`.`function`( and that mean another one, the server's
 * own, without the database: servers get functions under names that people have given to theirs.
 */
export async function findHiddenFunctions(
  client: Client,
  statements: readonly (readonly Token[])[],
  database: string,
): Promise<ReadonlySet<string>> {
  const names = new Set(statements.flatMap((tokens) => calledFunctions(tokens, database)))
  if (names.size === 0) return names
  // Harmless for each of the server's own: nearly all refuse that many, and none is run.
  const values = Array.from({ length: 99 }, () => 'NULL').join(', ')
  const answers = await besideDatabase(client, database, () =>
    describeAll(client, [...names], (name) => `EXPLAIN SELECT ${quoteName(name)}(${values})`),
  )
  // There are no functions of users in that other database.
  const ofUsers: readonly (number | undefined)[] = [
    serverErrors.unknownRoutine,
    serverErrors.routineDenied,
    serverErrors.databaseDenied,
  ]
  return new Set(
    answers.flatMap(({ item, refusal }) =>
      ofUsers.includes(errorNumber(refusal)) ? [] : [item.toLowerCase()],
    ),
  )
}

/** Calls `use` while a database is the current one that holds nothing of users. */
export async function besideDatabase<T>(
  client: Client,
  database: string,
  use: () => Promise<T>,
): Promise<T> {
  await client.query('USE information_schema')
  try {
    return await use()
  } finally {
    if (client.usable) await client.query(`USE ${quoteName(database)}`)
  }
}

function calledFunctions(tokens: readonly Token[], database: string): readonly string[] {
  return ownNames(tokens, noRelations, database).flatMap((index) => {
    const name = nameOf(tokens[index + 2])
    return name !== undefined && isToken(tokens[index + 3], '(') ? [name] : []
  })
}

const noRelations: ReadonlySet<Token> = new Set()

/**
 * Where the database's own name stands in a view: a healthy one writes it before functions and sequences alone; a broken one
 * writes `database`.`table`.`column`, and so does one that looks into other databases, too, which writes
 * `database`.`table` where it selects from it.
 */
export function ownNames(
  tokens: readonly Token[],
  relations: ReadonlySet<Token>,
  database: string,
): readonly number[] {
  return tokens.flatMap((token, index) => {
    const isFirst = token.kind === 'name' && !isToken(tokens[index - 1], '.')
    if (!isFirst || nameOf(token) !== database || !isToken(tokens[index + 1], '.')) return []
    const ofThree = isToken(tokens[index + 3], '.')
    const ofCall = isToken(tokens[index + 3], '(')
    const ofView = isToken(tokens[index - 2], 'VIEW')
    return ofThree || ofCall || ofView || relations.has(token) ? [index] : []
  })
}

/**
 * Whether a view means something else without its database's name: when it calls a hidden function, or when a table that
 * it selects from (`relations`) has the name of one of another database.
 */
export function needsOwnName(
  tokens: readonly Token[],
  relations: ReadonlySet<Token>,
  database: string,
  hidden: ReadonlySet<string>,
): boolean {
  if (calledFunctions(tokens, database).some((name) => hidden.has(name.toLowerCase()))) return true
  const own = new Set<string>()
  const others = new Set<string>()
  tokens.forEach((token, index) => {
    if (!relations.has(token)) return
    const isQualified = isToken(tokens[index + 1], '.')
    const table = nameOf(tokens[isQualified ? index + 2 : index]) ?? ''
    const isOther = isQualified && nameOf(token) !== database
    ;(isOther ? others : own).add(table)
  })
  return [...own].some((table) => others.has(table))
}

const note = `-- Without the name of its database this would mean something else, so that name is filled in.
`

/** The statements that run `tokens` with the name of the database in which they are run for its own. */
export function withCurrentDatabase(
  tokens: readonly Token[],
  relations: ReadonlySet<Token>,
  database: string,
): string {
  const places = ownNames(tokens, relations, database)
  const starts = [0, ...places.map((place) => place + 1)]
  const pieces = starts.map((start, index) =>
    quoteText(joinTokens(tokens.slice(start, places[index] ?? tokens.length))),
  )
  return `${note}SET @own_database = concat('\`', replace(database(), '\`', '\`\`'), '\`');
SET @statement = concat(${pieces.join(', @own_database, ')});
PREPARE statement FROM @statement;
EXECUTE statement;
DEALLOCATE PREPARE statement;
`
}
