import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { installedMysqlServers } from '../support/mysql-servers.ts'
import { servers } from '../support/servers.ts'
import { Snapshots, type Disturbance } from './snapshots.ts'

const tables = `CREATE TABLE other (id integer PRIMARY KEY); INSERT INTO other VALUES (1);
CREATE TABLE victim (id integer PRIMARY KEY, value integer); INSERT INTO victim VALUES (1, 1), (2, 1);
CREATE TABLE unsafe (id integer PRIMARY KEY) ENGINE=MyISAM; INSERT INTO unsafe VALUES (1);
CREATE PROCEDURE p() SELECT 1;`

const lists = 'global: [other, unsafe, victim, renamed]'

const create = 'CREATE TABLE victim (id integer PRIMARY KEY, value integer)'
const fill = 'INSERT INTO victim VALUES (1, 2), (2, 2)'
const added = 'ALTER TABLE victim ADD COLUMN c integer DEFAULT 5, ALGORITHM=INSTANT'

describe.each(installedMysqlServers)('%s: a change at a step of the read', (name) => {
  const server = () => servers()[name]
  const made: string[] = []
  beforeAll(() => {
    server()
  })
  afterAll(() => {
    for (const database of made) dropDatabase(server(), database)
  })
  const start = async () => {
    const database = createDatabase(server())
    made.push(database)
    const sql = (statements: string) => runSql(server(), database, statements)
    sql(tables)
    const url = server().url(database).replace(/^\w+:/, 'mysql:')
    return { sql, reader: await Snapshots.of(url, lists) }
  }
  const once =
    (act: () => void) =>
    (attempt: number): void => {
      if (attempt === 1) act()
    }
  const atListing = (act: () => void): Disturbance => {
    let acted = false
    return {
      onListing() {
        if (!acted) act()
        acted = true
      },
    }
  }

  test.each([
    ['TRUNCATE', `TRUNCATE victim; ${fill}`, 1, ['1,2', '2,2']],
    ['DROP and CREATE', `DROP TABLE victim; ${create}; ${fill}`, 1, ['1,2', '2,2']],
    ['a new column', added, 2, ['1,1,5', '2,1,5']],
    ['DROP', 'DROP TABLE victim', 2, undefined],
  ])('between the definitions and the snapshot: %s', async (_, act, attempts, lines) => {
    const { sql, reader } = await start()
    await using snapshots = reader
    const taken = await snapshots.take(atListing(() => sql(act)))
    expect([taken.failure, taken.attempts, taken.leftOver]).toEqual([undefined, attempts, []])
    const table = taken.files?.tables.get('victim')
    expect(table?.rows?.lines.map(String)).toEqual(lines)
    expect(table?.rows?.header).toEqual(table?.columns)
  })

  test.each([
    ['1412, TRUNCATE', `TRUNCATE victim; ${fill}`, ['1,2', '2,2']],
    ['1412, DROP and CREATE', `DROP TABLE victim; ${create}; ${fill}`, ['1,2', '2,2']],
    ['1412, ALTER', 'ALTER TABLE victim MODIFY value bigint', ['1,1', '2,1']],
    ['1412, an index', 'CREATE INDEX by_value ON victim (value)', ['1,1', '2,1']],
    ['1146, DROP', 'DROP TABLE victim', undefined],
    ['an instant column, seen at the end', added, ['1,1,5', '2,1,5']],
  ])('between the snapshot and the rows: %s starts the run over', async (_, act, lines) => {
    const { sql, reader } = await start()
    await using snapshots = reader
    const taken = await snapshots.take({ beforeRows: once(() => sql(act)) })
    expect([taken.failure, taken.attempts, taken.leftOver]).toEqual([undefined, 2, []])
    const table = taken.files?.tables.get('victim')
    expect(table?.rows?.lines.map(String)).toEqual(lines)
    expect(table?.rows?.header).toEqual(table?.columns)
  })

  test('between the snapshot and the rows: a new name', async () => {
    const { sql, reader } = await start()
    await using snapshots = reader
    const taken = await snapshots.take({
      beforeRows: once(() => sql('RENAME TABLE victim TO renamed')),
    })
    expect(taken.attempts).toBe(2)
    const names = [...(taken.files?.tables.keys() ?? [])].toSorted()
    expect(names).toEqual(['other', 'renamed', 'unsafe'])
    expect(taken.files?.tables.get('renamed')?.rows?.lines).toHaveLength(2)
  })

  test('a table that is filled aside and takes the place of another is never seen empty', async () => {
    const { sql, reader } = await start()
    await using snapshots = reader
    const aside = create.replace('victim', 'aside')
    // The new table is older than the snapshot, its rows are not.
    await pause(1100)
    const taken = await snapshots.take({
      ...atListing(() => sql(aside)),
      beforeRows: once(() =>
        sql(
          `${fill.replace('victim', 'aside')}; RENAME TABLE victim TO old, aside TO victim; DROP TABLE old`,
        ),
      ),
    })
    expect([taken.failure, taken.attempts, taken.leftOver]).toEqual([undefined, 2, []])
    const lines = taken.files?.tables.get('victim')?.rows?.lines.map(String)
    expect(lines).toEqual(['1,2', '2,2'])
  })

  test('amid the rows: the table stays, and the other session waits as long as it wants', async () => {
    const { sql, reader } = await start()
    await using snapshots = reader
    const refusals: unknown[] = []
    const taken = await snapshots.take({
      amidRows(table) {
        if (table !== 'victim') return
        for (const words of ['DROP TABLE victim', added, 'TRUNCATE victim']) {
          try {
            sql(`SET lock_wait_timeout = 1; ${words}`)
          } catch (error) {
            refusals.push(/Lock wait timeout exceeded/.exec(String(error))?.[0])
          }
        }
      },
    })
    expect(taken.attempts).toBe(1)
    expect(refusals).toEqual(Array(3).fill('Lock wait timeout exceeded'))
  })

  test('rows that are in no snapshot are named', async () => {
    const { reader } = await start()
    await using snapshots = reader
    const { warnings } = await snapshots.take()
    expect(warnings).toContainEqual(
      expect.stringMatching(/unsafe.*MyISAM.*no transactions/) as string,
    )
  })

  test('a column that comes each time: status 2, and nothing is left', async () => {
    const { sql, reader } = await start()
    await using snapshots = reader
    const taken = await snapshots.take({
      beforeRows: (attempt) => sql(added.replace('c integer', `c${attempt} integer`)),
    })
    expect(taken).toMatchObject({
      attempts: 5,
      failure: { code: 'changed-while-reading', status: 2 },
      leftOver: [],
    })
  }, 30_000)
})
