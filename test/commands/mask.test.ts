import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, test, type Project } from '../cli/project.ts'
import { vendors } from '../cli/vendor.ts'
import { everyByte, found, placedPaths, subjects } from '../cli/witness.ts'
import { runSqlite } from '../support/databases.ts'

/** What must stand in no file but the database itself. */
const secrets = [
  'canary-one@example.org',
  'canary-two@example.org',
  '+49-canary',
  'Canary, "Ann"',
  'canary-code',
]

const people = `
CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  email VARCHAR(100) NOT NULL UNIQUE,
  phone VARCHAR(20),
  name VARCHAR(40) NOT NULL,
  code CHAR(20),
  note CHAR(8),
  plain VARCHAR(40)
);
CREATE TABLE friends (id INTEGER PRIMARY KEY, friend_email TEXT);
INSERT INTO people VALUES (1, 'canary-one@example.org', '+49-canary', 'Canary, "Ann"', 'canary-code', 'x', 'kept');
INSERT INTO people VALUES (2, 'canary-two@example.org', NULL, 'Canary, "Ann"', 'canary-code', 'canary', NULL);
INSERT INTO friends VALUES (7, 'canary-two@example.org'), (8, NULL);
`
const masks = `global: [people, friends]
mask:
  people.email: hash
  people.phone: null
  people.name: 'N. "N".'
  people.code: hash
  people.note: {text: hash}
  'fr*.friend_email': hash
`

/** The database's own directory, with or without a schema. */
function tableFile(project: Project, name: string): string {
  const schema = existsSync(join(project.shared, host, 'shop', 'public')) ? 'public/' : ''
  return project.file(`${schema}tables/${name}`)
}

function expectNoSecrets(project: Project, said: string): void {
  const bytes = everyByte(project.shared) + everyByte(project.private) + said
  expect(found(secrets, bytes)).toEqual([])
}

/** One of each product. */
const products = vendors.filter(({ name }) => ['sqlite', 'mariadb', 'postgres18'].includes(name))

describe.each(products)('masks on $name', (vendor) => {
  test('keep values out of the repository, and are the same for the same value', async ({
    newProject,
    onTestFinished,
  }) => {
    const original = await vendor.create()
    onTestFinished(() => {
      original.remove()
    })
    original.sql(people)
    const project = await newProject('', '')
    project.configure(
      `database: {url: "${original.url}", name: shop}\n${masks}${vendor.verifyBlock()}`,
    )
    const said: string[] = []
    for (const words of [['--verbose'], ['--json']]) {
      const { status, stdout, stderr } = await project.run(words)
      expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' })
      said.push(stdout)
    }
    expect(JSON.parse(said[1] ?? '')).toMatchObject({
      databases: [{ outcome: 'unchanged', warnings: [] }],
    })
    const [first = '', second = ''] = tableFile(project, 'people.csv').split('\n').slice(1)
    expect(first).toMatch(/^1,[0-9a-f]{64},,"N\. ""N""\.",[0-9a-f]{20},hash *,kept$/)
    const hash = second.split(',')[1] ?? ''
    expect(tableFile(project, 'friends.csv')).toBe(`id,friend_email\n7,${hash}\n8,\n`)
    expect(tableFile(project, 'people.sql')).toContain(
      '-- Masked: email (hash), phone (null), name (text), code (hash), note (text)\n',
    )

    original.sql("UPDATE people SET phone = '+49-canary', name = 'Canary, \"Ann\"!', note = 'z'")
    expect((await project.succeed()).stdout).toBe('')
    original.sql("UPDATE people SET email = 'canary-three@example.org' WHERE id = 1")
    expect((await project.succeed()).stdout).toContain('people 1 row')
    const environment = await vendor.environment()
    const verified = await project.run(['verify', '--vendor'], { environment })
    expect(verified).toMatchObject({ status: 0, stderr: '' })
    expect(verified.stdout).toContain(
      'of people come as masked values.'.replace(
        'people',
        vendor.name.startsWith('postgres') ? 'public.people' : 'people',
      ),
    )
    said.push(verified.stdout)

    const wrong = '{people.id: hash, people.email: nobody, people.name: null}'
    project.configure(
      `database: {url: "${original.url}", name: shop}\nglobal: [people]\nmask: ${wrong}\n`,
    )
    const refused = await project.run()
    expect(refused.status).toBe(78)
    for (const why of [
      'people.id" can\'t be masked (hash): it belongs to the key',
      'people.email" can\'t be masked (text): it is unique',
      'people.name" can\'t be masked (null): it is NOT NULL',
    ])
      expect(refused.stderr + refused.stdout).toContain(why)
    expectNoSecrets(project, [...said, refused.stdout, refused.stderr].join(''))
    expect(found(['canary'], everyByte(project.shared))).toEqual([])
  })
})

