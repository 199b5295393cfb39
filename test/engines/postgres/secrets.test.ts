import { describe, expect, test } from 'vitest'
import { publicConninfo } from '../../../src/engines/postgres/catalog/conninfo.ts'
import { secrecyOfMappingOption } from '../../../src/engines/postgres/catalog/secrets.ts'
import { secrecyOfOption } from '../../../src/engines/secrets.ts'

describe('options', () => {
  test.each([
    ['password', 'x'],
    ['Password', 'true'],
    ['sslpassword', 'x'],
    ['passwd', ''],
    ['db_pwd', 'x'],
    ['client_secret', 'x'],
    ['secretKey', 'x'],
    ['aws_access_key_id', 'x'],
    ['auth_token', 'x'],
    ['api-key', 'x'],
    ['key', 'abc'],
    ['authorization', 'x'],
    ['passphrase', 'x'],
    ['credentials', '{}'],
    ['anything', '-----BEGIN RSA PRIVATE KEY-----\nabc'],
    ['url', 'https://someone:hush@host/path'],
    ['url', 'https://host/path?api_key=hush'],
    ['dbname', 'host=h password=hush'],
    ['dbname', "host=h PASSWORD = 'hush'"],
    ['connection', 'Server=h;Uid=u;Pwd=hush;'],
    ['config', '{"token": "hush"}'],
    ['header', 'Bearer abcdefghijk'],
    ['id', 'AKIAABCDEFGHIJKLMNOP'],
  ])('%s = %s is secret', (name, value) => {
    expect(secrecyOfOption(name, value)).not.toBe('none')
  })

  test.each([
    ['host', 'db.example.com'],
    ['port', '5432'],
    ['user', 'me'],
    ['dbname', 'passengers'],
    ['url', 'https://host:8080/ab?x=y'],
    ['key', 'true'],
    ['key_column', 'id'],
    ['table_name', 'keys'],
    ['password_required', 'false'],
    ['require_auth', 'scram-sha-256'],
    ['sslrootcert', '/etc/root.crt'],
    ['passfile', '/home/me/.pgpass'],
    ['keep_connections', 'off'],
    ['updatable', 'true'],
  ])('%s = %s is none', (name, value) => {
    expect(secrecyOfOption(name, value)).toBe('none')
  })

  test('of a user mapping are secret, but the name of the account', () => {
    for (const name of ['user', 'username', 'user_name', 'User', 'user_id'])
      expect(secrecyOfMappingOption(name, 'me')).toBe('none')
    for (const name of ['password', 'anything', 'password_required', 'role_arn'])
      expect(secrecyOfMappingOption(name, 'x')).toBe('option')
    expect(secrecyOfMappingOption('user', 'postgres://me:hush@h/d')).toBe('value')
  })
})

describe('connection strings', () => {
  test.each([
    ['host=h dbname=d user=u', 'host=h dbname=d user=u'],
    ['', ''],
    ['host=h password=hush dbname=d', 'host=h dbname=d'],
    ['password=hush', ''],
    ["host = 'a b'  password = 'hu sh''more' dbname=d", ''],
    ["host = 'a b'  password = 'hu\\'sh' dbname=d", "host = 'a b' dbname=d"],
    ["password='hush'dbname=d", 'dbname=d'],
    ['password=hu\\ sh dbname=d', 'dbname=d'],
    ['password= hush\n sslpassword\t=\t"hush user=u', 'user=u'],
    ['password=hush\\', ''],
    ["user=u\\\\ application_name='it\\'s' password=hush", "user=u\\\\ application_name='it\\'s'"],
    ['host=h password=a password=b', 'host=h'],
    ['host=h passfile=/x', 'host=h passfile=/x'],
    ['host=h require_auth=md5', 'host=h require_auth=md5'],
    ['dbname=postgres://u:hush@h/d user=u', 'user=u'],
    ['host=h oauth_client_secret=hush', 'host=h'],
    ["options='-c x.token=hush' host=h", 'host=h'],
    ['postgres://h/d', 'postgres://h/d'],
    ['postgresql://u@h:5432/d?sslmode=require', 'postgresql://u@h:5432/d?sslmode=require'],
    ['postgres://u:hush@h/d', 'postgres://u@h/d'],
    ['postgres://u:hu%40sh:x/y?z@h1:1,h2:2/d?a=b', 'postgres://u@h1:1,h2:2/d?a=b'],
    ['postgres://:hush@h/d', 'postgres://@h/d'],
    ['postgresql:///d?host=h&password=hush&user=u', 'postgresql:///d?host=h&user=u'],
    ['postgresql:///d?p%61ssword=hush', 'postgresql:///d'],
    ['postgresql:///d?sslpassword=hush', 'postgresql:///d'],
    ['postgres://u:hush@[::1]:5432/d', 'postgres://u@[::1]:5432/d'],
    // What libpq does not understand.
    ['postgres://u:h@hush@h/d', ''],
    ['postgres://u:h@hush:5432/d@x', ''],
    ['hush', ''],
    ['host=h =hush', ''],
    ["password='hush", ''],
    ['postgres://h/d?hush', ''],
    ['postgres://h/d?%zz=hush', ''],
    ['POSTGRES://u:hush@h/d', ''],
  ])('%j is shared as %j', (conninfo, shared) => {
    expect(publicConninfo(conninfo)).toBe(shared)
    expect(publicConninfo(conninfo)).not.toContain('hush')
  })

  test('of any text are either shared without a password or not at all', () => {
    const pieces = [
      'password',
      '=',
      ' ',
      "'",
      '\\',
      'host',
      'h',
      '@',
      ':',
      '/',
      '?',
      '&',
      'postgres://',
      '\n',
    ]
    let seed = 7
    const next = (count: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % count
    }
    for (let round = 0; round < 5000; round += 1) {
      const noise = Array.from({ length: next(8) }, () => pieces[next(pieces.length)] ?? '').join(
        '',
      )
      const text = `host=x password=h\\ush ${noise}`
      expect(publicConninfo(text)).not.toMatch(/h\\?ush/)
    }
  })
})
