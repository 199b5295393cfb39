import { quoteText } from '../lexer.ts'

/** A stored program as SHOW CREATE gives it: its text means something only together with the settings. */
export interface StoredProgram {
  readonly statement: string
  readonly sqlMode: string
  readonly characterSetClient: string
  readonly collationConnection: string
  /** The default collation of the database when the program was made. */
  readonly databaseCollation: string
  /** Of an event: the zone of its times. */
  readonly timeZone?: string
}

/** A view's own settings. */
export type ViewSettings = Pick<StoredProgram, 'characterSetClient' | 'collationConnection'>

/**
 * The statements by which the vendor's client (`--binary-mode --comments`) makes the program again, under the
 * settings that it was made under; the session's own are put back.
 */
export function programSql(program: StoredProgram, databaseCollation: string): string {
  const settings = {
    sql_mode: quoteText(program.sqlMode),
    ...characterSettings(program.statement, program),
    ...(program.timeZone === undefined ? {} : { time_zone: quoteText(program.timeZone) }),
  }
  const body = delimited(program.statement)
  return withDatabaseCollation(withSettings(settings, body), program, databaseCollation)
}

/**
 * An event whose time is over is dropped or switched off by the server when it is made, unless that is made in a moment
 * before; where the scheduler runs, it would then be run, so there the server shall drop it.
 */
export function beforeItEnds(sql: string): string {
  return `-- After its end the server would not keep it: it is made as if long ago, where no scheduler would run it now.
SET timestamp = IF(@@event_scheduler = 'ON', unix_timestamp(sysdate()), 1);
${sql}SET timestamp = DEFAULT;
`
}

/** The server writes a comment with backslashes, also where the program's sql_mode makes these mean themselves. */
export function withExactComment(program: StoredProgram, comment: string): StoredProgram {
  const { sqlMode, statement } = program
  if (!sqlMode.split(',').includes('NO_BACKSLASH_ESCAPES') || comment === '') return program
  const exact = `'${comment.replaceAll("'", "''")}'`
  const written = /\bCOMMENT '(?:[^'\\]|\\[\s\S]|'')*'/
  return { ...program, statement: statement.replace(written, () => `COMMENT ${exact}`) }
}

/** A statement that may hold `;`, between the client's lines that change what ends a statement. */
export function delimited(statement: string): string {
  const delimiter = delimiterFor(statement)
  return `DELIMITER ${delimiter}\n${statement}\n${delimiter}\nDELIMITER ;\n`
}

/** A statement between the lines that set session variables (value as SQL) and put them back. */
export function withSettings(settings: Readonly<Record<string, string>>, sql: string): string {
  const names = Object.keys(settings)
  if (names.length === 0) return sql
  const saved = names.map((name) => `@saved_${name} = @@${name}`).join(', ')
  const set = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  const restored = names.map((name) => `${name} = @saved_${name}`).join(', ')
  return `SET ${saved};\nSET ${set.join(', ')};\n${sql}SET ${restored};\n`
}

/** The character set and collation of the client that made a view or program. */
export function characterSettings(
  statement: string,
  settings: ViewSettings,
): Record<string, string> {
  return {
    character_set_client: transportable(statement, settings.characterSetClient),
    collation_connection: settings.collationConnection,
  }
}

/**
 * The files are UTF-8. Text of ASCII alone is the same in every client character set; other text is sent as
 * utf8mb4, whatever its author's client used: literals still get the character set of collation_connection.
 */
function transportable(statement: string, characterSet: string): string {
  const isAscii = /^[\0-\x7f]*$/.test(statement)
  return isAscii || /^utf8(?:mb3|mb4)?$/.test(characterSet) ? characterSet : 'utf8mb4'
}

/** Views or programs whose client's character set a restore does not bring back, by name. */
export function recodedWarnings(
  kind: string,
  made: readonly { readonly name: string; readonly statement: string; readonly client: string }[],
): readonly string[] {
  return made
    .filter(({ statement, client }) => transportable(statement, client) !== client)
    .map(
      ({ name, client }) =>
        `${kind} ${name} holds characters beyond ASCII and was made by a client that used ${client}: a restore makes it as one that uses utf8mb4 does`,
    )
}

function delimiterFor(statement: string): string {
  const candidates = [';;', '$$', '//', '%%', '||']
  const free = candidates.find((candidate) => !statement.includes(candidate))
  if (free !== undefined) return free
  let longer = ';;'
  while (statement.includes(longer)) longer += '$'
  return longer
}

function withDatabaseCollation(
  sql: string,
  { databaseCollation: wanted }: StoredProgram,
  current: string,
): string {
  if (wanted === current) return sql
  return `ALTER DATABASE COLLATE = ${wanted};\n${sql}ALTER DATABASE COLLATE = ${current};\n`
}
