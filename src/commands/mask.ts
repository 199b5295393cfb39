import { createHmac } from 'node:crypto'
import { tableText, type CategoryProblem } from '../config/categories.ts'
import { compileMask, type Mask, type MaskEntry, type MaskMatcher } from '../config/mask.ts'
import { maskTexts } from '../engines/mask-text.ts'
import { DoesNotFit, type NeutralTexts } from '../engines/neutral.ts'
import { ExpectedError, exitStatus } from '../errors.ts'
import type { TableMask } from '../files/mask-rows.ts'
import type { Column, DbObject, Schema, Table } from '../model.ts'
import { whyUnmaskable } from './mask-refusal.ts'
import { definitionsOf } from './other-engine.ts'
import { isTable, keyText, type ObjectCategories } from './selection.ts'

/** The masks of a configuration held against the tables of a database. */
export interface MaskPlan {
  /** By the key of the table; tables without masks are missing. */
  readonly tables: ReadonlyMap<string, PlannedTable>
  /** What the entries say that does not fit this database. */
  readonly problems: readonly CategoryProblem[]
}

interface PlannedTable {
  readonly table: Table
  readonly columns: ReadonlyMap<string, Mask>
}

interface PlanRequest {
  readonly schema: Schema
  readonly categories: ObjectCategories
  readonly entries: readonly MaskEntry[]
  readonly neutral: NeutralTexts
}

/** What stands for a digest until there is a key. */
const sampleDigest = 'a'.repeat(64)

/**
 * Which columns of the tables whose rows go to the backup directory are masked. Throws ExpectedError `mask-refused` (status
 * 78) that names every entry which can't be followed: nothing may be written then.
 */
export function planMasks(request: PlanRequest): MaskPlan {
  const { schema, entries } = request
  if (entries.length === 0) return { tables: new Map(), problems: [] }
  const matchers = entries.map(compileMask)
  const tables = schema.objects.filter(isTable)
  const families = new Map(tables.map((table) => [table, familyOf(table, schema.objects)]))
  const claims = tables.flatMap((table) =>
    table.columns.map((column) => {
      const names = families.get(table) ?? [table]
      return { table, column, entries: claimsOn(names, column, matchers) }
    }),
  )
  const isShared = ({ table, column }: Claim) => isGlobal(table, request) && !column.generated
  const shared = claims.filter((claim) => claim.entries.length > 0 && isShared(claim))
  const refusals = [
    ...shared.flatMap((claim) => refusalsOf(claim, request)),
    ...matchers.flatMap((matcher) => missingColumns(matcher, claims, request)),
  ]
  if (refusals.length > 0) throw refused(refusals)
  const planned = Map.groupBy(shared, ({ table }) => keyText(table))
  return {
    tables: new Map([...planned].flatMap(([key, same]) => plannedTable(key, same))),
    problems: matchers.flatMap((matcher) => problemsOf(matcher, claims, isShared)),
  }
}

/** The masks as they are applied; `key` keys the digests. */
export function tableMasks(
  { tables }: MaskPlan,
  { schema, neutral }: Pick<PlanRequest, 'schema' | 'neutral'>,
  key: Uint8Array,
): (table: Table) => TableMask | undefined {
  const masks = new Map(
    [...tables].map(([text, { table, columns }]): [string, TableMask] => {
      const digest = (value: string) => createHmac('sha256', key).update(value).digest('hex')
      const stored = table.columns.flatMap((column) => {
        const mask = columns.get(column.name)
        return mask === undefined ? [] : [{ column, mask }]
      })
      return [
        text,
        {
          columns: stored.map(({ column: { name }, mask }) => ({ name, mask: mask.kind })),
          cells: new Map(
            stored.map(({ column, mask }) => [
              column.name,
              cellOf(mask, digest, { table, column, schema, neutral }),
            ]),
          ),
        },
      ]
    }),
  )
  return (table) => masks.get(keyText(table))
}

/** Whether a plan needs a key. */
export function needsKey({ tables }: MaskPlan): boolean {
  return [...tables.values()].some(({ columns }) =>
    [...columns.values()].some(({ kind }) => kind === 'hash'),
  )
}

interface Claim {
  readonly table: Table
  readonly column: Column
  /** The strongest entries that name the column: names before patterns. */
  readonly entries: readonly MaskEntry[]
}

/** A table and those whose partition it is. */
function familyOf(table: Table, objects: readonly DbObject[]): readonly Table[] {
  const { partitionOf } = table
  const parent =
    partitionOf === undefined
      ? undefined
      : objects.filter(isTable).find((each) => keyText(each) === keyText(partitionOf))
  return parent === undefined ? [table] : [table, ...familyOf(parent, objects)]
}

function claimsOn(
  family: readonly Table[],
  column: Column,
  matchers: readonly MaskMatcher[],
): readonly MaskEntry[] {
  const found = matchers.flatMap((matcher) => {
    const matches = family.map((table) => matcher.column(table, column.name))
    const match = matches.includes('name') ? 'name' : matches.find((each) => each !== undefined)
    return match === undefined ? [] : [{ entry: matcher.entry, match }]
  })
  const names = found.filter(({ match }) => match === 'name')
  return (names.length > 0 ? names : found).map(({ entry }) => entry)
}

function isGlobal(table: Table, { categories }: PlanRequest): boolean {
  return table.hasRows && categories.get(keyText(table)) === 'global'
}

