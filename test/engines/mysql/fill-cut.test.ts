import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import type { Server } from '../../support/servers.ts'
import { startCutProxy } from './cut-proxy.ts'
import { fillWith } from './fill-support.ts'
import { startOwnServer } from './own-server.ts'
import { readWhole, requestFor, runClient, wholeDump, type Poured } from './round-trip.ts'

const child = join(import.meta.dirname, 'fill-child.ts')

const oldContent = `
CREATE TABLE shared (id int PRIMARY KEY, old_column text);
INSERT INTO shared VALUES (1, 'old');
CREATE TABLE old_table (id int PRIMARY KEY, shared_id int, FOREIGN KEY (shared_id) REFERENCES shared (id));
INSERT INTO old_table VALUES (1, 1);
CREATE TRIGGER seen BEFORE INSERT ON shared FOR EACH ROW SET NEW.old_column = 'old trigger';
CREATE VIEW old_view AS SELECT id FROM shared;
CREATE VIEW becomes_table AS SELECT id FROM old_view;
CREATE FUNCTION fn() RETURNS int DETERMINISTIC RETURN 1;
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' DO DO 1;
`
const newContent = `
CREATE TABLE shared (id int PRIMARY KEY, new_column text);
INSERT INTO shared VALUES (2, 'new'), (3, 'new');
CREATE TABLE becomes_table (id int PRIMARY KEY, shared_id int, FOREIGN KEY (shared_id) REFERENCES shared (id));
INSERT INTO becomes_table VALUES (1, 2);
CREATE TRIGGER seen BEFORE INSERT ON shared FOR EACH ROW SET NEW.new_column = 'new trigger';
CREATE FUNCTION fn() RETURNS int DETERMINISTIC RETURN 2;
CREATE VIEW new_view AS SELECT id, fn() AS two FROM shared;
CREATE EVENT ev ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01 03:00:00' DO DO 2;
`

describe.each(installedMysqlServers)('%s', (name) => {
  let own: Awaited<ReturnType<typeof startOwnServer>>
  let server: Server
  let source: string
  let target: string
  let poured: Poured
  let newDump: string

  beforeAll(async () => {
    own = await startOwnServer(name)
    server = own.server
    source = createDatabase(server)
    target = createDatabase(server)
    runClient(server, source, newContent)
    poured = await readWhole(requestFor(server, source))
    newDump = wholeDump(server, source)
  })
  afterAll(async () => {
    await own.stop()
  })

  /** Fills the old content over with the new one and cuts the line at the statement of that number. */
  async function cutAt(number: number, place: 'before' | 'after'): Promise<readonly string[]> {
    const proxy = await startCutProxy(server, (_, at) => (at === number ? place : undefined))
    try {
      await fillWith(requestFor({ ...server, port: proxy.port }, target), 'replace', poured)
    } catch (error) {
      expect(error).toMatchObject({ status: 2 })
    } finally {
      await proxy.close()
    }
    await serverIsIdle()
    return proxy.statements
  }

  /** The server needs a moment to see that a client is gone, and it ends the statement that it works on. */
  async function serverIsIdle(): Promise<void> {
    const question =
      "SELECT count(*) FROM information_schema.processlist WHERE user = 'root' AND id <> connection_id()"
    await expect.poll(() => runSql(server, '', question), { timeout: 10_000 }).toBe('0\n')
  }

  async function stateOfTarget(oldDump: string): Promise<'old' | 'new' | 'marked'> {
    const isMarked = await readWhole(requestFor(server, target)).then(
      () => false,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'restore-in-progress' })
        return true
      },
    )
    if (isMarked) return 'marked'
    const dump = wholeDump(server, target)
    expect([oldDump, newDump]).toContain(dump)
    return dump === oldDump ? 'old' : 'new'
  }

  /** As somebody does who clears a marked database by hand. */
  function beginAnew(): void {
    dropDatabase(server, target)
    const left = scratchDatabases()
      .split('\n')
      .filter((scratch) => scratch !== '')
    for (const scratch of left) dropDatabase(server, scratch)
    createDatabase(server, target)
    runClient(server, target, oldContent)
  }

  function scratchDatabases(): string {
    return runSql(server, '', "SHOW DATABASES LIKE 'schema\\_backup\\_%'")
  }

  test('nothing is left beside the target, also after an error', async () => {
    beginAnew()
    await fillWith(requestFor(server, target), 'replace', poured)
    expect(scratchDatabases()).toBe('')
    const failure = fillWith(requestFor(server, target), 'replace', poured, () => {
      throw new Error('enough')
    })
    await expect(failure).rejects.toThrow('enough')
    expect(scratchDatabases()).toBe('')
  })

  test('a process that is killed at random moments leaves the old, the new, or a mark', async () => {
    beginAnew()
    const oldDump = wholeDump(server, target)
    const started = performance.now()
    await killedAfter(60_000)
    const duration = performance.now() - started
    expect(await stateOfTarget(oldDump)).toBe('new')
    for (const share of [0.4, 0.6, 0.8, 0.9]) {
      beginAnew()
      await killedAfter(duration * share)
      await serverIsIdle()
      await stateOfTarget(oldDump)
    }
    await fillWith(requestFor(server, target), 'replace', poured)
    expect(wholeDump(server, target)).toBe(newDump)
    expect(scratchDatabases()).toBe('')
  }, 180_000)

  /** Runs a fill in a process of its own and kills it after so many milliseconds, if it still runs. */
  async function killedAfter(milliseconds: number): Promise<void> {
    const words = [child, JSON.stringify([requestFor(server, source), requestFor(server, target)])]
    const filling = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const timer = setTimeout(() => filling.kill('SIGKILL'), milliseconds)
    await once(filling, 'exit')
    clearTimeout(timer)
  }

  test('a line that is cut at any statement leaves the old, the new, or a mark; the next fill heals', async () => {
    beginAnew()
    const oldDump = wholeDump(server, target)
    const all = await cutAt(-1, 'before')
    expect(await stateOfTarget(oldDump)).toBe('new')
    const marking = all.findIndex((statement) => statement.includes('CREATE TABLE `test_'))
    expect(marking).toBeGreaterThan(20)
    // Every fourth, each product others; those around the one that moves the tables; and the last.
    const offset = name === 'mysql' ? 0 : 2
    const moving = all.findIndex((statement) => statement.includes('RENAME TABLE'))
    const numbers = Array.from(
      { length: all.length - marking + 2 },
      (_, index) => marking - 2 + index,
    )
    const isNotable = (number: number) => Math.abs(number - moving) < 2 || number >= all.length - 1
    const dense = numbers.filter((number) => number % 4 === offset || isNotable(number))
    const spread = [30].filter((number) => number < marking - 2)
    const states = new Map<number, string>()
    for (const [index, number] of [...spread, ...dense].entries()) {
      beginAnew()
      await cutAt(number, index % 2 === 0 ? 'before' : 'after')
      states.set(number, await stateOfTarget(oldDump))
      if (index % 4 === 0) {
        await fillWith(requestFor(server, target), 'replace', poured)
        expect([number, wholeDump(server, target)]).toEqual([number, newDump])
        expect([number, scratchDatabases()]).toEqual([number, ''])
      }
    }
    const seen = [...states.values()].join(' ')
    expect(seen).toMatch(/^old (?:old )*(?:marked )+(?:new )*new$/)
    await fillWith(requestFor(server, target), 'replace', poured)
    expect(scratchDatabases()).toBe('')
  }, 180_000)
})
