import { describe, expect, test } from 'vitest'
import { raceEngines } from './places.ts'
import { Snapshots } from './snapshots.ts'

const tables = `CREATE TABLE other (id integer PRIMARY KEY); INSERT INTO other VALUES (1);
CREATE TABLE victim (id integer PRIMARY KEY, value integer); INSERT INTO victim VALUES (1, 1), (2, 1);
CREATE VIEW seen AS SELECT 1 AS version;`

const lists = 'global: [other, victim, renamed]'

const acts = [
  ['DELETE', 'DELETE FROM victim'],
  ['DROP and CREATE', 'DROP TABLE victim; CREATE TABLE victim (a); INSERT INTO victim VALUES (9)'],
  ['DROP', 'DROP TABLE victim'],
  ['a new column', 'ALTER TABLE victim ADD c integer DEFAULT 5'],
  ['a new name', 'ALTER TABLE victim RENAME TO renamed'],
  ['VACUUM', 'VACUUM'],
  ['another view', 'DROP VIEW seen; CREATE VIEW seen AS SELECT 2 AS version'],
] as const

describe.each(raceEngines.filter(({ dialect }) => dialect === 'sqlite'))(
  '$name: a change at a step of the read',
  ({ name, make }) => {
    test.each(['onListing', 'beforeRows', 'amidRows'] as const)(
      'at step %s nothing of it is seen',
      async (step) => {
        for (const [what, act] of acts) {
          const place = await make()
          place.sql(tables)
          await using snapshots = await Snapshots.of(place.url, lists)
          const refusals: string[] = []
          let acted = false
          const taken = await snapshots.take({
            [step]: () => {
              if (acted) return
              acted = true
              try {
                place.sql(act)
              } catch (error) {
                refusals.push(/database is locked/.exec(String(error))?.[0] ?? String(error))
              }
            },
          })
          expect([what, acted, taken.attempts]).toEqual([what, true, 1])
          // Beside a log others go on; a rollback journal makes them wait.
          expect(refusals).toEqual(name.endsWith('WAL') ? [] : ['database is locked'])
          const victim = taken.files?.tables.get('victim')
          expect(victim?.rows).toEqual({
            header: ['id', 'value'],
            lines: [
              ['1', '1'],
              ['2', '1'],
            ],
          })
          expect(victim?.columns).toEqual(['id', 'value'])
          expect(taken.files?.views.get('seen')).toContain('SELECT 1 AS version')
        }
      },
    )
  },
)