function plannedTable(key: string, claims: readonly Claim[]): readonly [string, PlannedTable][] {
  const [first] = claims
  if (first === undefined) return []
  const columns = claims.flatMap(({ column, entries: [entry] }): [string, Mask][] =>
    entry === undefined ? [] : [[column.name, entry.mask]],
  )
  return [[key, { table: first.table, columns: new Map(columns) }]]
}

interface CellRequest extends Pick<PlanRequest, 'schema' | 'neutral'> {
  readonly table: Table
  readonly column: Column
}

function cellOf(
  mask: Mask,
  digest: (value: string) => string,
  { table, column, schema, neutral }: CellRequest,
): (text: string) => string | null {
  if (mask.kind === 'null') return () => null
  const definition = definitionsOf(table, schema.objects).get(column.name) ?? column.type
  const texts = maskTexts(neutral, { definition, objects: schema.objects }, column.type)
  if (mask.kind === 'hash') return (text) => texts.digest(digest(text))
  const constant = texts.text(mask.text)
  return () => constant
}

interface Refusal {
  readonly where: string
  readonly message: string
}

function refusalsOf(claim: Claim, request: PlanRequest): readonly Refusal[] {
  const { table, column, entries } = claim
  const [first, ...others] = entries
  if (first === undefined) return []
  const name = `${tableText(table)}.${column.name}`
  const contrary = others.find(({ mask }) => JSON.stringify(mask) !== JSON.stringify(first.mask))
  if (contrary !== undefined) {
    const message = `"${name}" is masked otherwise by ${first.where}; name it in one entry of its own.`
    return [{ where: contrary.where, message }]
  }
  const definition = definitionsOf(table, request.schema.objects).get(column.name) ?? ''
  const why =
    whyUnmaskable(first.mask, { table, column: column.name, definition }) ??
    copiedBy(table, request) ??
    misfit(first.mask, { table, column, ...request })
  if (why === undefined) return []
  return [
    { where: first.where, message: `"${name}" can't be masked (${first.mask.kind}): ${why}.` },
  ]
}

/** Another table whose rows hold the same values and come into the backup directory. */
function copiedBy(table: Table, request: PlanRequest): string | undefined {
  const copy = request.schema.objects.find(
    (object) =>
      isTable(object) &&
      isGlobal(object, request) &&
      object.holdsRowsOf?.some((held) => keyText(held) === keyText(table)) === true,
  )
  return (
    copy && `the rows of ${tableText(copy)}, which are written as they are, hold its values, too`
  )
}

function misfit(mask: Mask, request: CellRequest): string | undefined {
  try {
    cellOf(mask, () => sampleDigest, request)('')
    return undefined
  } catch (error) {
    if (!(error instanceof DoesNotFit)) throw error
    const { type } = request.column
    return `the mask ${error.message}, and the column is of ${type === '' ? 'no type' : type}`
  }
}

/** A column that was renamed must not be written as it is: the entry fails where its table is there. */
function missingColumns(
  matcher: MaskMatcher,
  claims: readonly Claim[],
  request: PlanRequest,
): readonly Refusal[] {
  const { text, where } = matcher.entry
  if (claims.some(({ table, column }) => matcher.column(table, column.name) !== undefined))
    return []
  const tables = request.schema.objects.filter(isTable)
  const table = tables.find(
    (each) => request.categories.get(keyText(each)) === 'global' && matcher.namesTable(each),
  )
  if (table === undefined) return []
  return [{ where, message: `\`mask\` names "${text}": ${tableText(table)} has no such column.` }]
}

function problemsOf(
  matcher: MaskMatcher,
  claims: readonly Claim[],
  isShared: (claim: Claim) => boolean,
): readonly CategoryProblem[] {
  const { text, where } = matcher.entry
  const named = claims.filter(({ table, column }) => matcher.column(table, column.name))
  if (named.length === 0) {
    // The code under which entries of lists that several databases share are told once.
    const message = `\`mask\` names the column "${text}", which does not exist.`
    const next = 'Remove it from `mask`, or correct its name: what has no mask is written as it is.'
    return [{ code: 'unknown-table', where, message, next }]
  }
  const byName = named.filter(
    ({ table, column }) => matcher.column(table, column.name) === 'name' && table.hasRows,
  )
  if (byName.length === 0 || named.some(isShared)) return []
  const isComputed = byName.every(({ column }) => column.generated)
  const why = isComputed
    ? 'its values are computed, and never in the files'
    : 'its table is not `global`: no row of it comes into the backup directory, and masks are for nothing else'
  return [
    {
      code: 'mask-without-effect',
      where,
      message: `\`mask\` names "${text}", which masks nothing: ${why}.`,
      next: 'Remove it from `mask`.',
    },
  ]
}

function refused(refusals: readonly Refusal[]): ExpectedError {
  const sorted = refusals.toSorted((one, other) => lineOf(one) - lineOf(other))
  const lines = new Set(sorted.map(({ where, message }) => `${where}: ${message}`))
  return new ExpectedError(
    'mask-refused',
    [...lines].join('\n'),
    'Choose another mask, or put the table into `local`; nothing was written.',
    { status: exitStatus.configuration },
  )
}

function lineOf({ where }: Refusal): number {
  return Number(/:(\d+):\d+$/.exec(where)?.[1] ?? 0)
}
