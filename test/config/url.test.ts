import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  absolutePath,
  holdsPlainSecret,
  readDatabaseUrl,
  withoutPlainSecrets,
} from '../../src/config/url.ts'
import { expandUrlVariables, expandVariables } from '../../src/config/variables.ts'
import { urlSchemes } from '../../src/engines/index.ts'

const base = { directory: '/srv/etc', environment: { HOME: '/home/u' } }
const read = (url: string) => readDatabaseUrl(url, urlSchemes, base)

test.each([
  ['mysql:///csv2', { url: 'mysql:///csv2', name: 'csv2' }],
  ['MySQL://h/csv2', { url: 'mysql://h/csv2', name: 'csv2' }],
  ['mysql://u:p%40%2F@h:3306/a', { url: 'mysql://u@h:3306/a', name: 'a', password: 'p@/' }],
  ['mysql://u:a:b@h/a', { url: 'mysql://u@h/a', name: 'a', password: 'a:b' }],
  ['mysql://u:p@w@h/a', { url: 'mysql://u@h/a', name: 'a', password: 'p@w' }],
  [
    'postgres://u:@[::1]:5432/a%2Fb',
    { url: 'postgres://u@[::1]:5432/a%2Fb', name: 'a/b', password: '' },
  ],
  ['postgres://u@%2Fvar%2Frun/a', { url: 'postgres://u@%2Fvar%2Frun/a', name: 'a' }],
  ['postgres://h1:1,h2:2/a', { url: 'postgres://h1:1,h2:2/a', name: 'a' }],
  ['postgres://h/..', { url: 'postgres://h/..', name: '..' }],
  ['postgres://h', { url: 'postgres://h' }],
  ['postgres://h/', { url: 'postgres://h/' }],
  [
    'postgres:///a?password=x%26&host=/run',
    { url: 'postgres:///a?host=/run', name: 'a', password: 'x&' },
  ],
  ['postgres:///a?password=x', { url: 'postgres:///a', name: 'a', password: 'x' }],
  ['sqlite:shop.db', { url: 'sqlite:/srv/etc/shop.db', name: 'shop' }],
  [
    'sqlite:../my%20shop.v2.db?mode=ro',
    { url: 'sqlite:/srv/my shop.v2.db?mode=ro', name: 'my shop.v2' },
  ],
  ['sqlite:///abs/100%25.db', { url: 'sqlite:/abs/100%25.db', name: '100%' }],
  ['sqlite://localhost/abs/x', { url: 'sqlite:/abs/x', name: 'x' }],
  ['sqlite:~/x.db', { url: 'sqlite:/home/u/x.db', name: 'x' }],
])('%s is understood', (url, expected) => {
  const { secrets, ...parts } = { secrets: [], ...read(url) }
  expect(parts).toEqual(expected)
  expect(secrets).toEqual('password' in expected && url.includes('?') ? [expected.password] : [])
})

test.each([
  'mysql://u:canary#1@h/a',
  'mysql://u:canary/1@h/a',
  'mysql://u:canary?1@h/a',
  'mysql://u:12/canary@h/a',
  'mysql://u:canary%@h/a',
  'mysql://u@h:canary/a',
  'sqlite:canary%',
  'canary:x',
])('%s is refused without being quoted', (url) => {
  const result = read(url)
  expect(result).toHaveProperty('problem')
  expect(JSON.stringify(result)).not.toContain('canary')
})

test('no password of any characters survives in the URL, and it comes back exactly', () => {
  const template = 'postgres://u:${PW}@h/a?x=1'
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
      const { text, problems } = expandUrlVariables(template, { PW: password })
      expect(problems).toEqual([])
      expect(read(text)).toEqual({ url: 'postgres://u@h/a?x=1', name: 'a', password, secrets: [] })
    }),
  )
})

test('variables are filled in, escaped and missed', () => {
  const environment = { A: 'x', EMPTY: '' }
  expect(expandVariables('${A}-$A-$${A}-${EMPTY}-$$', environment)).toEqual({
    text: 'x-$A-${A}--$$',
    problems: [],
  })
  expect(expandVariables('${A:-b}${B}${', environment).problems).toEqual([
    '"${" begins a variable, but no variable name and "}" follow',
    'the environment variable B is not set',
    '"${" begins a variable, but no variable name and "}" follow',
  ])
  // A whole URL, and what stands outside of user and password, are taken as they are.
  const whole = { URL: 'mysql://u:p%40@h/a', HOSTPORT: 'h:3306' }
  expect(expandUrlVariables('${URL}', whole).text).toBe(whole.URL)
  expect(expandUrlVariables('mysql://${HOSTPORT}/a', whole).text).toBe('mysql://h:3306/a')
})

test('plain secrets of a URL become variables', () => {
  expect(withoutPlainSecrets('mysql://u:p@w@h/a?ssl=1&sslpassword=x')).toEqual({
    url: 'mysql://u:${SCHEMA_BACKUP_PASSWORD}@h/a?ssl=1&sslpassword=${SCHEMA_BACKUP_SSLPASSWORD}',
    variables: ['SCHEMA_BACKUP_PASSWORD', 'SCHEMA_BACKUP_SSLPASSWORD'],
  })
  expect(withoutPlainSecrets('mysql://u:${PW}@h/a').variables).toEqual([])
  expect(holdsPlainSecret('mysql://u@h/a:b@c')).toBe(false)
  expect(holdsPlainSecret('mysql://u:x${PW}@h/a')).toBe(true)
  expect(holdsPlainSecret('mysql://h/a?password=x')).toBe(true)
})

test('paths begin at the directory or at home', () => {
  expect(absolutePath('~', base)).toBe('/home/u')
  expect(absolutePath('~x/y', base)).toBe('/srv/etc/~x/y')
  expect(absolutePath('/a/../b', base)).toBe('/b')
})
