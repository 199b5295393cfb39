import type { DbObject, NotCaptured, ObjectKey, TextPolicies } from '../../../model.ts'
import type { Client, TextRecord } from '../client.ts'
import { withoutSequenceDatabase } from '../create-table.ts'
import {
  depthChange,
  isToken,
  joinTokens,
  nameOf,
  quoteName,
  tokenize,
  type Token,
} from '../lexer.ts'
import type { Server } from '../session.ts'
import {
  changedWhileReading,
  describeAll,
  isVanished,
  notShown,
  type Described,
  isDenied,
} from './describe.ts'
import type { ListedTable } from './list.ts'
import {
  besideDatabase,
  findHiddenFunctions,
  needsOwnName,
  ownNames,
  withCurrentDatabase,
} from './own-names.ts'
import { characterSettings, recodedWarnings, withSettings } from './programs.ts'
import { withDefiner } from './text-policies.ts'

/** Names of the database's objects that a view can need, and how its text is written. */
export interface KnownNames {
  readonly views: ReadonlySet<string>
  readonly tables: ReadonlySet<string>
  readonly sequences: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
  readonly texts: TextPolicies
}

/** What was found out about the views. */
export interface ViewsRead {
  readonly views: readonly DbObject[]
  readonly notCaptured: readonly NotCaptured[]
  readonly warnings: readonly string[]
}

const brokenNote = '-- This view was broken when it was saved: see the warning of that run.\n'

/** Reads the views; broken ones too, with a warning. */
export async function readViews(
  client: Client,
  server: Server,
  listed: readonly ListedTable[],
  known: KnownNames,
): Promise<ViewsRead> {
  const { described, hidden } = await describeViews(client, server, listed)
  const broken = await findBroken(client, listed)
  const views: DbObject[] = []
  const notCaptured: NotCaptured[] = []
  for (const { item, record, refusal } of described) {
    if (isVanished(refusal)) throw changedWhileReading(`View ${item.name}`)
    const view =
      record === undefined ? undefined : viewOf(item.name, record, server, { ...known, hidden })
    if (view === undefined) {
      const help = `GRANT SELECT, SHOW VIEW ON ${quoteName(server.database)}.* TO the account.`
      notCaptured.push(notShown('view', item.name, help, refusal))
    } else views.push(broken.has(item.name) ? { ...view, sql: brokenNote + view.sql } : view)
  }
  const warnings = [...broken].map(
    ([name, reason]) => `view ${name} is broken and can't be used or restored: ${reason}`,
  )
  const made = described.map(({ item, record }) => ({
    name: item.name,
    statement: record?.['Create View'] ?? '',
    client: record?.['character_set_client'] ?? '',
  }))
  return { views, notCaptured, warnings: [...warnings, ...recodedWarnings('view', made)] }
}

/**
 * The views' texts, and the functions that are hidden in them. Where the name of the database matters, it stands in the
 * text: in front of every table only when another database is the current one.
 */
async function describeViews(
  client: Client,
  server: Server,
  listed: readonly ListedTable[],
): Promise<{
  readonly described: readonly Described<ListedTable>[]
  readonly hidden: ReadonlySet<string>
}> {
  const described = await describeAll(
    client,
    listed,
    (view) => `SHOW CREATE VIEW ${quoteName(view.name)}`,
  )
  const { database } = server
  const statementOf = ({ record }: Described<ListedTable>) =>
    tokenize(record?.['Create View'] ?? '')
  const hidden = await findHiddenFunctions(client, described.map(statementOf), database)
  const inNeed = described.filter((answer) => {
    const tokens = statementOf(answer)
    return needsOwnName(tokens, relationsOf(tokens), database, hidden)
  })
  if (inNeed.length === 0) return { described, hidden }
  const items = inNeed.map(({ item }) => item)
  const place = quoteName(database)
  const whole = await besideDatabase(client, database, () =>
    describeAll(client, items, ({ name }) => `SHOW CREATE VIEW ${place}.${quoteName(name)}`),
  )
  const byItem = new Map(whole.map((answer) => [answer.item, answer]))
  return { described: described.map((answer) => byItem.get(answer.item) ?? answer), hidden }
}

/** Views whose columns the server can't tell, each with its reason. */
async function findBroken(
  client: Client,
  listed: readonly ListedTable[],
): Promise<ReadonlyMap<string, string>> {
  const columns = await describeAll(
    client,
    listed,
    (view) => `SHOW FIELDS FROM ${quoteName(view.name)}`,
  )
  return new Map(
    columns.flatMap(({ item, refusal }) =>
      // Who may not call a function of a view knows nothing of the view.
      refusal === undefined || isDenied(refusal) ? [] : [[item.name, refusal.message]],
    ),
  )
}