const lists = 'database: sqlite:../shop.db\nglobal: [people, friends]\n'

describe.concurrent('a masked snapshot', () => {
  test('is restored as masked, and said so, and a copy of the live database is whole', async ({
    newProject,
  }) => {
    const project = await newProject(people)
    project.configure(`database: sqlite:../shop.db\nrestore: {allow_restore: true}\n${masks}`)
    await project.succeed()
    const ended = await project.succeed(['restore', '--to', 'sqlite:copy.db', '--json'])
    const message =
      'The columns email (hash), phone (null), name (text), code (hash), note (text) of people come as masked values.'
    expect(JSON.parse(ended.stdout)).toMatchObject({
      warnings: [
        {
          code: 'masked',
          message: 'The column friend_email (hash) of friends comes as masked values.',
        },
        { code: 'masked', message },
      ],
    })
    const copy = join(project.directory, 'copy.db')
    expect(runSqlite(copy, 'SELECT id, phone, name, length(email) FROM people')).toBe(
      '1||N. "N".|64\n2||N. "N".|64\n',
    )
    await project.succeed(['clone', '--suffix', 'whole'])
    const clone = join(project.directory, 'shop_whole.db')
    expect(runSqlite(clone, 'SELECT email FROM people WHERE id = 1')).toBe(`${secrets[0] ?? ''}\n`)
  })

  test('has masks that only the key of its private directory makes', async ({ newProject }) => {
    const [one, other] = [await newProject(people), await newProject(people)]
    const file = '.mask-key'
    for (const project of [one, other]) {
      project.configure(lists + 'mask: {people.email: hash}\n')
      await project.succeed(['--dry-run'])
      expect(existsSync(join(project.private, file))).toBe(false)
      await project.succeed()
      expect(statSync(join(project.private, file)).mode & 0o777).toBe(0o600)
    }
    const rows = (project: Project) => project.file('tables/people.csv')
    expect(rows(one)).not.toBe(rows(other))
    writeFileSync(join(other.private, file), readFileSync(join(one.private, file)))
    await other.succeed()
    expect(rows(one)).toBe(rows(other))
  })

  test('changes with its key, and is not written with a damaged one', async ({ newProject }) => {
    const one = await newProject(people)
    const file = join(one.private, '.mask-key')
    one.configure(lists + 'mask: {people.email: hash}\n')
    await one.succeed()
    writeFileSync(file, 'cut off')
    const before = placedPaths(one.shared).map((path) =>
      readFileSync(join(one.shared, path), 'utf8'),
    )
    const damaged = await one.run()
    expect(damaged.status).toBe(2)
    expect(damaged.stdout + damaged.stderr).toContain('is no key of masks')
    expect(
      placedPaths(one.shared).map((path) => readFileSync(join(one.shared, path), 'utf8')),
    ).toEqual(before)
    rmSync(file)
    expect((await one.succeed()).stdout).toContain('people 2 rows')
  })

  test('leaves the rows of local tables whole, and says that it does', async ({ newProject }) => {
    const project = await newProject(people)
    project.configure(
      'database: sqlite:../shop.db\nglobal: [friends]\nlocal: [people]\nmask: {people.email: hash}\n',
    )
    const { status, stdout } = await project.run()
    expect(status).toBe(0)
    expect(stdout).toContain('names "people.email", which masks nothing: its table is not `global`')
    expect(project.file('tables/people.csv', project.private)).toContain(secrets[0])
    expect(found(secrets.slice(0, 1), everyByte(project.shared))).toEqual([])
  })
})

