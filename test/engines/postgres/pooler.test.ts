import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { startPooler, type Pooler, type PoolMode } from '../../support/pgbouncer.ts'
import { servers } from '../../support/servers.ts'
import { restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'

const server = servers().postgres18
const source = createDatabase(server)
const copy = createDatabase(server)

beforeAll(() => {
  runSql(server, source, 'CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2);')
})

afterAll(() => {
  for (const database of [source, copy]) dropDatabase(server, database)
})

function withoutDatabase({ schema, rows }: HeldSnapshot): HeldSnapshot {
  return {
    rows,
    schema: { ...schema, objects: schema.objects.filter(({ kind }) => kind !== 'database') },
  }
}

/** Settings of every session that the pool has open in the database. */
function sessionsOf(pooler: Pooler, database: string): string {
  const words = ['SHOW search_path;', 'SHOW statement_timeout;', 'SHOW row_security;']
  const url = new URL(pooler.url(database))
  return runSql({ ...server, port: Number(url.port) }, database, words.join('\n'))
}

describe('a pooler in session mode', () => {
  test('that changes its mode while a database is read is refused then', async () => {
    await using pooler = await startPooler(server, 'session')
    await using database = await postgres.open({ url: pooler.url(source), environment: {} })
    let isChanged = false
    const wantsRows = (): boolean => {
      if (!isChanged) pooler.setMode('transaction')
      isChanged = true
      return true
    }
    const reading = database.read({ wantsRows }, () => Promise.resolve())
    await expect(reading).rejects.toMatchObject({ code: 'pooled-connection' })
    expect(isChanged).toBe(true)
  })

  test('changes nothing: what is read is the same, and a restore works', async () => {
    await using pooler = await startPooler(server, 'session')
    const direct = await heldSnapshot(server.url(source))
    const pooled = await heldSnapshot(pooler.url(source))
    expect(snapshotDifferences(direct, pooled)).toEqual([])
    await restore(direct, pooler.url(copy))
    expect(
      snapshotDifferences(
        withoutDatabase(direct),
        withoutDatabase(await heldSnapshot(server.url(copy))),
      ),
    ).toEqual([])
  })
})

describe.each(['transaction', 'statement'] as const)('a pooler in %s mode', (mode: PoolMode) => {
  test('is refused for reading, filling and statements of the user, with the reason', async () => {
    await using pooler = await startPooler(server, mode)
    const refusal = {
      code: 'pooled-connection',
      message: /hands this session.s statements to different/,
    }
    const check = async (attempt: Promise<unknown>): Promise<void> => {
      const failure: unknown = await attempt.then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(failure).toMatchObject({
        code: refusal.code,
        message: expect.stringMatching(refusal.message) as unknown,
      })
    }
    await check(heldSnapshot(pooler.url(source)))
    const held = await heldSnapshot(server.url(source))
    await check(restore(held, pooler.url(copy), { mode: 'replace' }))
    await check(
      postgres.open({ url: pooler.url(source), environment: {} }).then(async (database) => {
        await using opened = database
        await opened.execute('SELECT 1')
      }),
    )
    await check(
      postgres.openServer({ url: pooler.url(source), environment: {} }).then(async (opened) => {
        await using used = opened
        await used.list('x')
      }),
    )
  })

  test('keeps its sessions as they were: nothing is set before it is known', async () => {
    await using pooler = await startPooler(server, mode)
    const before = sessionsOf(pooler, source)
    await expect(heldSnapshot(pooler.url(source))).rejects.toMatchObject({
      code: 'pooled-connection',
    })
    expect(sessionsOf(pooler, source)).toBe(before)
    expect(before).toBe('"$user", public\n0\non\n')
  })
})
