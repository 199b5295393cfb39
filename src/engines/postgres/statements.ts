/** Everything within which a semicolon ends nothing, and the semicolon itself. */
const token =
  /--[^\n]*|\b[Ee]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$|[();]|[^-'"$();Ee]+|[\s\S]/g

/**
 * The statements of SQL text as the catalog files write it (no nested comments, no BEGIN ATOMIC), each with its semicolon
 * and without white space around it; a rule's actions stand within parentheses.
 */
export function splitStatements(sql: string): readonly string[] {
  const statements: string[] = []
  let start = 0
  let depth = 0
  for (const { 0: text, index } of sql.matchAll(token)) {
    if (text === '(') depth += 1
    else if (text === ')') depth -= 1
    else if (text === ';' && depth === 0) {
      statements.push(sql.slice(start, index + 1).trim())
      start = index + 1
    }
  }
  const rest = sql.slice(start).trim()
  return rest === '' ? statements : [...statements, rest]
}

const foreignKey =
  /^ALTER TABLE (?:ONLY )?(?<table>(?:"(?:[^"]|"")+"|[^\s"])+) ADD (?<definition>CONSTRAINT (?<constraint>"(?:[^"]|"")+"|[^\s"]+) FOREIGN KEY \([\s\S]*);$/

/** A statement that adds a foreign key, taken apart; table and constraint are quoted where SQL needs it. */
export interface ForeignKeyStatement {
  readonly statement: string
  readonly table: string
  readonly constraint: string
  /** `CONSTRAINT … FOREIGN KEY …`, for any table with the same columns. */
  readonly definition: string
}

/** The statement as one that adds a foreign key; undefined when it does something else. */
export function asForeignKey(statement: string): ForeignKeyStatement | undefined {
  const { table, constraint, definition } = foreignKey.exec(statement)?.groups ?? {}
  if (table === undefined || constraint === undefined || definition === undefined) return undefined
  return { statement, table, constraint, definition }
}

/** Whether the server looks at the rows when it adds the key. */
export function checksRows({ definition }: ForeignKeyStatement): boolean {
  return !/ NOT (?:VALID|ENFORCED)$/.test(definition)
}
