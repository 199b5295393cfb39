import { rowsOf, type Dialect, type Step, type Writer } from './workload.ts'

/** What an upheaver remembers between its steps. */
interface World {
  readonly dialect: Dialect
  generation: number
  roving: number
  lastColumn: number
  readonly columns: number[]
  hasReborn: boolean
  hasIndex: boolean
  isWide: boolean
}

type Upheaval = (world: World) => Step

/** One transaction, where the product can. */
function step(world: World, statements: readonly string[], done?: () => void): Step {
  const transaction = world.dialect !== 'mysql'
  return { statements, transaction, ...(done === undefined ? {} : { done }) }
}

/** Emptied and filled again. Where TRUNCATE is a transaction of its own, a line of `states` says 0 meanwhile. */
const refill: Upheaval = (world) => {
  const generation = world.generation + 1
  const fill = `INSERT INTO refilled VALUES ${rowsOf(generation)}`
  const note = (value: number) => `UPDATE states SET value = ${value} WHERE name = 'refilled'`
  const empty = world.dialect === 'sqlite' ? 'DELETE FROM refilled' : 'TRUNCATE TABLE refilled'
  const statements =
    world.dialect === 'mysql'
      ? [note(0), empty, `BEGIN; ${fill}; ${note(generation)}; COMMIT`]
      : [empty, fill, note(generation)]
  return step(world, statements, () => {
    world.generation = generation
  })
}

/** Dropped, made again, or exchanged for another one; whole whenever it is there. */
const rebirth: Upheaval = (world) => {
  const generation = world.generation + 1
  const make = (name: string) =>
    `CREATE TABLE ${name} (id integer PRIMARY KEY, generation integer NOT NULL)`
  const fill = (name: string) => `INSERT INTO ${name} VALUES ${rowsOf(generation)}`
  const { hasReborn, dialect } = world
  const done = (there: boolean) => () => {
    world.generation = generation
    world.hasReborn = there
  }
  if (hasReborn && generation % 3 === 0)
    return step(world, ['DROP TABLE IF EXISTS reborn'], done(false))
  if (dialect !== 'mysql') {
    const drop = hasReborn ? ['DROP TABLE reborn'] : []
    return step(world, [...drop, make('reborn'), fill('reborn')], done(true))
  }
  const exchange = hasReborn
    ? 'reborn TO reborn_old, next_reborn TO reborn'
    : 'next_reborn TO reborn'
  return step(
    world,
    [
      'DROP TABLE IF EXISTS next_reborn, reborn_old',
      make('next_reborn'),
      fill('next_reborn'),
      `RENAME TABLE ${exchange}`,
      'DROP TABLE IF EXISTS reborn_old',
    ],
    done(true),
  )
}

const rename: Upheaval = (world) => {
  const [from, to] = [world.roving, world.roving + 1]
  const note =
    world.dialect === 'mysql' ? [] : [`UPDATE states SET value = ${to} WHERE name = 'roving'`]
  return step(world, [`ALTER TABLE roving_${from} RENAME TO roving_${to}`, ...note], () => {
    world.roving = to
  })
}

const rewrite: Upheaval = (world) => {
  const type = world.isWide ? 'integer' : 'bigint'
  const statements = {
    postgres: [`ALTER TABLE rewritten ALTER COLUMN value TYPE ${type}`],
    mysql: [`ALTER TABLE rewritten MODIFY value ${type} NOT NULL`],
    sqlite: [
      `CREATE TABLE other_rewritten (id integer PRIMARY KEY, value ${type} NOT NULL)`,
      'INSERT INTO other_rewritten SELECT id, value FROM rewritten',
      'DROP TABLE rewritten',
      'ALTER TABLE other_rewritten RENAME TO rewritten',
    ],
  }
  return step(world, statements[world.dialect], () => {
    world.isWide = !world.isWide
  })
}

/** Columns come with a value that their name tells, and go. */
const column: Upheaval = (world) => {
  const [oldest] = world.columns
  if (oldest !== undefined && world.columns.length > 2) {
    return step(world, [`ALTER TABLE accounts DROP COLUMN c_${oldest}`], () =>
      world.columns.shift(),
    )
  }
  const number = world.lastColumn + 1
  const instantly = world.dialect === 'mysql' ? ', ALGORITHM=INSTANT' : ''
  return step(
    world,
    [`ALTER TABLE accounts ADD COLUMN c_${number} integer NOT NULL DEFAULT ${number}${instantly}`],
    () => {
      world.lastColumn = number
      world.columns.push(number)
    },
  )
}

const index: Upheaval = (world) => {
  const drop = world.dialect === 'mysql' ? 'DROP INDEX by_parent ON kids' : 'DROP INDEX by_parent'
  const words = world.hasIndex ? drop : 'CREATE INDEX by_parent ON kids (parent)'
  return step(world, [words], () => {
    world.hasIndex = !world.hasIndex
  })
}

const view: Upheaval = (world) => {
  const source = world.dialect === 'mysql' ? 'rewritten' : `roving_${world.roving}`
  const make = `CREATE VIEW overview AS SELECT id, value FROM ${source} WHERE id < ${world.generation}`
  if (world.dialect === 'mysql') return step(world, [make.replace('CREATE', 'CREATE OR REPLACE')])
  return step(world, ['DROP VIEW overview', make])
}

const upheavals = [refill, rebirth, rename, rewrite, column, index, view, refill, rebirth] as const

/** Does to tables whatever a migration may do, in transactions where the product has them for this. */
export function upheaver(dialect: Dialect): Writer {
  const world: World = {
    dialect,
    generation: 1,
    roving: 0,
    lastColumn: 0,
    columns: [],
    hasReborn: true,
    hasIndex: false,
    isWide: false,
  }
  return (random) => (upheavals[random(upheavals.length)] ?? refill)(world)
}
