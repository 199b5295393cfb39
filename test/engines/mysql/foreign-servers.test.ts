import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient } from './round-trip.ts'

describe.each(installedMysqlServers)('%s', (name) => {
  const away = `away ${randomBytes(3).toString('hex')}`
  const hasEngine = name === 'mariadb'
  let server: Server
  let original: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    // Where the engine is not installed, the connection is kept for another.
    const engine = hasEngine ? 'FEDERATED' : 'InnoDB'
    const install = hasEngine ? "INSTALL SONAME 'ha_federatedx';" : ''
    const password = server.password.replaceAll("'", "''")
    runClient(
      server,
      original,
      `${install} CREATE TABLE target (a int PRIMARY KEY); INSERT INTO target VALUES (7);
       CREATE SERVER \`${away}\` FOREIGN DATA WRAPPER mysql OPTIONS
         (HOST '127.0.0.1', DATABASE '${original}', USER 'root', PASSWORD '${password}', PORT ${server.port});
       CREATE SERVER \`${away} other\` FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'elsewhere');
       CREATE TABLE there (a int PRIMARY KEY) ENGINE = ${engine} CONNECTION = '${away}/target';`,
    )
  })
  afterEach(() => {
    for (const database of [copy, original]) dropDatabase(server, database)
    const install = hasEngine ? "UNINSTALL SONAME 'ha_federatedx';" : ''
    runClient(
      server,
      '',
      `DROP SERVER \`${away}\`; DROP SERVER \`${away} other\`; FLUSH TABLES; ${install}`,
    )
  })

  function known(): string {
    return runClient(
      server,
      '',
      `SELECT server_name, host, db, username, password, port, socket, wrapper, owner FROM mysql.servers WHERE server_name LIKE 'away %' ORDER BY 1`,
    )
  }

  test('the servers that tables lead to are restored, with their passwords', async () => {
    const read = await readWhole(requestFor(server, original))
    const found = read.schema.objects.filter(({ kind }) => kind === 'foreign_server')
    expect(found.map((each) => each.name)).toEqual([away])
    expect(found[0]?.sql).toContain(`\n  HOST '127.0.0.1',\n  DATABASE '${original}',\n`)
    expect(JSON.stringify(filesOf(read))).not.toContain('canary')
    expect(found[0]?.sqlSecrets).toContain('canary')
    const [table] = read.schema.objects.filter((object) => object.name === 'there')
    expect(table?.dependsOn).toEqual([{ kind: 'foreign_server', name: away }])
    const before = known()
    runClient(server, '', `DROP SERVER \`${away}\`; FLUSH TABLES;`)
    await fillWith(requestFor(server, copy), 'empty', read)
    expect(known()).toBe(before)
    if (hasEngine) expect(runClient(server, copy, 'SELECT a FROM there')).toBe('7\n')
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
    const version = read.schema.versions['plugin FEDERATED']
    expect(version !== undefined).toBe(hasEngine)
  })

  test('who may not see them is told which, and a server that is there stays as it is', async () => {
    const read = await readWhole(requestFor(server, original))
    runClient(server, '', `ALTER SERVER \`${away}\` OPTIONS (OWNER 'me');`)
    const before = known()
    await fillWith(requestFor(server, copy), 'empty', read)
    expect(known()).toBe(before)
    const user = `blind_${original}`
    const bodies = name === 'mysql' ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc'
    runClient(
      server,
      '',
      `CREATE USER ${user} IDENTIFIED BY 'canary-Blind1'; GRANT ${bodies} TO ${user};
       GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON ${original}.* TO ${user};`,
    )
    const blind = requestFor({ ...server, user, password: 'canary-Blind1' }, original)
    const { notCaptured } = (await readWhole(blind)).schema
    runClient(server, '', `DROP USER ${user};`)
    expect(notCaptured.map((each) => `${each.kind} ${each.name}`)).toEqual([
      `server ${away}`,
      `account ${original}.*`,
    ])
  })
})
