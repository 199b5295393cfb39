import { afterAll, describe, expect } from 'vitest'
import { host, lists, shop, test, type Project } from '../cli/project.ts'
import { everyByte, found, subjects, touchStates } from '../cli/witness.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

/** Secrets that no run may show: the rule that each is found by stands beside it. */
const secret = {
  setting: 'Hunter-2-canary-setting',
  hash: '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW',
  password: 'canary-password-5',
  key: '-----BEGIN PRIVATE KEY-----\nMIIEcanary1key2MIIEcanary1key2\n-----END PRIVATE KEY-----\n',
  token: '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',
  card: '4111111111111111',
  connection: 'postgres://app:canary-connection-6@db1/shop',
  address: 'canary-address-0@example.org',
}
const secrets = Object.values(secret).map((value) => value.slice(3).split('\n')[0] ?? '')

const addresses = Array.from(
  { length: 12 },
  (_, index) => `(${index}, 'canary-address-${index}@example.org')`,
)

const leaky = `${shop}
INSERT INTO settings (name, value) VALUES ('smtp_password', '${secret.setting}');
CREATE TABLE staff (id INTEGER PRIMARY KEY, note TEXT, password TEXT);
INSERT INTO staff VALUES (1, NULL, ''), (2, 'x', '${secret.password}');
CREATE TABLE texts (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT, d TEXT, e BLOB);
INSERT INTO texts VALUES (1, '${secret.hash}', '${secret.token}', 'card ${secret.card}', '${secret.connection}', CAST('${secret.key}' AS BLOB));
CREATE TABLE contacts (id INTEGER PRIMARY KEY, reached TEXT);
INSERT INTO contacts VALUES ${addresses.join(', ')};
`
const leakyLists = lists.replace('global: [', 'global: [staff, texts, contacts, ')

function configured(guard: string, categories = leakyLists): string {
  return `database: sqlite:../shop.db\n${guard}${categories}`
}

/** What the directories hold, save for the two files of a repository that a first run makes. */
function statesOf(project: Project) {
  const shared = Object.entries(touchStates(project.shared))
  const made = ['.git/HEAD', '.git/config']
  return [shared.filter(([path]) => !made.includes(path)), touchStates(project.private)]
}

/** Runs a snapshot that a guard must hold: nothing may have changed, and no secret be told. */
async function expectHeld(project: Project, words: readonly string[] = []): Promise<string> {
  const before = statesOf(project)
  const { status, stdout, stderr } = await project.run(words)
  expect({ status, stderr }, stdout).toEqual({ status: 3, stderr: '' })
  expect(statesOf(project)).toEqual(before)
  expect(found(secrets, stdout)).toEqual([])
  return stdout
}

