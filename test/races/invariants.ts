import type { SnapshotInFiles, TableInFiles } from './file-reader.ts'
import { totalBalance, wholeRows, type Dialect } from './workload.ts'

/** Tables that are there in every snapshot. */
const lasting = ['accounts', 'savings', 'parents', 'kids', 'refilled', 'rewritten', 'states']

/** What a snapshot's files say that was true at no moment; empty when there was one. */
export function violationsOf(files: SnapshotInFiles, dialect: Dialect): string[] {
  return [
    ...wholeness(files),
    ...balances(files),
    ...families(files),
    ...generations(files),
    ...names(files, dialect),
    ...addedColumns(files),
  ]
}

const rowsOf = (files: SnapshotInFiles, name: string): readonly string[][] =>
  files.tables.get(name)?.rows?.lines ?? []

/** The numbers in one column, by its name in the header. */
function numbersOf(files: SnapshotInFiles, name: string, column: string): number[] {
  const place = files.tables.get(name)?.rows?.header.indexOf(column) ?? -1
  return rowsOf(files, name).map((cells) => Number(cells[place]))
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

function wholeness({ tables }: SnapshotInFiles): string[] {
  const missing = lasting.filter((name) => !tables.has(name))
  const wanted = [...tables].filter(([name]) => /^(?!next_|other_|reborn_)/.test(name))
  return [
    ...missing.map((name) => `${name} is missing`),
    ...wanted.flatMap(([name, table]) => disagreements(name, table)),
  ]
}

function disagreements(name: string, { columns, rows }: TableInFiles): string[] {
  if (rows === undefined) return [`${name} has no rows' file`]
  const ragged = rows.lines.some((cells) => cells.length !== rows.header.length)
  return [
    ...(rows.header.join() === columns.join()
      ? []
      : [`${name} has the columns ${columns.join()} and rows of ${rows.header.join()}`]),
    ...(ragged ? [`${name} has rows of several lengths`] : []),
  ]
}

function balances(files: SnapshotInFiles): string[] {
  const found = sum(['accounts', 'savings'].flatMap((name) => numbersOf(files, name, 'balance')))
  return found === totalBalance ? [] : [`the balances are ${found}, not ${totalBalance}`]
}

function families(files: SnapshotInFiles): string[] {
  const counts = new Map<number, number>()
  for (const parent of numbersOf(files, 'kids', 'parent')) {
    counts.set(parent, (counts.get(parent) ?? 0) + 1)
  }
  const ids = numbersOf(files, 'parents', 'id')
  const told = numbersOf(files, 'parents', 'children')
  const wrong = ids.filter((id, index) => told[index] !== (counts.get(id) ?? 0))
  return wrong.length === 0 && ids.length === wholeRows
    ? []
    : [`parents ${wrong.join()} of ${ids.length} have other numbers of children than they say`]
}

function generations(files: SnapshotInFiles): string[] {
  const state = Number(rowsOf(files, 'states').find(([name]) => name === 'refilled')?.[1])
  const refilled = numbersOf(files, 'refilled', 'generation')
  const isEmptied = state === 0 && refilled.length === 0
  // While the writer says 0, the rows are those of before.
  const expected = state === 0 ? refilled[0] : state
  return [
    ...(isEmptied || isWhole(refilled, expected)
      ? []
      : [`refilled has ${refilled.length} rows of ${refilled[0]}, its state is ${state}`]),
    ...wholeTable(files, 'reborn', 'generation'),
    ...wholeTable(files, 'rewritten', 'value', 7),
  ]
}

function isWhole(values: readonly number[], expected = values[0]): boolean {
  return values.length === wholeRows && values.every((value) => value === expected)
}

/** A table that is there has all of its rows, and all of one time. */
function wholeTable(
  files: SnapshotInFiles,
  name: string,
  column: string,
  expected?: number,
): string[] {
  if (!files.tables.has(name)) return []
  const values = numbersOf(files, name, column)
  return isWhole(values, expected) ? [] : [`${name} has ${values.length} rows: ${values.join()}`]
}

function names(files: SnapshotInFiles, dialect: Dialect): string[] {
  const roving = [...files.tables.keys()].filter((name) => name.startsWith('roving_'))
  const [name = 'none'] = roving
  const state = rowsOf(files, 'states').find(([key]) => key === 'roving')?.[1] ?? ''
  const view = files.views.get('overview') ?? ''
  return [
    ...(roving.length === 1 ? [] : [`the renamed table is there as ${roving.join() || 'nothing'}`]),
    ...wholeTable(files, name, 'value', 3),
    ...(dialect === 'mysql' || name === `roving_${state}` ? [] : [`${name} should be ${state}`]),
    ...(dialect === 'mysql' || view.includes(name) ? [] : [`the view reads not ${name}: ${view}`]),
  ]
}

/** The column c_7 holds 7 in every row. */
function addedColumns(files: SnapshotInFiles): string[] {
  const added = files.tables.get('accounts')?.columns.filter((name) => name.startsWith('c_')) ?? []
  return added
    .filter((name) => !isWhole(numbersOf(files, 'accounts', name), Number(name.slice(2))))
    .map((name) => `column ${name} of accounts holds ${numbersOf(files, 'accounts', name).join()}`)
}
