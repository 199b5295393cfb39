import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { clone } from '../../src/commands/clone.ts'
import { loadConfig } from '../../src/config/load.ts'
import { urlSchemes } from '../../src/engines/index.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers, temporaryDirectory } from '../support/servers.ts'

/** Clones a database while `act` is called each time a copy is about to be filled. */
async function cloneAmid(url: string, act: (copies: number) => void) {
  const directory = await temporaryDirectory()
  const file = join(directory, 'schema_backup.conf')
  writeFileSync(file, `database: {url: "${url}", name: races}\nhost: races\n`, { mode: 0o600 })
  const { config } = await loadConfig(file, { environment: {}, schemes: urlSchemes })
  const quiet = () => undefined
  let copies = 0
  const start = () => {
    copies += 1
    act(copies)
  }
  const context = {
    environment: {},
    signal: new AbortController().signal,
    now: () => new Date(),
    progress: { start, show: quiet, stop: quiet },
    version: '0.0.0',
  }
  const cloning = clone(config, { suffix: 'copy' }, context)
  return await cloning.then(
    ({ rows }) => ({ copies, rows, failure: undefined }),
    (error: unknown) => ({ copies, rows: 0, failure: error }),
  )
}

const column = (number: number) =>
  `ALTER TABLE t ADD COLUMN c${number} integer DEFAULT ${number}, ALGORITHM=INSTANT`

test('a clone starts over when a change is seen at its end, and makes its copy anew', async () => {
  const server = servers().mariadb
  const database = createDatabase(server)
  const sql = (words: string, name = database) => runSql(server, name, words)
  try {
    sql('CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)')
    const once = await cloneAmid(server.url(database), (copies) => {
      if (copies === 1) sql(column(1))
    })
    expect(once).toEqual({ copies: 2, rows: 2, failure: undefined })
    expect(sql('SELECT * FROM t ORDER BY id', `${database}_copy`)).toBe('1\t1\n2\t1\n')
    dropDatabase(server, `${database}_copy`)

    const always = await cloneAmid(server.url(database), (copies) => sql(column(copies + 1)))
    expect(always).toMatchObject({
      copies: 5,
      failure: { code: 'changed-while-reading', status: 2 },
    })
    expect(sql(`SHOW DATABASES LIKE '${database}%'`)).toBe(`${database}\n`)
  } finally {
    dropDatabase(server, `${database}_copy`)
    dropDatabase(server, database)
  }
}, 60_000)
