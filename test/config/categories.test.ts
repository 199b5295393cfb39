import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  categoryError,
  compileCategories,
  listNames,
  type CategoryEntry,
  type ListName,
} from '../../src/config/categories.ts'
import type { TableName } from '../../src/model.ts'

type Lists = Partial<Record<ListName, readonly string[]>>

function entries(lists: Lists): CategoryEntry[] {
  return listNames.flatMap((list) =>
    (lists[list] ?? []).map((text, index) => ({ list, text, where: `f:${list}:${index + 1}` })),
  )
}

const matcher = (lists: Lists) => compileCategories(entries(lists))

function table(text: string): TableName {
  const [schema, name] = text.split('|')
  return schema !== undefined && name !== undefined ? { schema, name } : { name: text }
}

test.each([
  ['users', 'users', true],
  ['users', 'public|users', true],
  ['public.users', 'public|users', true],
  ['public.users', 'other|users', false],
  ['public.users', 'public.users', true],
  ['Users', 'users', false],
  ['log_*', 'log_a', true],
  ['log_*', 'log_|users', false],
  ['log_*', 'log_x|users', false],
  ['*', 'a/b', true],
  ['*', '..', true],
  ['*', '.', true],
  ['*', '', true],
  ['?', '', false],
  ['*', '.hidden', true],
  ['*', 'public|a.b c/d\ne', true],
  ['*_log', 'a/b.c_log', true],
  ['a?c', 'a/c', true],
  ['a?c', 'abbc', false],
  ['a[bc]', 'ac', true],
  ['a[!bc]', 'ac', false],
  ['a[!bc]', 'ad', true],
  ['{a,b}_x', 'b_x', true],
  ['public.*', 'public|users', true],
  ['public.*', 'public.secret|users', false],
  ['pub.lic.*', 'pub.lic|users', true],
  ['*.users', 'a.b|users', true],
  ['*.users', 'users', false],
  ['a.b*', 'a.bc', true],
  ['(a|b)*', 'ac', false],
  ['(a)*', '(a)c', true],
  ['!a*', 'b', false],
  ['!a*', '!ab', true],
  ['+a*', '+ab', true],
  ['a\\*b*', 'a*bc', true],
  ['a\\*b*', 'axbc', false],
  ['table[1]', 'table[1]', true],
  ['what?', 'what?', true],
  ['ä*', 'äö', true],
  ['"a*"', '"ab"', true],
  ['[^a]*', 'ab', false],
  ['\\[!a*', '[!ab', true],
])('the entry %j and the table %j: %s', (text, name, expected) => {
  const { category, entry } = matcher({ global: [text] }).categorise(table(name))
  expect(category).toBe(expected ? 'global' : 'unclassified')
  expect(entry?.text).toBe(expected ? text : undefined)
})

test('every table is matched by its own name, whatever characters it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      fc.pre(name !== '*')
      expect(matcher({ local: [name], global: ['*'] }).categorise({ name }).category).toBe('local')
      expect(matcher({ ephemeral: ['*'] }).categorise({ name }).category).toBe('ephemeral')
    }),
  )
})

test('a name wins over patterns', () => {
  const lists = { global: ['user_*'], local: ['user_secrets', 'x.user_mail'] }
  const { assignments, errors, warnings } = matcher(lists).resolve(
    ['user_types', 'user_secrets', 'x|user_mail'].map(table),
  )
  expect(assignments.map(({ category }) => category)).toEqual(['global', 'local', 'local'])
  expect([...errors, ...warnings]).toEqual([])
})

test('overlaps that show with the tables name both lines; such a table goes nowhere', () => {
  const lists = { global: ['a_*'], local: ['*_b'], ephemeral: ['a_c*'] }
  const compiled = matcher(lists)
  const { assignments, errors, warnings } = compiled.resolve(
    ['a_b', 'a_cd', 'public|a_x'].map(table),
  )
  expect(assignments.map(({ category }) => category)).toEqual(['unclassified', 'global', 'global'])
  expect(errors.map(({ message }) => message)).toEqual([
    '"a_b" is in `global` (f:global:1, "a_*") and in `local` (f:local:1, "*_b").',
  ])
  expect(warnings.map(({ code, message }) => [code, message])).toEqual([
    [
      'category-overlap',
      '"a_cd" is in `global` (f:global:1, "a_*") and in `ephemeral` (f:ephemeral:1, "a_c*") and counts as global.',
    ],
  ])
  expect(categoryError(errors)).toMatchObject({ code: 'category-overlap', status: 78 })
  expect(categoryError(errors).message).toContain('f:local:1: "a_b" is in `global`')
})

test('a name and its qualified form are two claims', () => {
  const lists = { local: ['users'], global: ['public.users'] }
  const { errors } = matcher(lists).resolve([table('public|users'), table('other|users')])
  expect(errors).toHaveLength(1)
  const both = { global: ['t'], ephemeral: ['t'], ignore: ['t'] }
  expect(matcher(both).categorise({ name: 't' }).category).toBe('unclassified')
})

test('the same name in global and ephemeral counts as global and is not told again', () => {
  const resolution = matcher({ global: ['t'], ephemeral: ['t'] }).resolve([table('t')])
  expect(resolution.assignments[0]?.category).toBe('global')
  expect(resolution.warnings).toEqual([])
})

test('a listed table that does not exist is a warning with list, line and suggestion; a pattern is none', () => {
  const lists = {
    global: ['user', 'Orders', 'zzz'],
    local: ['x_*', 'public.order'],
    ignore: ['users'],
  }
  const { warnings } = matcher(lists).resolve([table('public|users'), table('public|orders')])
  expect(warnings.map(({ code, where, message, next }) => [code, where, message, next])).toEqual([
    [
      'unknown-table',
      'f:global:1',
      '`global` names the table "user", which does not exist.',
      'Did you mean "users"?',
    ],
    [
      'unknown-table',
      'f:global:2',
      '`global` names the table "Orders", which does not exist.',
      'Did you mean "orders"?',
    ],
    [
      'unknown-table',
      'f:global:3',
      '`global` names the table "zzz", which does not exist.',
      'Remove it from `global`, or correct its name.',
    ],
    [
      'unknown-table',
      'f:local:2',
      '`local` names the table "public.order", which does not exist.',
      'Did you mean "public.orders"?',
    ],
  ])
})
