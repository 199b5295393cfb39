import { expect, test } from 'vitest'
import { encodeRows } from '../../src/csv.ts'
import { definitionLeaks } from '../../src/review/definition-leaks.ts'
import { loadKnownSecrets } from '../../src/review/known-secrets.ts'
import { redactedSample } from '../../src/review/leaks.ts'
import { nameRule } from '../../src/review/secret-names.ts'
import { tableLeaks } from '../../src/review/table-leaks.ts'

const knownSecrets = await loadKnownSecrets()

async function* text(content: string, piece = 50_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content)
  for (let start = 0; start < bytes.length; start += piece) {
    yield await Promise.resolve(bytes.subarray(start, start + piece))
  }
}

/** `column: rule` of what is found in rows. */
async function found(
  columns: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  table = 'things',
): Promise<readonly string[]> {
  const leaks = await tableLeaks(text(encodeRows([columns, ...rows])), table, knownSecrets)
  return leaks.map(({ column, rule }) => `${column}: ${rule}`)
}

async function foundIn(sql: string): Promise<readonly string[]> {
  const leaks = await definitionLeaks(sql, knownSecrets)
  return leaks.map(({ column, rule }) => (column === undefined ? rule : `${column}: ${rule}`))
}

const key = ['-----BEGIN RSA', 'PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx\n'].join(' ')
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N`

test.each([
  ['$2b$12$' + 'R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW', 'password-hash'],
  ['$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b', 'password-hash'],
  ['$6$rounds=5000$saltstring$' + 'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO', 'password-hash'],
  ['pbkdf2_sha256$260000$abcdefghijkl$' + 'Yt6bP0Rr4T6p7u0WJ1bJ8w=', 'password-hash'],
  ['scrypt:32768:8:1$abcd$' + '0123456789abcdef0123456789abcdef', 'password-hash'],
  ['{SSHA}' + 'DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3', 'password-hash'],
  ['*' + '6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9', 'password-hash'],
  ['SCRAM-SHA-256$4096:' + 'xbDEDY8PEyUHLyrmQz7cdw==$qm5zRvvvR9gvZKSE', 'password-hash'],
  ['md5' + 'a0a9bc1c15f2d1a31b7c2d4e5f607182', 'password-hash'],
  ['$P$B' + 'DfT4y1nVYcEr0r5cTqLfVwVbQkZ8u1', 'password-hash'],
  [key, 'private-key'],
  [`\\x${Buffer.from(key).toString('hex')}`, 'private-key'],
  [jwt, 'token'],
  ['curl -H "Authorization: Bearer 3f786850e387550fdab836ed7e6dc881de23001b"', 'token'],
  ['ghp_' + 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx', 'github'],
  ['xoxb-' + '123456789012-1234567890123-abcdefghijklmnopqrstuvwx', 'slack'],
  ['postgres://shop:geheim@db.internal:5432/shop', 'connection-string'],
  ['Server=db1;Database=shop;User Id=app;Password=geheim;', 'connection-string'],
  ['{"smtp": {"host": "a", "password": "hunter2"}}', 'secret-setting'],
  ['4111 1111 1111 1111', 'card-number'],
  ['378282246310005', 'card-number'],
])('the value %s is found under any name', async (value, rule) => {
  const rows = [
    ['1', 'plain text'],
    ['2', value],
    ['3', null],
  ]
  expect(await found(['id', 'note'], rows)).toContain(`note: ${rule}`)
  const inSentence = await found(['id', 'note'], [['1', `see ${value} there`]])
  if (!/^(?:\*|md5|\\x)/.test(value)) expect(inSentence).toContain(`note: ${rule}`)
})

test.each([
  ['password', 'hunter2'],
  ['smtpPassword', 'geheim'],
  ['user_passwd', '123456'],
  ['db_pwd', 'correct horse battery staple'],
  ['client_secret', 'a1'.repeat(10)],
  ['api_key', '0f8fad5bd9cb469fa165'],
  ['apikey', 'Zx81kLmq'],
  ['access_token', 'f3a9c1d07b'],
  ['token', '7c9e6679-7425-40de-944b-e07fc1f90ae7'],
  ['session_id', 'q3v7m1c9x0b2n5k8'],
  ['cookie', 'sid=8f14e45fceea167a'],
  ['salt', 'f1d2d2f924e986ac'],
  ['user_hash', '8cb2237d0679ca88db6464eac60da96345513964'],
  ['otp', '493021'],
  ['otp_secret', 'JBSWY3DPEHPK3PXP'],
  ['cvv', '123'],
  ['ssn', '078-05-1120'],
  ['iban', 'GB82 WEST 1234 5698 7654 32'],
  ['card_number', '5555555555554444'],
  ['Kennwort', 'geheim1'],
])('a column %s with %s is found', async (column, value) => {
  const rows = [
    ['1', null],
    ['2', value],
  ]
  expect((await found(['id', column], rows)).map((text) => text.split(':')[0])).toContain(column)
})

test.each([
  ['password', [null, '', '********', 'true', '0']],
  ['password_policy', ['strong-1234', 'min8upper']],
  ['password_changed_at', ['2024-01-01 10:00:00']],
  ['password_hash_algorithm', ['pbkdf2_sha256x1']],
  ['token_ttl', ['3600', '86400000000']],
  ['max_tokens', ['4096', '128000']],
  ['token', ['the', 'cat', 'comma', 'open-bracket']],
  ['token_type', ['bearer1234567']],
  ['secret', ['f', 't', 'no']],
  ['is_secret', ['1', '0']],
  ['has_password', ['yes']],
  ['secret_version', ['v20240101abc']],
  ['password_file', ['/etc/app/password1.txt']],
  ['api_key_name', ['Main-key-2024']],
  ['public_key', ['MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A']],
  ['hash_type', ['sha256sum01']],
  ['content_hash', ['8cb2237d0679ca88db6464eac60da96345513964']],
  ['session_timeout', ['1800000000']],
  ['auth_method', ['ldap-starttls-2']],
  ['auth', ['ldap', 'none', 'basic']],
  ['cookie_domain', ['a1.example.org']],
  ['cookie', ['accepted']],
  ['account_key', ['1', '2', '1234567']],
  ['client_secret', ['${CLIENT_SECRET}', '{{ secret }}', '<your secret>', 'vault:kv/app']],
  ['primary_key', ['a1b2c3d4e5f6a7b8']],
  ['key', ['a1b2c3d4e5f6', 'theme.colour']],
  ['compass', ['N12345678E']],
  ['passenger_id', ['A1B2C3D4E5']],
  ['email', ['support@example.org', 'sales@example.org', 'Bounce1@example.org']],
  ['number', ['4111111111111112', '1699999999999999', '12345678901234567890']],
  ['uuid', ['4f8fad5b-d9cb-469f-a165-70867728950e']],
  ['digits', ['0.4111111111111111', '4111111111111111.5']],
  ['price', ['$1$', '$6.00', '{SHA}']],
  ['link', ['https://example.org:8080/a@b', 'https://user@example.org/']],
  ['description', ['Enter your password: it has 8 characters. Bearer of news']],
  ['constructor', ['toString', 'valueOf']],
  ['course', ['Basic internationalization-and-more']],
  [
    'json',
    [
      '{"password": "", "token_type": "bearer1234", "password_label": "Kennwort99", "key": "theme.dark1"}',
    ],
  ],
  ['pincode', ['110001', '560034']],
  ['digest', ['8cb2237d0679ca88db6464eac60da96345513964']],
  ['secretary', ['Jane Smith', 'x9-Qq21-77b']],
  ['access_keyword', ['sommer2026x']],
  ['token_color', ['#112233']],
  ['password_hasher', ['django.contrib.auth.hashers.Argon2Hasher']],
  ['cost_per_token', ['$0.000001']],
])('a column %s with %j is none', async (column, values) => {
  expect(
    await found(
      ['id', column],
      values.map((value, index) => [`${index}`, value]),
    ),
  ).toEqual([])
})

test('a text can not say that it is not to be searched', async () => {
  const token = 'ghp_' + 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'
  const rows = [['// secretlint-disable'], ['/* secretlint-disable */ nothing'], [token]]
  expect(await found(['note'], rows)).toEqual(['note: github'])
})

test('settings are judged by the name that stands in the row', async () => {
  const settings = (name: string, value: string) =>
    found(
      ['id', 'name', 'value'],
      [
        ['1', 'theme', 'dark'],
        ['2', name, value],
      ],
      'settings',
    )
  expect(await settings('smtp_password', 'hunter2')).toEqual(['value: secret-setting'])
  expect(await settings('stripe.secret-key', 'geheim')).toEqual(['value: secret-setting'])
  expect(await settings('apiToken', 'f3a9c1d07b2e')).toEqual(['value: secret-setting'])
  for (const [name, value] of [
    ['smtp_password', ''],
    ['password_policy', 'strict99'],
    ['password_min_length', '12345678'],
    ['token_ttl', '3600'],
    ['smtp_password', '${SMTP_PASSWORD}'],
    ['login.password', 'Enter your password'],
    ['Password reset', 'geheim99'],
    ['poller', 'running'],
  ] as const) {
    expect(await settings(name, value), name).toEqual([])
  }
})

test('labels of a user interface are no secrets', async () => {
  const columns = ['locale', 'key', 'text']
  const rows = [
    ['de', 'login.password', 'kennwort'],
    ['fr', 'login.password', 'Mot de passe'],
  ]
  expect(await found(columns, rows)).toEqual([])
  expect(await found(columns, [['de', 'login.password', 'x9-Qq21-77b']])).not.toEqual([])
})

test('rows of tables that are called after secrets are judged, too', async () => {
  const random = 'f3a9c1d07b2e44d1aa90'
  expect(await found(['id', 'value'], [['1', random]], 'api_keys')).toEqual(['value: secret-table'])
  expect(await found(['id', 'data'], [[random, 'x']], 'sessions')).toEqual(['id: secret-table'])
  const uuid = '4f8fad5b-d9cb-469f-a165-70867728950e'
  expect(await found(['id', 'name'], [[uuid, 'x']], 'conference_sessions')).toEqual([])
  expect(await found(['id', 'value'], [['1', random]], 'token_types')).toEqual([])
  expect(await found(['id', 'value'], [['1', random]], 'features')).toEqual([])
  expect(await found(['id', 'value'], [['1', 'opening-keynote-day-one']], 'sessions')).toEqual([])
})

test('e-mail addresses are held when they are many and most of a column', async () => {
  const addresses = Array.from({ length: 10 }, (_, index) => [`a${index}@example.org`])
  expect(await found(['contact'], addresses)).toEqual(['contact: email-addresses'])
  expect(await found(['contact'], addresses.slice(1))).toEqual([])
  const others = Array.from({ length: 10 }, () => ['by telephone'])
  expect(await found(['contact'], [...addresses, ...others])).toEqual([])
})

test('numbers with the shape of cards are none when few have the sum', async () => {
  const numbers = Array.from({ length: 500 }, (_, index) => [
    String(4_000_000_000_000_000 + index * 7919),
  ])
  expect(await found(['reference'], numbers)).toEqual([])
})

test('a secret at the end of a large table, and one across a border of blocks, is found', async () => {
  const filler = 'x, y '.repeat(200)
  const rows = Array.from({ length: 4000 }, (_, index) => [`${index}`, filler])
  expect(await found(['id', 'note'], [...rows, ['last', jwt]])).toEqual(['note: token'])
  const long = `${'lorem ipsum '.repeat(87_381).slice(0, (1 << 20) - 15)} 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`
  expect(await found(['id', 'note'], [['1', long]])).toContain('note: github')
})

test.each([
  ["CREATE TABLE t (id int, api_token text DEFAULT 'f3a9c1d07b2e');", 'api_token: secret-name'],
  [
    "CREATE TABLE t (\n  password varchar(20) NOT NULL DEFAULT 'hunter2'\n);",
    'password: secret-name',
  ],
  ["CREATE FUNCTION f() AS $$ SELECT http('x', 'Bearer 3f786850e387550fdab836ed') $$;", 'token'],
  ["CREATE FUNCTION f(p_password text DEFAULT 'hunter2') AS $$ SELECT 1 $$;", 'secret-literal'],
  [
    "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET password = 'hunter2'; END;",
    'secret-literal',
  ],
  ['CREATE VIEW v AS SELECT \'{"api_key": "f3a9c1d07b2e"}\' AS j;', 'secret-literal'],
  ["COMMENT ON TABLE t IS 'postgres://app:geheim@db/shop';", 'connection-string'],
  [`CREATE VIEW v AS SELECT '${jwt}';`, 'token'],
  ['CREATE TABLE t (a text /* 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 */);', 'github'],
  ["INSERT INTO u VALUES ('*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9')", 'password-hash'],
])('the definition %s holds a secret', async (sql, expected) => {
  expect(await foundIn(sql)).toContain(expected)
})

test.each([
  "CREATE TABLE t (password varchar(255) DEFAULT NULL COMMENT 'bcrypt, never the text');",
  "CREATE TABLE t (password text DEFAULT '', token_type text DEFAULT 'bearer12345', token text DEFAULT 'none');",
  "CREATE TABLE t (auth text DEFAULT 'ldap', secret boolean DEFAULT 'f', max_tokens text DEFAULT '4096');",
  "CREATE FUNCTION f(p_password text) AS $$ BEGIN IF NEW.password = '' THEN RAISE EXCEPTION 'password is missing: %', 1; END IF; UPDATE u SET password = md5(NEW.password || salt); END $$;",
  "CREATE TABLE t (CHECK (token_type = 'bearer12345'), CHECK (password <> ''), UNIQUE (token));",
  'CREATE VIEW v AS SELECT 1 FROM u WHERE u.password = "users"."password" AND constructor = \'toString\';',
  "COMMENT ON COLUMN t.password IS 'The hash of the password';",
  'CREATE TRIGGER t BEFORE UPDATE ON u FOR EACH ROW SET NEW.user = OLD.user, NEW.password = OLD.password; ',
  "CREATE VIEW v AS SELECT user.password, session.token AS token FROM user WHERE host='%' and user=CURRENT_USER();",
])('the definition %s holds none', async (sql) => {
  expect(await foundIn(sql)).toEqual([])
})

test('a sample shows two characters at most, and none of a short value', () => {
  expect(redactedSample('hunter2')).toBe('7 characters')
  expect(redactedSample('ghp_wWPw5k4aXcaT4')).toBe('gh…, 17 characters')
  expect(redactedSample('\u001b[31m and more of it')).toBe('20 characters')
})

test('a rule says for which values it stands', () => {
  expect(nameRule('password')?.rule).toBe('secret-name')
  expect(nameRule('name')).toBeUndefined()
})

test('a search leaves nothing behind', async () => {
  const before = performance.getEntries().length
  for (let round = 0; round < 20; round += 1) await knownSecrets(`text ${round}`)
  expect(performance.getEntries().length).toBe(before)
})
