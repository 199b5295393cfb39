import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import type { Server } from '../../support/servers.ts'
import { startOwnServer } from './own-server.ts'
import { readWhole, requestFor, runClient } from './round-trip.ts'

/** What belongs to the whole server and a definition needs: named, since no file of a database makes it. */

const ofMysql = `
  CREATE TABLESPACE roomy ADD DATAFILE 'roomy.ibd'; CREATE TABLESPACE unused ADD DATAFILE 'unused.ibd';
  CREATE SPATIAL REFERENCE SYSTEM 999999 NAME 'my own' DEFINITION 'GEOGCS["x",DATUM["y",SPHEROID["z",6378137,298.25]],PRIMEM["Greenwich",0],UNIT["degree",0.017453292519943278],AXIS["Lat",NORTH],AXIS["Lon",EAST]]';
  INSTALL COMPONENT 'file://component_classic_hashing';
  CREATE TABLE a (a int) TABLESPACE roomy; CREATE TABLE b (p point SRID 999999, q point SRID 4326, t text COMMENT 'TABLESPACE x') TABLESPACE = innodb_file_per_table;
  CREATE VIEW v AS SELECT md5('a');`

const ofMariadb = `CREATE TABLE a (a int) COMMENT = 'no plugin: ha_federatedx'; CREATE TABLE unix_socket (a int);`

const needs = {
  mariadb: [],
  mariadb11: [],
  mysql: [
    'tablespace roomy',
    'component file://component_classic_hashing',
    'spatial reference system 999999',
  ],
}

describe.each(installedMysqlServers)('%s', (name) => {
  let started: Awaited<ReturnType<typeof startOwnServer>>
  let server: Server
  let database: string

  beforeAll(async () => {
    started = await startOwnServer(name)
    server = started.server
    database = createDatabase(server)
    runClient(server, database, name === 'mysql' ? ofMysql : ofMariadb)
  }, 60_000)
  afterAll(async () => {
    await started.stop()
  })

  test('what is needed of the server is named', async () => {
    const { versions, warnings, notCaptured } = (await readWhole(requestFor(server, database)))
      .schema
    expect(Object.keys(versions)).toEqual(needs[name])
    expect(notCaptured).toEqual([])
    expect(warnings.filter((warning) => warning.includes('READ ONLY'))).toEqual([])
    if (name !== 'mysql') return
    expect(versions['spatial reference system 999999']).toMatch(/^my own: GEOGCS\["x"/)
  })

  test('a database that is READ ONLY is said to be', async () => {
    const canBe = name === 'mysql'
    if (canBe) runClient(server, '', `ALTER DATABASE ${database} READ ONLY = 1;`)
    const { warnings } = (await readWhole(requestFor(server, database))).schema
    expect(warnings.filter((warning) => warning.includes('READ ONLY'))).toHaveLength(canBe ? 1 : 0)
  })
})
