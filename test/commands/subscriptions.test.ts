import { afterAll, expect } from 'vitest'
import { test } from '../cli/project.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

/** A subscriber that is backed up, verified and restored while its publisher streams to it. */

const server = servers().postgres15
const slot = 'slot_of_commands'
const publisher = createDatabase(server)
const subscriber = createDatabase(server)
const copy = createDatabase(server)

const sql = (database: string, script: string): string => runSql(server, database, script).trim()

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

afterAll(() => {
  for (const database of [copy, subscriber]) {
    for (const name of sql(database, namesOf)
      .split('\n')
      .filter((each) => each !== '')) {
      sql(database, `ALTER SUBSCRIPTION ${name} DISABLE`)
      sql(database, `ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`)
      sql(database, `DROP SUBSCRIPTION ${name}`)
    }
    dropDatabase(server, database)
  }
  const isActive = `EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '${slot}' AND active)`
  sql(publisher, `DO $$ BEGIN WHILE ${isActive} LOOP PERFORM pg_sleep(0.1); END LOOP; END $$`)
  sql(publisher, `SELECT pg_drop_replication_slot('${slot}')`)
  dropDatabase(server, publisher)
})

const namesOf =
  'SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()'

test('verify, restore and a replacement leave the slot of a subscription alone', async ({
  newProject,
}) => {
  const table = 'CREATE TABLE t (id integer PRIMARY KEY)'
  sql(
    publisher,
    `${table}; CREATE PUBLICATION p FOR TABLE t; SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`,
  )
  const password = server.password.replace(/[\\']/g, '\\$&')
  const conninfo = `host=${server.host} port=${server.port} user=${server.user} password='${password}' dbname=${publisher}`
  sql(
    subscriber,
    `${table}; CREATE SUBSCRIPTION s CONNECTION ${quoted(conninfo)} PUBLICATION p WITH (create_slot = false, slot_name = '${slot}', copy_data = false)`,
  )
  let last = 0
  const expectStreaming = async (): Promise<void> => {
    last += 1
    sql(publisher, `INSERT INTO t VALUES (${last})`)
    await expect
      .poll(() => sql(subscriber, 'SELECT max(id) FROM t'), { timeout: 20_000, interval: 200 })
      .toBe(`${last}`)
  }
  await expectStreaming()

  const project = await newProject('')
  const url = server.url(subscriber)
  project.configure(
    `database: {url: '${url}', name: shop}\nignore: [t]\nrestore: {allow_restore: true}\nverify: {url: '${url}'}\n`,
  )
  await project.succeed()
  expect(project.file('subscriptions/s.sql')).not.toContain('canary')
  expect(project.file('subscriptions/s.secrets.sql', project.private)).toContain(quoted(conninfo))
  await project.succeed(['verify', '--vendor'])
  await expectStreaming()
  for (const replace of [[], ['--replace', '--confirm', copy]]) {
    await project.succeed(['restore', '--to', server.url(copy), ...replace])
    expect(sql(copy, `${namesOf} AND NOT subenabled AND subslotname = '${slot}'`)).toBe('s')
    await expectStreaming()
  }
}, 60_000)
