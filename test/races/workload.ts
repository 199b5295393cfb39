/** What the hostile writers do, and what holds between any two of their transactions (invariants.ts). */

/** How a product wants it said. */
export type Dialect = 'postgres' | 'mysql' | 'sqlite'

/** Statements of one writer's step; one transaction, or each by itself where DDL is no part of transactions. */
export interface Step {
  readonly statements: readonly string[]
  readonly transaction: boolean
  /** What is true once the step was done. */
  readonly done?: () => void
}

/** Endless steps of one writer. */
export type Writer = (random: (limit: number) => number) => Step

/** Rows of every table that no step makes shorter. */
export const wholeRows = 20

/** What all accounts and savings have together. */
export const totalBalance = 2 * wholeRows * 100

/** Rows `(1, value), (2, value), …`. */
export function rowsOf(value: number): string {
  return Array.from({ length: wholeRows }, (_, index) => `(${index + 1}, ${value})`).join(', ')
}

const engineClause: Readonly<Record<Dialect, string>> = {
  postgres: '',
  mysql: ' ENGINE=InnoDB',
  sqlite: '',
}

/** The tables at the beginning; every one has rows. */
export function setUp(dialect: Dialect): string {
  const table = (name: string, value: string, initial: number) =>
    `CREATE TABLE ${name} (id integer PRIMARY KEY, ${value} integer NOT NULL)${engineClause[dialect]};
     INSERT INTO ${name} VALUES ${rowsOf(initial)};\n`
  return [
    table('accounts', 'balance', 100),
    table('savings', 'balance', 100),
    table('parents', 'children', 1),
    `CREATE TABLE kids (id integer PRIMARY KEY, parent integer NOT NULL)${engineClause[dialect]};`,
    `INSERT INTO kids SELECT id, id FROM parents;`,
    table('reborn', 'generation', 1),
    table('refilled', 'generation', 1),
    table('rewritten', 'value', 7),
    table('roving_0', 'value', 3),
    `CREATE TABLE states (name varchar(20) PRIMARY KEY, value integer NOT NULL)${engineClause[dialect]};`,
    `INSERT INTO states VALUES ('refilled', 1), ('roving', 0);`,
    `CREATE VIEW overview AS SELECT id, value FROM ${dialect === 'mysql' ? 'rewritten' : 'roving_0'};`,
  ].join('\n')
}

/** Moves money between accounts and savings; children come and go with their parents' counts. */
export function mover(): Writer {
  const born: { id: number; parent: number }[] = []
  let next = wholeRows + 1
  const pick = (random: (limit: number) => number) => random(wholeRows) + 1
  const move = (random: (limit: number) => number): Step => {
    const amount = random(9) + 1
    const [from, to] = random(2) === 0 ? ['accounts', 'savings'] : ['savings', 'accounts']
    return {
      transaction: true,
      statements: [
        `UPDATE ${from} SET balance = balance - ${amount} WHERE id = ${pick(random)}`,
        `UPDATE ${to} SET balance = balance + ${amount} WHERE id = ${pick(random)}`,
      ],
    }
  }
  const birth = (parent: number): Step => {
    const id = next
    return {
      transaction: true,
      statements: [
        `INSERT INTO kids VALUES (${id}, ${parent})`,
        `UPDATE parents SET children = children + 1 WHERE id = ${parent}`,
      ],
      done: () => {
        next += 1
        born.push({ id, parent })
      },
    }
  }
  return (random) => {
    const choice = random(4)
    if (choice < 2) return move(random)
    const [oldest] = born
    if (choice === 2 || oldest === undefined) return birth(pick(random))
    return {
      transaction: true,
      statements: [
        `DELETE FROM kids WHERE id = ${oldest.id}`,
        `UPDATE parents SET children = children - 1 WHERE id = ${oldest.parent}`,
      ],
      done: () => born.shift(),
    }
  }
}
