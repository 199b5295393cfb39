import { ExpectedError } from '../../errors.ts'
import type { DbObject, ObjectKey } from '../../model.ts'
import { isToken, joinTokens, tokenize } from './lexer.ts'
import { splitStatements } from './split.ts'

/** A person's name of an object: `view staff_list`. */
export function nameOfObject({ kind, name }: ObjectKey): string {
  return kind === 'database' ? "The database's settings" : `${kind} ${name}`
}

const brokenNote = '-- This view was broken when it was saved'

/** Throws `not-restorable` for a view that no server would make: nothing says what its columns are. */
export function mustBeRestorable(object: DbObject): void {
  if (object.kind !== 'view' || !object.sql.startsWith(brokenNote)) return
  throw new ExpectedError(
    'not-restorable',
    `The ${nameOfObject(object)} was broken when it was saved (it needs something that did not exist), so the server can't make it.`,
    'Restore without it, or mend or drop it in the original and take a snapshot.',
  )
}

/** The statements of an event, with it switched off: it may not run in a scratch database. */
export function switchedOff(sql: string): readonly string[] {
  return splitStatements(sql).map((statement) => {
    const tokens = tokenize(statement)
    const start = tokens.findIndex((token) => isToken(token, 'DO'))
    const status = tokens.findLastIndex((token, index) => index < start && isToken(token, 'ENABLE'))
    if (start < 0 || status < 0) return statement
    return joinTokens(
      tokens.map((token, index) => (index === status ? { ...token, text: 'DISABLE' } : token)),
    )
  })
}
