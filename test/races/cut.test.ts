import { connect, createServer, type AddressInfo } from 'node:net'
import { describe, expect } from 'vitest'
import { test } from '../cli/project.ts'
import { treeOf } from '../cli/witness.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { installedMysqlServers } from '../support/mysql-servers.ts'
import { servers, type ServerName } from '../support/servers.ts'
import { postgresOfRaces } from './places.ts'

const engines: readonly ServerName[] = [...postgresOfRaces, ...installedMysqlServers]

/** Definitions and all else that is asked take less than this; the rows take more. */
const cutAfterBytes = 2_000_000

/** Stands before a server and cuts each line after so many bytes of answers. */
async function startCuttingProxy(port: number) {
  const cuts = { count: 0 }
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let bytes = 0
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    client.on('data', (block) => upstream.write(block))
    upstream.on('data', (block) => {
      bytes += block.length
      if (bytes <= cutAfterBytes) client.write(block)
      else {
        cuts.count += 1
        end()
      }
    })
  })
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready))
  return { port: (proxy.address() as AddressInfo).port, cuts, close: () => proxy.close() }
}

const fill = (number: number) =>
  Array.from({ length: 40 }, (_, row) => `(${number * 40 + row}, repeat('x', 5000))`).join(', ')

describe.each(engines)('%s: a connection that is cut amid the rows', (name) => {
  test('ends with status 2, and changes no file', async ({ newProject, onTestFinished }) => {
    const server = servers()[name]
    const database = createDatabase(server)
    const proxy = await startCuttingProxy(server.port)
    onTestFinished(() => {
      proxy.close()
      dropDatabase(server, database)
    })
    const text = name.startsWith('postgres') ? 'text' : 'longtext'
    runSql(
      server,
      database,
      `CREATE TABLE a (id integer PRIMARY KEY); INSERT INTO a VALUES (1);
       CREATE TABLE big (id integer PRIMARY KEY, v ${text}); INSERT INTO big VALUES (-1, 'first');`,
    )
    const project = await newProject('')
    const url = server
      .url(database)
      .replace(/^mariadb\d+:/, 'mariadb:')
      .replace(/^postgres\d+:/, 'postgres:')
    const configure = (port: number) => {
      const through = url.replace(`:${server.port}/`, `:${port}/`)
      project.configure(`database: {url: '${through}', name: shop}\nglobal: [a, big]\n`)
    }
    configure(proxy.port)
    await project.succeed()
    const before = treeOf(project.shared)
    for (let number = 0; number < 25; number += 1) {
      runSql(server, database, `INSERT INTO big VALUES ${fill(number)}`)
    }
    runSql(server, database, 'INSERT INTO a VALUES (2)')
    const { status, stderr } = await project.run()
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('[connection-lost]') as string,
    })
    expect(proxy.cuts.count).toBe(1)
    expect(treeOf(project.shared)).toEqual(before)
    configure(server.port)
    await project.succeed()
    expect(project.git('ls-tree', '-r', '--name-only', 'HEAD')).toContain('tables/big')
  })
})
