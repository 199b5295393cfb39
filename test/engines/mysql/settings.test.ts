import { expect, test } from 'vitest'
import type { OptionLine } from '../../../src/engines/mysql/option-file.ts'
import { resolveSettings } from '../../../src/engines/mysql/settings.ts'
import { ExpectedError } from '../../../src/errors.ts'

const environment = {
  MYSQL_HOST: 'from-environment',
  MYSQL_TCP_PORT: '1111',
  MYSQL_PWD: 'environment secret',
  MYSQL_USER: 'environment_user',
  MYSQL_DATABASE: 'environment_database',
}
const options: OptionLine[] = [
  { group: 'mysqldump', name: 'host', value: 'not-read' },
  { group: 'client', name: 'host', value: 'from-file' },
  { group: 'client', name: 'password', value: 'file secret' },
  { group: 'schema_backup', name: 'user', value: 'file_user' },
]

test('the URL beats the option file, which beats the environment', () => {
  const url = 'mysql://u%40x@from-url:3307/d%2Fb'
  const all = resolveSettings({ url, password: 'url secret', environment }, { options })
  expect(all).toMatchObject({
    host: 'from-url',
    port: 3307,
    user: 'u@x',
    password: 'url secret',
    database: 'd/b',
  })
  expect(resolveSettings({ url: 'mariadb:///db', environment }, { options })).toMatchObject({
    host: 'from-file',
    port: 1111,
    user: 'file_user',
    password: 'file secret',
    database: 'db',
  })
  expect(resolveSettings({ url: 'mysql://', environment }, { options: [] })).toMatchObject({
    host: 'from-environment',
    user: 'environment_user',
    password: 'environment secret',
    database: 'environment_database',
  })
})

test('localhost without a port means the socket', () => {
  const machine = { options: [], defaultSocket: '/usual.sock' }
  const socketOf = (url: string, more = {}) =>
    resolveSettings({ url, environment: more }, machine).socket
  expect(socketOf('mysql://localhost/db')).toBe('/usual.sock')
  expect(socketOf('mysql:///db', { MYSQL_UNIX_PORT: '/other.sock' })).toBe('/other.sock')
  expect(socketOf('mysql://localhost:3306/db')).toBeUndefined()
  expect(socketOf('mysql://127.0.0.1/db')).toBeUndefined()
  expect(socketOf('mysql://db.example/db?socket=%2Fmy%20own.sock')).toBe('/my own.sock')
})

test('TLS is verified unless the server is this machine or the user says otherwise', () => {
  const modeOf = (url: string, lines: OptionLine[] = []) =>
    resolveSettings({ url, environment: {} }, { options: lines }).tls.mode
  expect(modeOf('mysql://db.example/db')).toBe('verify-identity')
  expect(modeOf('mysql://127.0.0.1/db')).toBe('disabled')
  expect(modeOf('mysql://[::1]/db')).toBe('disabled')
  expect(modeOf('mysql://127.0.0.1.example/db')).toBe('verify-identity')
  expect(modeOf('mysql://localhost/db?ssl-ca=/ca.pem')).toBe('verify-identity')
  expect(modeOf('mysql://db.example/db?ssl_mode=REQUIRED')).toBe('required')
  expect(modeOf('mysql://db.example/db', [{ group: 'client', name: 'skip-ssl' }])).toBe('disabled')
  const unverified = { group: 'client', name: 'ssl-verify-server-cert', value: '0' }
  expect(modeOf('mysql://db.example/db', [unverified])).toBe('required')
})

test.each([
  ['mysql://host/', 'names no database'],
  ['mysql://host:99999/db', 'port'],
  ['mysql://host/db?sslmode=off', 'unknown parameter "sslmode"'],
  ['mysql://host/db?ssl-mode=maybe', 'ssl-mode'],
  ['mysql://host/db?connect-timeout=soon', 'connect-timeout'],
  ['mysql://host/%zz', '%'],
])('%s is refused', (url, part) => {
  const resolve = () => resolveSettings({ url, environment: {} }, { options: [] })
  expect(resolve).toThrow(ExpectedError)
  expect(resolve).toThrow(part)
})
