import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server as NetServer } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ExpectedError } from '../../../src/errors.ts'
import type { ConnectionRequest } from '../../../src/engines/connection.ts'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { connectionParameters } from '../../../src/engines/postgres/parameters.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { servers, temporaryDirectory } from '../../support/servers.ts'

const open = async (request: Partial<ConnectionRequest> & { url: string }): Promise<void> => {
  await using database = await postgres.open({ environment: {}, ...request })
  await database.sizes()
}

async function failure(
  request: Partial<ConnectionRequest> & { url: string },
): Promise<Record<string, unknown>> {
  try {
    await open(request)
  } catch (error) {
    if (error instanceof ExpectedError) {
      const { code, message, next, status } = error
      return { code, message, next, status }
    }
    throw error
  }
  throw new Error('it connected')
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

describe('what a connection needs is completed in the order of libpq', () => {
  let directory = ''
  beforeAll(async () => {
    directory = await temporaryDirectory()
    writeFileSync(
      join(directory, 'services'),
      '# comment\n[other]\nhost=wrong\n[shop]\nhost = service.example\nport=6000\nuser=service_user\ndbname=service_db\n[last]\nhost=wrong\n',
    )
  })
  const parameters = (
    url: string,
    environment: ConnectionRequest['environment'] = {},
    password?: string,
  ) => connectionParameters({ url, environment, ...(password === undefined ? {} : { password }) })

  test('defaults', async () => {
    expect(await parameters('postgres:///', { USER: 'me' })).toEqual({
      host: 'localhost',
      port: 5432,
      user: 'me',
      database: 'me',
      sslmode: 'prefer',
      timeoutMilliseconds: 10_000,
    })
    expect(await parameters('postgres://db.example/x')).toMatchObject({
      sslmode: 'verify-full',
      database: 'x',
    })
    expect(await parameters('postgres://[::1]:5433/x')).toMatchObject({
      host: '::1',
      port: 5433,
      sslmode: 'prefer',
    })
  })

  test('the URL, then the service, then the environment', async () => {
    const environment = {
      PGHOST: 'env.example',
      PGPORT: '7000',
      PGUSER: 'env_user',
      PGDATABASE: 'env_db',
      PGPASSWORD: 'env password',
      PGSSLMODE: 'require',
      PGCONNECT_TIMEOUT: '3',
      PGSERVICEFILE: join(directory, 'services'),
    }
    expect(await parameters('postgres:///', environment)).toEqual({
      host: 'env.example',
      port: 7000,
      user: 'env_user',
      database: 'env_db',
      password: 'env password',
      sslmode: 'require',
      timeoutMilliseconds: 3000,
    })
    expect(
      await parameters(
        'postgresql://u%40x@h/d%2Fb?service=shop&sslmode=verify-ca',
        environment,
        'given',
      ),
    ).toMatchObject({
      host: 'h',
      port: 6000,
      user: 'u@x',
      database: 'd/b',
      password: 'given',
      sslmode: 'verify-ca',
    })
    expect(await parameters('postgres:///', { ...environment, PGSERVICE: 'shop' })).toMatchObject({
      host: 'service.example',
      user: 'service_user',
      database: 'service_db',
      password: 'env password',
    })
    expect(await parameters('postgres:///d?host=/run/pg&port=1&user=s', environment)).toMatchObject(
      { host: '/run/pg', port: 1, user: 's' },
    )
    await expect(parameters('postgres:///?service=none', environment)).rejects.toMatchObject({
      code: 'unknown-service',
    })
  })

  test('the password file: first line that fits, escapes, wildcards, and nobody else may read it', async () => {
    const file = join(directory, 'pgpass')
    writeFileSync(
      file,
      '#x:5432:*:*:comment\nh:5432:d:someone:no\n*:5432:d\\:b:u\\\\:a\\:b:c\\\\d\nh:*:*:*:last\n',
      { mode: 0o600 },
    )
    const passwordOf = async (url: string) => (await parameters(url, { PGPASSFILE: file })).password
    expect(await passwordOf('postgres://u%5C@h/d%3Ab')).toBe('a:b:c\\d')
    expect(await passwordOf('postgres://u@h:9/x')).toBe('last')
    expect(await passwordOf('postgres://u@other/x')).toBeUndefined()
    chmodSync(file, 0o644)
    await expect(passwordOf('postgres://u@h/x')).rejects.toMatchObject({
      code: 'unsafe-password-file',
    })
    writeFileSync(join(directory, '.pgpass'), 'h:*:*:*:home\n', { mode: 0o600 })
    expect((await parameters('postgres://u@h/x', { HOME: directory })).password).toBe('home')
    chmodSync(join(directory, '.pgpass'), 0o640)
    expect((await parameters('postgres://u@h/x', { HOME: directory })).password).toBeUndefined()
  })

  test.each([
    ['postgres://h:99999999/x', 'invalid-url'],
    ['postgres://h/x?sslmode=maybe', 'invalid-url'],
    ['postgres://h/x?colour=blue', 'invalid-url'],
    ['postgres://a,b/x', 'invalid-url'],
    ['postgres://%zz@a/x', 'invalid-url'],
    ['postgres://h/x?connect_timeout=soon', 'invalid-url'],
  ])('%s is refused', async (url, code) => {
    await expect(parameters(url)).rejects.toMatchObject({ code, status: 78 })
  })
})

describe('connecting', () => {
  const server = servers().postgres15
  const database = createDatabase(server)
  const { host, port, user, password } = server
  const as = (someone: string, place = database): string =>
    `postgres://${someone}@${host}:${port}/${place}`
  const bare = as(user)

  afterAll(() => {
    dropDatabase(server, database)
  })

  test('by TCP, by socket, and with the password of each source', async () => {
    await open({ url: bare, password })
    await open({
      url: `postgres:///${database}?host=${encodeURIComponent(server.socket)}&port=${port}&user=${user}`,
      password,
    })
    await open({ url: bare, environment: { PGPASSWORD: password } })
    const directory = await temporaryDirectory()
    writeFileSync(join(directory, '.pgpass'), `${host}:${port}:*:${user}:${password}\n`, {
      mode: 0o600,
    })
    await open({ url: bare, environment: { HOME: directory } })
  })

  test('takes nothing from the variables of the process that it was not given', async () => {
    const before = { ...process.env }
    Object.assign(process.env, {
      PGPASSWORD: password,
      PGOPTIONS: '-c nonsense=1',
      PGSSLMODE: 'require',
      PGCLIENT_ENCODING: 'LATIN1',
    })
    try {
      await open({ url: bare, password })
      expect(await failure({ url: bare })).toMatchObject({ code: 'authentication-failed' })
    } finally {
      process.env = before
    }
  })

  test('says what is wrong and what to do, never the password', async () => {
    const secret = 'CANARY-password'
    const silent = createServer()
    const cases: readonly (readonly [string, Partial<ConnectionRequest> & { url: string }])[] = [
      ['authentication-failed', { url: bare, password: secret }],
      ['authentication-failed', { url: as('nobody_here'), password: secret }],
      ['authentication-failed', { url: bare }],
      ['unknown-database', { url: as(user, 'no_such_database'), password }],
      ['connection-refused', { url: `postgres://u@127.0.0.1:1/x`, password: secret }],
      [
        'connection-refused',
        { url: `postgres:///x?host=/nonexistent/directory`, password: secret },
      ],
      ['host-unknown', { url: 'postgres://host.invalid/x', password: secret }],
      [
        'connection-timeout',
        {
          url: `postgres://127.0.0.1:${await listen(silent)}/x?connect_timeout=1`,
          password: secret,
        },
      ],
      ['tls-refused', { url: `${bare}?sslmode=require`, password: secret }],
      ['tls-refused', { url: `${bare}?sslmode=verify-full`, password: secret }],
    ]
    for (const [code, request] of cases) {
      const error = await failure(request)
      expect(error).toMatchObject({
        code,
        status: 2,
        next: expect.stringMatching(/.{15}/) as string,
      })
      expect(JSON.stringify([error['message'], error['next']])).not.toContain(secret)
    }
    silent.close()
  })

  test('tells a role that may not connect', async () => {
    runSql(
      server,
      'postgres',
      `DROP ROLE IF EXISTS outsider; CREATE ROLE outsider LOGIN PASSWORD 'x'; REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`,
    )
    const error = await failure({ url: as('outsider'), password: 'x' })
    expect(error).toMatchObject({
      code: 'authentication-failed',
      next: expect.stringContaining('GRANT CONNECT') as string,
    })
  })
})

describe('TLS', () => {
  let port = 0
  let certificate = ''
  let server: NetServer
  // Answers as a server does up to the handshake: what is tested is whom the client trusts, before any login.
  beforeAll(async () => {
    const directory = await temporaryDirectory()
    const [key, file] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=db.example',
        '-addext',
        'subjectAltName=DNS:db.example',
        '-keyout',
        key,
        '-out',
        file,
      ],
      { stdio: 'ignore' },
    )
    certificate = file
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write('S')
        const secure = new TLSSocket(socket, {
          isServer: true,
          key: readFileSync(key),
          cert: readFileSync(file),
        })
        secure.on('error', () => undefined)
        // A login that the server cuts off: the client has trusted it.
        secure.once('data', () => secure.end())
      })
    })
    port = await listen(server)
  })
  afterAll(() => {
    server.close()
  })

  const codeOf = async (parameters: string): Promise<unknown> =>
    (await failure({ url: `postgres://u@127.0.0.1:${port}/x?${parameters}`, password: 'p' }))[
      'code'
    ]

  test('trusts nobody by default, the named authority on demand, and the name in the certificate only', async () => {
    expect(await codeOf('sslmode=verify-full')).toBe('tls-not-verified')
    expect(await codeOf('sslmode=verify-ca')).toBe('tls-not-verified')
    expect(await codeOf(`sslmode=verify-full&sslrootcert=${certificate}`)).toBe('tls-not-verified')
    expect(await codeOf(`sslmode=verify-ca&sslrootcert=${certificate}`)).toBe('connection-failed')
    expect(await codeOf('sslmode=require')).toBe('connection-failed')
    expect(await codeOf(`sslmode=require&sslrootcert=${certificate}`)).toBe('connection-failed')
    expect(await codeOf('sslmode=verify-ca&sslrootcert=/nonexistent')).toBe('unreadable-file')
  })
})