const misfits = `${people}
CREATE TABLE numbers (id INTEGER PRIMARY KEY, amount INTEGER, short VARCHAR(5), day DATE, word TEXT, UNIQUE (word, day));
CREATE TABLE keyless (word TEXT) STRICT;
`
const refused = `mask:
  numbers.amount: hash
  numbers.short: hash
  numbers.day: '1970-01-01'
  numbers.word: x
  people.id: null
  people.email: null
  people.note: hash
  keyless.word: hash
  people.e_mail: hash
  'peo*.phone': hash
  '*le.phone': null
`
const reasons = [
  '6:3: "numbers.amount" can\'t be masked (hash): the mask needs a column of text, and the column is of INTEGER.',
  '7:3: "numbers.short" can\'t be masked (hash): the mask needs 16 characters, and the column is of VARCHAR(5).',
  '8:3: "numbers.day" can\'t be masked (text): it is unique, and all rows would be the same.',
  '9:3: "numbers.word" can\'t be masked (text): it is unique, and all rows would be the same.',
  '10:3: "people.id" can\'t be masked (null): it belongs to the key that tells the rows from one another.',
  '11:3: "people.email" can\'t be masked (null): it is NOT NULL.',
  '12:3: "people.note" can\'t be masked (hash): the mask needs 16 characters, and the column is of CHAR(8).',
  '13:3: "keyless.word" can\'t be masked (hash): its table has no key, so that the order of the rows would tell the order of the values.',
  '14:3: `mask` names "people.e_mail": people has no such column.',
  '16:3: "people.phone" is masked otherwise by ',
]

describe.concurrent('a mask is refused, and nothing is written,', () => {
  test('where rows could not be told apart, ordered or restored with it', async ({
    newProject,
  }) => {
    const project = await newProject(misfits)
    project.configure(`database: sqlite:../shop.db\nglobal: ['*']\n${refused}`)
    const { status, stdout, stderr } = await project.run()
    const said = stdout + stderr
    for (const reason of reasons) expect(said).toContain(`schema_backup.conf:${reason}`)
    expect({ status, refusals: said.match(/schema_backup\.conf:/g)?.length }).toEqual({
      status: 78,
      refusals: reasons.length + 1,
    })
    expectNoSecrets(project, said)
    expect(subjects(project.shared)).toEqual([])
    const checked = await project.run(['check'])
    expect(checked.status).toBe(1)
    for (const reason of reasons) expect(checked.stdout).toContain(reason)
  })

  test('without a private directory for the key of digests', async ({ newProject }) => {
    const project = await newProject(people)
    project.configure(`${lists}mask: {people.email: hash, email: null, people.code: 7}\n`, '')
    const { status, stderr } = await project.run()
    expect(status).toBe(78)
    expect(stderr).toContain('schema_backup.conf:4:8: expected a `user_data_backup_dir`')
    expect(stderr).toContain(
      'schema_backup.conf:4:28: expected `table.column` or `schema.table.column`',
    )
    expect(stderr).toContain(
      '`mask.people.code`: expected `hash`, `null` or a text, found a number',
    )
  })
})

test('what names no column is told, once for databases that share it', async ({ newProject }) => {
  const project = await newProject(people)
  const second = join(project.directory, 'second.db')
  runSqlite(second, 'CREATE TABLE other (id INTEGER PRIMARY KEY, email TEXT)')
  project.configure(
    'databases: {one: "sqlite:../shop.db", two: "sqlite:../second.db"}\nglobal: ["*"]\nmask: {people.email: hash, other.email: null, gone.email: hash}\n',
  )
  const { status, stdout } = await project.run()
  expect(status).toBe(0)
  expect(stdout).toContain('`mask` names the column "gone.email", which does not exist.')
  expect(stdout).not.toContain('"people.email"')
  expect(stdout).not.toContain('"other.email"')
})
