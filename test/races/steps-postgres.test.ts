import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSql, createDatabase, dropDatabase } from '../support/databases.ts'
import { servers } from '../support/servers.ts'
import { dump } from './pg-dump.ts'
import { postgresOfRaces } from './places.ts'
import { Snapshots, type Disturbance, type Taken } from './snapshots.ts'

/** `gate` is locked before `victim`, by name as by number. */
const tables = `CREATE TABLE gate (id integer PRIMARY KEY); INSERT INTO gate VALUES (1);
CREATE TABLE victim (id integer PRIMARY KEY, value integer); INSERT INTO victim VALUES (1, 1), (2, 1);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW seen AS SELECT 1 AS version;`

const lists = 'global: [gate, victim, renamed]'

const refilled = 'BEGIN; TRUNCATE victim; INSERT INTO victim VALUES (1, 2), (2, 2); COMMIT'
const replaced = `BEGIN; DROP TABLE victim; CREATE TABLE victim (id integer PRIMARY KEY, value integer);
INSERT INTO victim VALUES (1, 2), (2, 2); COMMIT`

/** Acts when `victim` is asked about for the so many-th time within the first attempt: before the locks, behind them. */
const atListing = (number: number, act: () => void): Disturbance => {
  let asked = 0
  return {
    onListing(attempt, name) {
      if (attempt !== 1 || name !== 'victim') return
      asked += 1
      if (asked === number) act()
    },
  }
}

const rowsOf = ({ files }: Taken, name = 'victim') => files?.tables.get(name)?.rows

describe.each(postgresOfRaces)('%s: a change at a step of the read', (name) => {
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
    runSql(server(), database, tables)
    const sql = (statements: string) => runSql(server(), database, statements)
    const url = server().url(database)
    return { database, sql, url, snapshots: await Snapshots.of(url, lists) }
  }
  const waiting = async (sql: (statements: string) => string) => {
    const waits =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for (let tries = 0; sql(waits) !== '1\n'; tries += 1) {
      if (tries > 100) throw new Error('nobody waits')
      await pause(20)
    }
  }

  test.each([
    ['TRUNCATE', refilled, 1, ['1,2', '2,2']],
    ['an ALTER that rewrites', 'ALTER TABLE victim ALTER value TYPE bigint', 1, ['1,1', '2,1']],
    ['a new column', 'ALTER TABLE victim ADD c integer DEFAULT 5', 1, ['1,1,5', '2,1,5']],
    ['DROP and CREATE', replaced, 2, ['1,2', '2,2']],
    ['DROP', 'DROP TABLE victim', 2, undefined],
  ])('between the list of tables and the locks: %s', async (_, act, attempts, lines) => {
    const { sql, snapshots } = await start()
    await using reader = snapshots
    const taken = await reader.take(atListing(1, () => sql(act)))
    expect([taken.failure, taken.attempts]).toEqual([undefined, attempts])
    const table = taken.files?.tables.get('victim')
    expect(table?.rows?.lines.map(String)).toEqual(lines)
    expect(table?.rows?.header).toEqual(table?.columns)
  })

  test('between the list of tables and the locks: a new name', async () => {
    const { sql, snapshots } = await start()
    await using reader = snapshots
    const taken = await reader.take(atListing(1, () => sql('ALTER TABLE victim RENAME TO renamed')))
    expect(taken.attempts).toBe(2)
    expect([...(taken.files?.tables.keys() ?? [])].toSorted()).toEqual(['gate', 'renamed'])
    expect(rowsOf(taken, 'renamed')?.lines).toHaveLength(2)
  })

  test('between the locks and the catalog: a definition', async () => {
    const { sql, snapshots } = await start()
    await using reader = snapshots
    const taken = await reader.take(
      atListing(2, () => sql('CREATE OR REPLACE VIEW seen AS SELECT 2 AS version')),
    )
    expect(taken.attempts).toBe(2)
    expect(taken.files?.views.get('seen')).toContain('SELECT 2 AS version')
  })

  test('from the locks to the end: the table stays, and the other session waits as long as it wants', async () => {
    const { sql, snapshots } = await start()
    await using reader = snapshots
    const refusals: string[] = []
    const attack = () => {
      for (const words of [replaced, refilled, 'ALTER TABLE victim ADD c integer']) {
        try {
          sql(`SET lock_timeout = '50ms'; ${words}`)
        } catch (error) {
          refusals.push(
            /canceling statement due to lock timeout/.exec(String(error))?.[0] ?? 'other',
          )
        }
      }
    }
    const taken = await reader.take({
      ...atListing(2, attack),
      beforeRows: () => {
        attack()
        sql('CREATE INDEX later ON victim (value)')
      },
      amidRows: attack,
    })
    expect(taken.attempts).toBe(1)
    expect(rowsOf(taken)?.lines.map(String)).toEqual(['1,1', '2,1'])
    // Behind the locks, before the rows, and after the first block of each of the two tables.
    expect(refusals).toEqual(Array(12).fill('canceling statement due to lock timeout'))
  })

  test.each([
    ['TRUNCATE', refilled],
    ['DROP and CREATE', replaced],
    ['an ALTER that rewrites', 'ALTER TABLE victim ALTER value TYPE bigint'],
  ])('while it waits for a lock: %s; where pg_dump has no rows, we have all', async (_, act) => {
    const { sql, url, snapshots } = await start()
    await using reader = snapshots
    const read = async <T>(begin: () => Promise<T>): Promise<T> => {
      const gate = new Client({ connectionString: url })
      await gate.connect()
      try {
        await gate.query('BEGIN; LOCK TABLE gate')
        const reading = begin()
        await waiting(sql)
        sql(act)
        await gate.query('COMMIT')
        return await reading
      } finally {
        await gate.end()
      }
    }
    const { status, content } = await read(() => dump(name, url))
    const dumped = content.tables.get('victim')?.rows?.lines
    // The race is real: an end that says that all is well, or an error where the table is gone; never the rows.
    expect([status, dumped]).not.toEqual([0, expect.objectContaining({ length: 2 })])
    if (act !== replaced) expect([status, dumped]).toEqual([0, []])

    const taken = await read(() => reader.take())
    expect(taken.failure).toBeUndefined()
    expect(rowsOf(taken)?.lines).toHaveLength(2)
    expect(rowsOf(taken)?.header).toEqual(taken.files?.tables.get('victim')?.columns)
  })

  test('a table that is replaced each time: status 2, and nothing is left', async () => {
    const { sql, snapshots } = await start()
    await using reader = snapshots
    const acted = new Set<number>()
    const taken = await reader.take({
      onListing(attempt) {
        if (!acted.has(attempt)) sql(replaced)
        acted.add(attempt)
      },
    })
    expect(taken).toMatchObject({
      attempts: 5,
      failure: { code: 'changed-while-reading', status: 2 },
      leftOver: [],
    })
  }, 20_000)
})
