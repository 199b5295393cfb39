import type { DbObject } from '../model.ts'

/**
 * A value that is not NULL between two engines: what its text in the files means, without any engine's way to write it.
 * Times with a zone are in UTC on every engine's files, so that none has to be kept.
 */
export type Neutral =
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Decimal digits without an exponent, exactly as many as there are: `-12.50`; or `-0`, `NaN`, `Infinity`, `-Infinity`. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** Hexadecimal digits, lower case. */
  | { readonly kind: 'bytes'; readonly hexadecimal: string }
  /** `YYYY-MM-DD`, `[-]HH:MM:SS[.f]` or `YYYY-MM-DD HH:MM:SS[.f]`, of the calendar, the fraction without zeros at its end. */
  | { readonly kind: 'date' | 'time' | 'timestamp'; readonly text: string }
  /** Lower case, with hyphens. */
  | { readonly kind: 'uuid'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly (string | null)[] }

/** Thrown by a reader or writer: why a value can't be taken over. The message goes on after the value: `is no date`. */
export class DoesNotFit extends Error {}

/** What a column can hold. */
export interface ColumnType {
  /** The type with whatever follows it in the CREATE TABLE statement; blanks may stand between its parts. */
  readonly definition: string
  /** The objects of the column's database: a type can be one of them. */
  readonly objects: readonly DbObject[]
}

/** How an engine's cell texts (docs/format.md) become neutral values and are made of them. */
export interface NeutralTexts {
  /** Cell text → value; the function throws DoesNotFit for what no other engine could take. */
  reader(type: ColumnType): (text: string) => Neutral
  /** Value → cell text that `Target.load` takes; the function throws DoesNotFit rather than change a value. */
  writer(type: ColumnType): (value: Neutral) => string
  /** Statements that put a table's own counters behind its largest keys; undefined where the engine does it on its own. */
  countersBehindRows(table: DbObject): string | undefined
}
