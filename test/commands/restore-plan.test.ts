import { describe, expect, test } from 'vitest'
import { orderByDependencies, selectObjects } from '../../src/commands/restore-plan.ts'
import type { DbObject, ObjectKey, ObjectKind } from '../../src/model.ts'

function object(kind: ObjectKind, name: string, dependsOn: readonly ObjectKey[] = []): DbObject {
  return { kind, name, schema: 'app', sql: `CREATE ${kind} ${name};\n`, dependsOn }
}

const names = (objects: readonly ObjectKey[]) => objects.map(({ name }) => name).join(' ')

describe('the order of objects', () => {
  test('is that of their kinds, and of their dependencies where there are some', () => {
    const settings: DbObject = { kind: 'database', name: 'settings', sql: 'x;\n', dependsOn: [] }
    const type = object('type', 'mood')
    const slug = object('function', 'slug', [type])
    const users = object('table', 'users', [slug])
    const first = object('view', 'a_first', [object('view', 'z_last')])
    const last = object('view', 'z_last', [users])
    const ordered = orderByDependencies([first, last, users, slug, type, settings])
    expect(names(ordered)).toBe('settings mood slug users z_last a_first')
  })

  test('does not depend on the depth of the dependencies', () => {
    const count = 2000
    const views = Array.from({ length: count }, (_, index) =>
      object('view', `v${index}`, index === 0 ? [] : [object('view', `v${index - 1}`)]),
    )
    expect(names(orderByDependencies(views.toReversed()).slice(0, 3))).toBe('v0 v1 v2')
  })

  test('names a circle, and nothing beside it', () => {
    const entry = object('view', 'entry', [object('view', 'a')])
    const a = object('view', 'a', [object('view', 'b')])
    const b = object('view', 'b', [object('view', 'a')])
    expect(() => orderByDependencies([entry, a, b])).toThrow(
      'in a circle: app/views/a.sql → app/views/b.sql → app/views/a.sql.',
    )
    expect(() => orderByDependencies([object('view', 'x', [object('view', 'x')])])).toThrow(
      'app/views/x.sql → app/views/x.sql.',
    )
  })

  test('names what is missing and who needs it', () => {
    expect(() => orderByDependencies([object('view', 'v', [object('table', 'T')])])).toThrow(
      'app/views/v.sql depends on app/tables/+t.sql, which is not among the files.',
    )
  })
})

describe('a selection', () => {
  const settings: DbObject = { kind: 'database', name: 'settings', sql: 'x;\n', dependsOn: [] }
  const type = object('type', 'mood')
  const users = {
    ...object('table', 'users', [type]),
    sqlAfterRows: `ADD REFERENCES "app"."Teams";\n`,
  }
  const teams = { ...object('table', 'Teams'), sqlAfterRows: 'ADD REFERENCES app.users (id);\n' }
  const logs = object('table', 'logs_1')
  const view = object('view', 'v', [users])
  const all = [settings, type, users, teams, logs, view]
  const select = (tables: readonly string[] | undefined, withDependencies: boolean) =>
    names(
      all.filter(
        selectObjects(all, { withDependencies, ...(tables === undefined ? {} : { tables }) }),
      ),
    )

  test.each([
    [undefined, true, 'settings mood users Teams logs_1 v'],
    [['users'], true, 'settings mood users Teams'],
    [['app.Teams'], true, 'settings mood users Teams'],
    [['users'], false, 'users'],
    [['logs_*'], true, 'settings logs_1'],
    [['logs_*', '{users,nobody}'], false, 'users logs_1'],
  ])('of %j (with what it needs: %s) is %s', (tables, withDependencies, expected) => {
    expect(select(tables, withDependencies)).toBe(expected)
  })

  test('of nothing is refused', () => {
    expect(() => select(['users', 'Users'], true)).toThrow('called "Users"')
  })
})
