import { describe, expect, test } from 'vitest'
import { categorise } from '../../src/commands/categorise.ts'
import { planMasks, tableMasks } from '../../src/commands/mask.ts'
import type { MaskEntry } from '../../src/config/mask.ts'
import { engineOfProduct } from '../../src/engines/index.ts'
import type { ObjectKey, Table } from '../../src/model.ts'
import { snapshotOf, table } from '../files/support.ts'

const { neutral } = await engineOfProduct('PostgreSQL')

function plan(
  tables: readonly Table[],
  masks: Readonly<Record<string, MaskEntry['mask']['kind']>>,
) {
  const { schema } = snapshotOf(tables)
  const { categories } = categorise(tables, [{ list: 'global', text: 'people', where: 'f:1:1' }])
  const entries = Object.entries(masks).map(([text, kind], index) => ({
    text,
    mask: kind === 'text' ? { kind, text: 'masked' } : { kind },
    where: `f:${index + 2}:3`,
  }))
  const planned = planMasks({ schema, categories, entries, neutral })
  const masksOf = tableMasks(planned, { schema, neutral }, Buffer.from('a key'))
  const found = tables.map((each) => [
    each.name,
    masksOf(each)?.columns.map(({ name, mask }) => `${name} ${mask}`),
  ])
  return {
    found: Object.fromEntries(found) as Record<string, string[] | undefined>,
    problems: planned.problems,
    masksOf,
  }
}

/** A table whose text columns are of one type. */
function people(more: Partial<Table> = {}, type = 'text'): Table {
  const columns = ['id', 'a', 'b.c', 'd'].map((name) => ({
    name,
    type: name === 'id' ? 'integer' : type,
    generated: name === 'd',
  }))
  const sql = `CREATE TABLE p (id integer, a ${type}, "b.c" ${type}, d ${type} GENERATED ALWAYS AS (a) STORED);\n`
  return table('people', { schema: 'public', columns, sql, ...more })
}
const key = (name: string): ObjectKey => ({ kind: 'table', schema: 'public', name })

describe('the masks of a table', () => {
  test('are named by column, by schema, by a pattern, and with dots in names; names win over patterns', () => {
    expect(
      plan([people()], { 'people.a': 'hash', '*.a': 'null', 'public.people.b.c': 'text' }).found,
    ).toEqual({
      people: ['a hash', 'b.c text'],
    })
    expect(plan([people()], { 'other.people.a': 'hash', 'pub*.peo?le.b.c': 'null' }).found).toEqual(
      {
        people: ['b.c null'],
      },
    )
  })

  test('are those of the table whose partition it is', () => {
    const parent = people({ hasRows: false })
    const middle = people({ name: 'middle', hasRows: false, partitionOf: key('people') })
    const leaf = people({ name: 'leaf', partitionOf: key('middle') })
    const { found, problems } = plan([parent, middle, leaf], { 'people.a': 'hash' })
    expect(found).toEqual({ leaf: ['a hash'], middle: undefined, people: undefined })
    expect(problems).toEqual([])
  })

  test('are refused where another table in the files holds the same values', () => {
    const copy = people({ name: 'copy', holdsRowsOf: [key('people')] })
    expect(() => plan([people(), copy], { 'people.a': 'hash' })).toThrow(
      'f:2:3: "public.people.a" can\'t be masked (hash): the rows of public.copy, which are written as they are, hold its values, too.',
    )
  })

  test('say which entries mask nothing', () => {
    const { problems } = plan([people(), people({ name: 'users' })], {
      'users.a': 'hash',
      'people.d': 'null',
      'x.y': 'null',
    })
    expect(problems.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'mask-without-effect f:2:3',
      'mask-without-effect f:3:3',
      'unknown-table f:4:3',
    ])
  })

  test.for([
    ['text', 64, 'masked'],
    ['character varying(20)', 20, 'masked'],
    ['character(80)', 80, `masked${' '.repeat(74)}`],
    ['public.citext', 64, 'masked'],
    ['text[]', undefined, undefined],
    ['character varying(20)[]', undefined, undefined],
    ['"char"', undefined, undefined],
    ['public.email', undefined, undefined],
    ['jsonb', undefined, undefined],
    ['character varying(15)', undefined, 'masked'],
    ['character(5)', undefined, undefined],
  ] as const)('fit a column of %s or are refused', ([type, length, text]) => {
    const cell = (kind: 'hash' | 'text') => {
      try {
        return plan([people({}, type)], { 'people.a': kind })
          .masksOf(people({}, type))
          ?.cells.get('a')?.('x')
      } catch (error) {
        if (error instanceof Error && error.message.includes("can't be masked")) return undefined
        throw error
      }
    }
    expect({ length: cell('hash')?.length, text: cell('text') }).toEqual({ length, text })
  })
})
