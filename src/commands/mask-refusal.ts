import type { Mask } from '../config/mask.ts'
import type { Table } from '../model.ts'

/** A column that is to be masked; `definition` is what follows its name in the CREATE TABLE statement. */
interface MaskedColumnFacts {
  readonly table: Table
  readonly column: string
  readonly definition: string
}

/**
 * Why rows with this mask could not be told from one another, ordered or restored, by what the table's definition says; the
 * sentence goes on after a colon. Undefined when nothing speaks against it.
 */
export function whyUnmaskable(mask: Mask, facts: MaskedColumnFacts): string | undefined {
  const { table, column, definition } = facts
  if (table.orderBy.length === 0) {
    return 'its table has no key, so that the order of the rows would tell the order of the values'
  }
  if (table.orderBy.includes(column) || has(definition, 'PRIMARY KEY')) {
    return 'it belongs to the key that tells the rows from one another'
  }
  if (mask.kind === 'null' && isNotNull(facts)) return 'it is NOT NULL'
  if (mask.kind === 'text' && isUnique(facts)) return 'it is unique, and all rows would be the same'
  return undefined
}

function isNotNull({ table, column, definition }: MaskedColumnFacts): boolean {
  if (has(definition, 'NOT NULL')) return true
  // A table constraint: CONSTRAINT x NOT NULL email.
  return linesOf(table).some(
    (line) => has(line, `NOT NULL ${column}`) || has(line, `NOT NULL "${column}"`),
  )
}

/** Whether a unique key or index names the column; one over several columns may be unique with a constant in it or not. */
function isUnique({ table, column, definition }: MaskedColumnFacts): boolean {
  if (has(definition, 'UNIQUE')) return true
  const word = new RegExp(String.raw`(?<![\p{L}\p{N}_$])${literal(column)}(?![\p{L}\p{N}_$])`, 'u')
  return linesOf(table).some((line) => {
    const [, columns] = /\bUNIQUE\b([\s\S]*)$/i.exec(line) ?? []
    return columns !== undefined && word.test(columns.slice(columns.indexOf('(')))
  })
}

function linesOf({ sql, sqlAfterRows = '' }: Table): readonly string[] {
  return `${sql}\n${sqlAfterRows}`.split('\n')
}

function has(text: string, words: string): boolean {
  const pattern = words
    .split(' ')
    .map((word) => literal(word))
    .join(String.raw`\s+`)
  const plain = text.replaceAll(/'(?:[^'\\]|\\.|'')*'/gs, "''")
  return new RegExp(String.raw`(?<![\w$])${pattern}(?![\w$])`, 'i').test(plain)
}

/** A text as a pattern that matches it alone. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|\-/]/g, String.raw`\$&`)
}