describe.concurrent('a commit is held for secrets', () => {
  test('in rows of the first snapshot, and made when each is allowed', async ({ newProject }) => {
    const project = await newProject(leaky, leakyLists)
    const stdout = await expectHeld(project)
    for (const line of [
      'column value of the table settings holds what looks like a secret setting: Hu…, 23 characters.',
      'column password of the table staff holds what looks like a secret: ca…, 17 characters.',
      'column a of the table texts holds what looks like a password hash: $2…, 60 characters.',
      'column b of the table texts holds what looks like a secret (github): gh…, 40 characters.',
      'column c of the table texts holds what looks like a card number: 41…, 16 characters.',
      'column d of the table texts holds what looks like a connection string with a password:',
      'column e of the table texts holds what looks like a private key:',
      'column reached of the table contacts holds what looks like many e-mail addresses: ca…, 28 characters.',
      'put the table into `local` instead of `global`, or `mask` the column',
    ]) {
      expect(stdout).toContain(line)
    }
    expect(found(secrets, everyByte(project.shared))).toEqual([])
    const offered = /^ {2}(leak_guard: .*)$/m.exec(stdout)?.[1] ?? ''
    expect(offered).toContain('settings.value')
    project.configure(configured("leak_guard: {allow: [staff, '*.{a,b,c,d}', texts.e]}\n"))
    const fewer = await expectHeld(project)
    expect(fewer.match(/held: /g)).toHaveLength(2)
    expect(fewer).toContain('  leak_guard: {allow: [contacts.reached, settings.value]}\n')
    project.configure(configured(`${offered}\n`))
    const allowed = await project.succeed()
    expect(allowed.stdout).toContain('committed')
    expect(found(secrets, allowed.stdout)).toEqual([])
    expect(project.file('tables/staff.csv')).toContain(secret.password)
  })

  test('only where something is new', async ({ project }) => {
    project.configure(configured('leak_guard: {enabled: false}\n', lists))
    project.sql(`INSERT INTO settings (name, value) VALUES ('smtp_password', '${secret.setting}')`)
    await project.succeed()
    project.configure(configured('', lists))
    project.sql("INSERT INTO countries VALUES ('it', 'Italy')")
    await project.succeed()
    project.sql("INSERT INTO settings (name, value) VALUES ('colour', 'red')")
    expect(await expectHeld(project)).toContain('column value of the table settings')
    project.configure(
      configured('', lists.replace(', settings]', ']').replace('[users', '[users, settings')),
    )
    expect(subjects(project.shared)).toHaveLength(2)
    const { status, stdout } = await project.run(['--accept-shrink', 'settings'])
    expect({ status, held: stdout.includes('held:') }).toEqual({ status: 0, held: false })
    expect(project.file('tables/settings.csv', project.private)).toContain(secret.setting)
  })

  test('never for rows that are not committed', async ({ project }) => {
    project.sql(`
      INSERT INTO users (email) SELECT email || users.rowid FROM users, countries, settings;
      INSERT INTO sessions VALUES (2, '${secret.token}'); INSERT INTO scratch VALUES ('${secret.hash}');`)
    expect((await project.succeed()).stdout).toContain('committed')
  })

  test('in definitions, and made when the object is allowed', async ({ newProject }) => {
    const project = await newProject(
      `${shop}
      CREATE TABLE devices (id INTEGER PRIMARY KEY, api_token TEXT DEFAULT '${secret.password}');
      CREATE TABLE notes (a TEXT /* ${secret.connection} */);
      CREATE VIEW remote AS SELECT '${secret.token}' AS header;
      CREATE TRIGGER resets AFTER INSERT ON countries BEGIN UPDATE staff SET password = '${secret.setting}'; END;
      CREATE TABLE staff (id INTEGER PRIMARY KEY, password TEXT);`,
      lists.replace('ephemeral: [', 'ephemeral: [devices, notes, staff, '),
    )
    const stdout = await expectHeld(project)
    for (const line of [
      'The definition of the table devices, column api_token, holds what looks like a secret: ca…, 17 characters.',
      'The definition of the table notes holds what looks like a connection string with a password:',
      'The definition of the view remote holds what looks like a secret (github): gh…, 40 characters.',
      'The definition of the table countries holds what looks like a secret: Hu…, 23 characters.',
      '  leak_guard: {allow: ["table countries", "table devices", "table notes", "view remote"]}\n',
    ]) {
      expect(stdout).toContain(line)
    }
    expect(stdout).not.toContain('`local` instead')
    const settings = lists.replace('ephemeral: [', 'ephemeral: [devices, notes, staff, ')
    project.configure(configured('leak_guard: {allow: ["table *", remote, devices]}\n', settings))
    expect((await expectHeld(project)).match(/held: /g)).toHaveLength(1)
    project.configure(configured('leak_guard: {allow: ["table *", "view remote"]}\n', settings))
    await project.succeed()
  })

  test('and says so under cron, in a dry run and as JSON', async ({ newProject }) => {
    const project = await newProject(leaky, leakyLists)
    const quiet = await project.run(['--quiet'])
    expect(quiet).toMatchObject({ status: 3, stdout: '' })
    expect(quiet.stderr).toContain(`${host}/shop: held (status 3):\n  held: The column`)
    expect(found(secrets, quiet.stderr)).toEqual([])
    await expectHeld(project, ['--dry-run'])
    const report: unknown = JSON.parse(await expectHeld(project, ['--json']))
    const leak = {
      kind: 'table',
      object: 'staff',
      column: 'password',
      rule: 'secret-name',
      sample: 'ca…, 17 characters',
    }
    expect(report).toMatchObject({
      status: 3,
      databases: [
        {
          outcome: 'held',
          held: expect.arrayContaining([
            expect.objectContaining({ name: 'staff.password', leak }),
          ]) as unknown,
        },
      ],
    })
  })

  test('before a database is replaced, too: then there would be no way back', async ({
    project,
  }) => {
    const allowed = `${lists}restore: {allow_restore: true}\n`
    project.configure(configured('', allowed))
    await project.succeed()
    project.sql(`INSERT INTO settings (name, value) VALUES ('smtp_password', '${secret.setting}')`)
    const replace = ['restore', '--to', 'sqlite:shop.db', '--replace', '--confirm', 'shop.db']
    const { status, stderr } = await project.run(replace)
    expect({ status, told: found(secrets, stderr) }).toEqual({ status: 2, told: [] })
    expect(stderr).toContain(
      '[snapshot-failed] The snapshot of "shop" before its replacement was held',
    )
    expect(project.sql("SELECT value FROM settings WHERE name = 'smtp_password'")).toBe(
      `${secret.setting}\n`,
    )
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('never for a masked column', async ({ newProject }) => {
    const project = await newProject(
      `${shop} CREATE TABLE staff (id INTEGER PRIMARY KEY, password TEXT); INSERT INTO staff VALUES (1, '${secret.password}');`,
      `${lists.replace('global: [', 'global: [staff, ')}mask: {staff.password: hash}\n`,
    )
    await project.succeed()
    expect(project.file('tables/staff.csv')).not.toContain(secret.password)
  })

  test('never for what only looks a little like one', async ({ newProject }) => {
    const project = await newProject(
      `${shop}
      INSERT INTO settings (name, value) VALUES ('password_policy', 'strict-12'), ('token_ttl', '86400'), ('smtp_password', ''),
        ('session.cookie_name', 'SID_2024_x'), ('ldap_password', '\${LDAP_PASSWORD}'), ('max_tokens', '128000');
      CREATE TABLE staff (id INTEGER PRIMARY KEY, password TEXT DEFAULT '', password_changed_at TEXT, is_secret INTEGER, token_count INTEGER);
      INSERT INTO staff VALUES (1, NULL, '2024-01-01 00:00:00', 1, 123456), (2, '********', NULL, 0, 5);
      CREATE TABLE migrations (id INTEGER PRIMARY KEY, hash TEXT, file TEXT);
      INSERT INTO migrations VALUES (1, '8cb2237d0679ca88db6464eac60da96345513964', '0001_init.sql');
      CREATE TABLE articles (id TEXT PRIMARY KEY, contact TEXT, number TEXT);
      INSERT INTO articles VALUES ('4f8fad5b-d9cb-469f-a165-70867728950e', 'support@example.org', '4111111111111112');`,
      lists.replace('global: [', 'global: [staff, migrations, articles, '),
    )
    await project.succeed()
  })
})

describe('a commit is held for secrets', () => {
  const databases: (() => void)[] = []
  afterAll(() => {
    for (const drop of databases) drop()
  })

  test('in routines, comments and defaults of a server', async ({ newProject }) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    databases.push(() => {
      dropDatabase(server, database)
    })
    runSql(
      server,
      database,
      `CREATE SCHEMA app;
       CREATE FUNCTION app.call(a text) RETURNS text LANGUAGE sql AS $$ SELECT a || 'Authorization: Bearer 3f786850e387550fdab836ed' $$;
       CREATE FUNCTION app.call(a integer) RETURNS text LANGUAGE sql AS $$ SELECT 'harmless' $$;
       CREATE TABLE app.jobs (id integer PRIMARY KEY, secret text DEFAULT '${secret.password}');
       COMMENT ON TABLE app.jobs IS 'kept in ${secret.connection}';
       INSERT INTO app.jobs VALUES (1, '${secret.setting}');`,
    )
    const project = await newProject('')
    const settings = `database: {url: '${server.url(database)}', name: shop}\nglobal: [app.jobs]\n`
    project.configure(settings)
    const stdout = await expectHeld(project)
    for (const line of [
      'The definition of the function app.call holds what looks like a token: 3f…, 24 characters.',
      'The definition of the table app.jobs, column secret, holds what looks like a secret: ca…',
      'The definition of the table app.jobs holds what looks like a connection string with a password:',
      'The column secret of the table app.jobs holds what looks like a secret: Hu…, 23 characters.',
      '  leak_guard: {allow: ["function app.call", app.jobs.secret, "table app.jobs"]}\n',
    ]) {
      expect(stdout).toContain(line)
    }
    project.configure(
      `${settings}leak_guard: {allow: ["function call", "table app.*", jobs.secret]}\n`,
    )
    await project.succeed()
    runSql(server, database, 'CREATE SCHEMA other')
    await project.succeed()
  })
})
