import { expect, test } from 'vitest'
import { objectTexts } from '../../src/files/object-texts.ts'

test('an object file is one object, with the columns that order its rows', () => {
  const text = '-- Ordered by: id, +b\n\ncreate table t ();\n'
  expect(objectTexts('public/tables/t.sql', text)).toEqual([
    { key: { kind: 'table', schema: 'public', name: 't' }, text, orderBy: ['id', 'B'] },
  ])
})

test('database.sql is as many objects as it holds', () => {
  const text =
    '-- Object: schema/a\ncreate schema a;\n\n-- Object: extension/x\ncreate extension x;\n'
  expect(objectTexts('database.sql', text)).toEqual([
    { key: { kind: 'schema', name: 'a' }, text: 'create schema a;\n', orderBy: [] },
    { key: { kind: 'extension', name: 'x' }, text: 'create extension x;\n', orderBy: [] },
  ])
})

test('a file that was changed by hand is one object, whole', () => {
  expect(objectTexts('database.sql', 'create schema a')).toEqual([
    { key: { kind: 'database', name: 'database.sql' }, text: 'create schema a', orderBy: [] },
  ])
  expect(objectTexts('tables/t.sql', 'no newline')).toEqual([
    { key: { kind: 'table', name: 't' }, text: 'no newline', orderBy: [] },
  ])
})

test('other files hold no definition', () => {
  for (const path of ['tables/t.csv', 'tables/t.counters.sql', 'database.yaml', 'README.md'])
    expect(objectTexts(path, '')).toEqual([])
})
