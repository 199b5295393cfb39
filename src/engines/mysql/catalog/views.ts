import type { DbObject, NotCaptured, ObjectKey } from '../../../model.ts'
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
import { changedWhileReading, describeAll, isVanished, notShown } from './describe.ts'
import type { ListedTable } from './list.ts'
import { characterSettings, withSettings } from './programs.ts'

/** Names of the database's objects that a view can need. */
export interface KnownNames {
  readonly views: ReadonlySet<string>
  readonly tables: ReadonlySet<string>
  readonly sequences: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
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
  const described = await describeAll(
    client,
    listed,
    (view) => `SHOW CREATE VIEW ${quoteName(view.name)}`,
  )
  const broken = await findBroken(client, listed)
  const views: DbObject[] = []
  const notCaptured: NotCaptured[] = []
  for (const { item, record, refusal } of described) {
    if (isVanished(refusal)) throw changedWhileReading(`View ${item.name}`)
    const view = record === undefined ? undefined : viewOf(item.name, record, server, known)
    if (view === undefined) {
      const help = `GRANT SELECT, SHOW VIEW ON ${quoteName(server.database)}.* TO the account.`
      notCaptured.push(notShown('view', item.name, help, refusal))
    } else views.push(broken.has(item.name) ? { ...view, sql: brokenNote + view.sql } : view)
  }
  const warnings = [...broken].map(
    ([name, reason]) => `view ${name} is broken and can't be used or restored: ${reason}`,
  )
  return { views, notCaptured, warnings }
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
      refusal === undefined ? [] : [[item.name, refusal.message]],
    ),
  )
}

function viewOf(
  name: string,
  record: TextRecord,
  server: Server,
  known: KnownNames,
): DbObject | undefined {
  const { character_set_client: client, collation_connection: collation } = record
  const text = record['Create View']
  if (typeof text !== 'string' || text === '' || typeof client !== 'string') return undefined
  const unqualified = withoutOwnDatabase(tokenize(text), server.database)
  const { tokens, sequences } = withoutSequenceDatabase(unqualified, server.database)
  const packages = packagesIn(tokens, known)
  const statement = onLines(packages.size === 0 ? tokens : withPlainFunctions(tokens))
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
      `${statement};\n`,
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

/**
 * A healthy view of one database names no database; a broken one writes `database`.`table`.`column`, and so does one
 * that looks into other databases, too, which writes `database`.`table` behind FROM.
 */
function withoutOwnDatabase(tokens: readonly Token[], database: string): readonly Token[] {
  const dropped = new Set<Token>()
  const relations = relationsOf(tokens)
  tokens.forEach((token, index) => {
    const dot = tokens[index + 1]
    const isFirst = !isToken(tokens[index - 1], '.') && nameOf(token) === database
    if (token.kind !== 'name' || !isFirst || dot === undefined || !isToken(dot, '.')) return
    const ofThree = isToken(tokens[index + 3], '.')
    const ofCall = isToken(tokens[index + 3], '(')
    if (ofThree || ofCall || relations.has(token)) dropped.add(token).add(dot)
  })
  return tokens.filter((token) => !dropped.has(token))
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
function onLines(tokens: readonly Token[]): string {
  let depth = 0
  let selecting = false
  const placed = tokens.map((token, index): Token => {
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
  return joinTokens(placed)
}