function viewOf(
  name: string,
  record: TextRecord,
  server: Server,
  known: KnownNames & { readonly hidden: ReadonlySet<string> },
): DbObject | undefined {
  const { character_set_client: client, collation_connection: collation } = record
  const text = record['Create View']
  if (typeof text !== 'string' || text === '' || typeof client !== 'string') return undefined
  const { database } = server
  const typed = tokenize(withDefiner(text, known.texts))
  const relations = relationsOf(typed)
  const unqualified = withoutOwnDatabase(typed, relations, database)
  const { tokens, sequences } = withoutSequenceDatabase(unqualified, database)
  const packages = packagesIn(tokens, known)
  const needsName = needsOwnName(typed, relations, database, known.hidden)
  const kept = needsName ? withoutSequenceDatabase(typed, database).tokens : tokens
  const written = onLines(packages.size === 0 ? kept : withPlainFunctions(kept))
  const statement = joinTokens(written)
  const settings = {
    characterSetClient: client,
    collationConnection: collation ?? 'utf8mb4_general_ci',
  }
  const needed = new Set(sequences)
  return {
    kind: 'view',
    name,
    sql: withSettings(
      {
        ...(packages.size === 0 ? {} : { sql_mode: "'ORACLE'" }),
        ...characterSettings(statement, settings),
      },
      needsName ? withCurrentDatabase(written, relations, database) : `${statement};\n`,
    ),
    dependsOn: [
      ...dependencies(name, tokens, known),
      ...keys('package', packages, known.packages),
      ...keys('sequence', needed, known.sequences),
    ],
  }
}

/** Packages whose functions are called: `` `package`.`function`( ``. */
function packagesIn(tokens: readonly Token[], known: KnownNames): ReadonlySet<string> {
  const names = tokens.flatMap((token, index) => {
    const isCalled = isToken(tokens[index + 1], '.') && isToken(tokens[index + 3], '(')
    return token.kind === 'name' && isCalled ? [nameOf(token) ?? ''] : []
  })
  return new Set(names.filter((name) => known.packages.has(name)))
}

/** Functions that sql_mode ORACLE, without which no name is looked up in a package, gives another meaning. */
const functionsOfOracle = [
  ...['concat', 'length', 'lpad', 'rpad', 'ltrim', 'rtrim', 'trim'],
  ...['replace', 'regexp_replace', 'substr', 'substring'],
]

function withPlainFunctions(tokens: readonly Token[]): readonly Token[] {
  return tokens.map((token, index) => {
    const isCalled = isToken(tokens[index + 1], '(') && !isToken(tokens[index - 1], '.')
    const isOther = isCalled && functionsOfOracle.some((name) => isToken(token, name))
    return isOther ? { ...token, text: `mariadb_schema.${token.text}` } : token
  })
}

function withoutOwnDatabase(
  tokens: readonly Token[],
  relations: ReadonlySet<Token>,
  database: string,
): readonly Token[] {
  const dropped = new Set(ownNames(tokens, relations, database).flatMap((at) => [at, at + 1]))
  return tokens.filter((_, index) => !dropped.has(index))
}

/** The first name of each table or view that is selected from: behind FROM, JOIN or a bracket that opens after these. */
function relationsOf(tokens: readonly Token[]): ReadonlySet<Token> {
  const relations = new Set<Token>()
  let expectsRelation = false
  for (const token of tokens.filter(({ kind }) => kind !== 'space')) {
    if (expectsRelation && token.kind === 'name') relations.add(token)
    const opens: boolean = isToken(token, '(') && expectsRelation
    expectsRelation =
      opens || ['FROM', 'JOIN', 'STRAIGHT_JOIN'].some((word) => isToken(token, word))
  }
  return relations
}

/** Functions stand before `(`; what is left with a dot behind it lies in another database. */
function dependencies(view: string, tokens: readonly Token[], known: KnownNames): ObjectKey[] {
  const words = tokens.filter((token) => token.kind !== 'space')
  const selected = relationsOf(tokens)
  const relations = new Set<string>()
  const functions = new Set<string>()
  words.forEach((token, index) => {
    const name = token.kind === 'name' ? nameOf(token) : undefined
    const next = words[index + 1]
    if (name === undefined) return
    if (isToken(next, '(')) functions.add(name)
    if (selected.has(token) && !isToken(next, '.')) relations.add(name)
  })
  relations.delete(view)
  return [
    ...keys('function', functions, known.functions),
    ...keys('sequence', relations, known.sequences),
    ...keys('table', relations, known.tables),
    ...keys('view', relations, known.views),
  ]
}

function keys(
  kind: ObjectKey['kind'],
  names: ReadonlySet<string>,
  known: ReadonlySet<string>,
): ObjectKey[] {
  return [...names]
    .filter((name) => known.has(name))
    .toSorted()
    .map((name) => ({ kind, name }))
}

const clauses = [
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'UNION',
  'EXCEPT',
  'INTERSECT',
]

/** One selected column and one clause a line: the server writes a view as one line. White space means nothing here. */
function onLines(tokens: readonly Token[]): readonly Token[] {
  let depth = 0
  let selecting = false
  return tokens.map((token, index): Token => {
    depth += depthChange(token)
    if (depth !== 0) return token
    const next = tokens[index + 1]
    if (token.kind !== 'space') {
      selecting ||= isToken(token, 'SELECT')
      return isToken(token, ',') && next?.kind !== 'space' ? { ...token, text: ',\n  ' } : token
    }
    if (isToken(next, 'SELECT') && !selecting) return { ...token, text: '\n' }
    if (!selecting) return token
    return clauses.some((clause) => isToken(next, clause)) ? { ...token, text: '\n' } : token
  })
}
