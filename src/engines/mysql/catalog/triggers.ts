import type { NotCaptured } from '../../../model.ts'
import type { Client } from '../client.ts'
import { isToken, joinTokens, nameOf, quoteName, tokenize, type Token } from '../lexer.ts'
import { isThisDatabase, type Server } from '../session.ts'
import { changedWhileReading, describeAll, isVanished, notShown } from './describe.ts'
import { programSql, recodedWarnings } from './programs.ts'
import { storedProgram, type ProgramTexts } from './routines.ts'
import { withDefiner } from './text-policies.ts'

/** The triggers of each table, as the statements that make them, in firing order. */
export interface TriggersRead {
  readonly sqlByTable: ReadonlyMap<string, string>
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

/** Reads the triggers of all tables. */
export async function readTriggers(
  client: Client,
  server: Server,
  { databaseCollation, texts }: ProgramTexts,
): Promise<TriggersRead> {
  const listed = await client.query<'name' | 'of'>(
    `SELECT trigger_name AS name, event_object_table AS \`of\` FROM information_schema.triggers
     WHERE ${isThisDatabase('trigger_schema', server)}
     ORDER BY event_manipulation, action_timing DESC, action_order, CAST(trigger_name AS BINARY)`,
  )
  const described = await describeAll(
    client,
    listed,
    (trigger) => `SHOW CREATE TRIGGER ${quoteName(trigger.name ?? '')}`,
  )
  const sqlByTable = new Map<string, string>()
  const notCaptured: NotCaptured[] = []
  const warnings: string[] = []
  for (const { item, record, refusal } of described) {
    const { name, of: table } = item
    if (isVanished(refusal)) throw changedWhileReading(`Trigger ${name ?? ''}`)
    const program =
      record === undefined ? undefined : storedProgram(record, 'SQL Original Statement')
    if (program === undefined) {
      const help = `GRANT TRIGGER ON ${quoteName(server.database)}.* TO the account.`
      notCaptured.push(notShown('trigger', name ?? '', help, refusal))
      continue
    }
    const statement = withoutOwnDatabase(withDefiner(program.statement, texts), server.database)
    const sql = programSql({ ...program, statement }, databaseCollation)
    const client = program.characterSetClient
    warnings.push(...recodedWarnings('trigger', [{ name: name ?? '', statement, client }]))
    sqlByTable.set(table ?? '', (sqlByTable.get(table ?? '') ?? '') + sql)
  }
  return { sqlByTable, notCaptured, warnings }
}

/**
 * The server keeps the head of a trigger as it was typed, also `CREATE TRIGGER db.t1 BEFORE INSERT ON db.t`,
 * which can't be run in a database of another name.
 */
function withoutOwnDatabase(statement: string, database: string): string {
  const tokens = tokenize(statement)
  const dropped = new Set<Token>()
  for (const keyword of ['TRIGGER', 'ON']) {
    const start = tokens.findIndex((token) => isToken(token, keyword))
    const rest = tokens
      .slice(start + 1)
      .filter((token) => token.kind !== 'space' && token.kind !== 'comment')
    const [first, dot] = isToken(rest[0], 'IF') ? rest.slice(3) : rest
    if (first === undefined || dot === undefined || !isToken(dot, '.')) continue
    if (nameOf(first) === database) dropped.add(first).add(dot)
  }
  return joinTokens(tokens.filter((token) => !dropped.has(token)))
}
