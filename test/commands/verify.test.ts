import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { canaries, host, lists, test } from '../cli/project.ts'
import { vendors } from '../cli/vendor.ts'
import { treeOf } from '../cli/witness.ts'

const fixtures = join(import.meta.dirname, '..', 'fixtures')

describe.concurrent.each(vendors)('verify on $name', (vendor) => {
  test('proves a snapshot with every kind of object, and sees what is not restored', async ({
    newProject,
    onTestFinished,
  }) => {
    const original = await vendor.create()
    onTestFinished(() => {
      original.remove()
    })
    original.runScript(readFileSync(join(fixtures, vendor.fixture), 'utf8'))
    const project = await newProject('', '')
    project.configure(
      `database: {url: "${original.url}", name: shop, global: ["*"]}\n${vendor.verifyBlock()}`,
    )
    await project.run()
    const before = original.dump()
    const good = await project.run(['verify'])
    expect({ ...good, stdout: good.stdout.replace(/\(.*\)/, '') }).toEqual({
      status: 0,
      signal: null,
      stdout: 'shop: restored and read again, every byte the same \n',
      stderr: '',
    })
    expect(original.dump()).toEqual(before)
    const environment = await vendor.environment()
    const judged = await project.run(['verify', '--vendor'], { environment })
    expect(judged).toMatchObject({ status: 0, stderr: '' })
    expect(judged.stdout).not.toContain('note:')
    const [path = ''] = Object.keys(treeOf(project.shared)).filter((file) =>
      /tables\/.*\.sql$/.test(file),
    )
    const sql = readFileSync(join(project.shared, path), 'utf8')
    project.write(join('schema_backup', path), `${sql.trimEnd()}\n-- not a part of it\n`)
    const bad = await project.run(['verify'])
    expect(bad.stdout).toMatch(
      /^differs: .*tables\/.*\.sql\n--- .*snapshot\n\+\+\+ .*restored\n@@/m,
    )
    expect(bad.stdout).toContain('\n--- not a part of it\n')
    expect(bad.status).toBe(1)
  })
})

describe.concurrent.each(vendors)('the witness on $name', (vendor) => {
  test('sees a value, a default and an index that are not as in the live database', async ({
    newProject,
    onTestFinished,
  }) => {
    const original = await vendor.create()
    onTestFinished(() => {
      original.remove()
    })
    original.sql(
      `CREATE TABLE kept (id integer PRIMARY KEY, price integer DEFAULT 1 NOT NULL);
       CREATE TABLE other (id integer PRIMARY KEY);
       CREATE TABLE gone (id integer PRIMARY KEY);
       INSERT INTO kept VALUES (1, 1), (2, 3);
       INSERT INTO other VALUES (1);`,
    )
    const project = await newProject('', '')
    project.configure(
      `database: {url: "${original.url}", name: shop, global: [kept], ephemeral: [other], ignore: [gone]}\n${vendor.verifyBlock()}`,
    )
    await project.run()
    const environment = await vendor.environment()
    original.sql('INSERT INTO other VALUES (2); INSERT INTO gone VALUES (3);')
    expect(await project.run(['verify', '--vendor'], { environment })).toMatchObject({ status: 0 })
    const changes: readonly (readonly [string, RegExp])[] = [
      [
        'UPDATE kept SET price = 2 WHERE id = 1;',
        /rows of .*kept.*\nlive: 2 rows, .*\nrestored: 2/,
      ],
      ['CREATE INDEX by_price ON kept (price);', /schema\n--- .*live\n[^]*\n-.*by_price/],
      ['CREATE TABLE late (id integer DEFAULT 7);', /schema\n--- .*live\n[^]*\n-.*DEFAULT '?7/],
    ]
    for (const [change, seen] of changes) {
      original.sql(change)
      const { status, stdout } = await project.run(['verify', '--vendor', '--verbose'], {
        environment,
      })
      expect(status, change).toBe(1)
      expect(stdout).toMatch(seen)
    }
  })
})

describe.concurrent('verify', () => {
  test('shows the differing row of a shared file, and of a private file its name alone', async ({
    project,
  }) => {
    await project.succeed()
    const place = `${host}/shop/tables`
    project.write(`schema_backup/${place}/countries.csv`, 'code,name\nfr,France\nde,Germany\n')
    const users = '2,b@example.org\n1,canary-local@example.org\n'
    project.write(`private/${place}/users.csv`, `id,email\n${users}`, 0o600)
    const { status, stdout, stderr } = await project.run(['verify'])
    expect(status).toBe(1)
    expect(stdout).toContain('shop: 2 differences')
    expect(stdout).toMatch(/differs: tables\/countries\.csv\n[^]*-fr,France\n/)
    expect(stdout).toMatch(/differs: tables\/users\.csv\nA private file/)
    expect(canaries.filter((canary) => (stdout + stderr).includes(canary))).toEqual([])
  })

  test('looks at any commit', async ({ project }) => {
    await project.succeed()
    project.sql('ALTER TABLE countries ADD COLUMN area INTEGER')
    await project.succeed()
    const { stdout } = await project.succeed(['verify', '--at', 'HEAD~1'])
    expect(stdout).toContain('every byte the same')
    expect(stdout).toMatch(/note: shop: .*users/)
  })

  test('says which rows have no parent', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE parent (id INTEGER PRIMARY KEY);
       CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent);
       INSERT INTO child VALUES (1, 7), (2, 8);`,
      'global: [parent, child]\n',
    )
    await project.succeed()
    const checked = await project.run(['verify'])
    expect(checked.stdout).toMatch(
      /no parent: child\n2 rows have no parent by .*, as in the original/,
    )
    expect(checked.stdout).toContain(
      'every byte the same, with rows that a foreign key does not allow',
    )
    expect(checked.status).toBe(1)
    project.configure(
      'database: sqlite:../shop.db\nglobal: [parent, child]\nverify: {enable_ri_check: false}\n',
    )
    await project.succeed(['verify'])
  })

  test('goes over all databases, and one that fails holds back no other', async ({ project }) => {
    project.configure(
      `databases:
  one: sqlite:../shop.db
  two: {url: "sqlite:../shop.db", verify: {skip: true, comment: a reporting copy}}
  three: sqlite:../shop.db
${lists}`,
    )
    await project.succeed(['--database', 'three'])
    const ended = await project.run(['verify', '--all'])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(`${host}/one: error [not-a-snapshot]`)
    expect(ended.stdout.replaceAll(/\d+\.\d/g, '0.0').split('\n')).toEqual([
      'database  result    objects  rows  seconds  comment',
      'one       FAILED          0     0      0.0',
      'two       skipped         0     0      0.0  a reporting copy',
      'three     the same        7     6      0.0',
      '',
    ])
  })

  test('prints one object as JSON', async ({ project }) => {
    await project.succeed()
    const { stdout } = await project.succeed(['verify', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      host,
      status: 0,
      databases: [{ database: 'shop', outcome: 'same', rows: 6, differences: [] }],
    })
  })

  test('removes its scratch database, and those of killed runs', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE numbers (n INTEGER PRIMARY KEY, t TEXT);
       INSERT INTO numbers SELECT value, hex(randomblob(20)) FROM generate_series(1, 200000);`,
      'global: [numbers]\n',
    )
    await project.succeed()
    const temporary = join(project.directory, 'tmp')
    mkdirSync(temporary)
    mkdirSync(join(temporary, 'schema_backup_verify_00000000_other'))
    const left = () => readdirSync(temporary).filter((name) => !name.endsWith('_other'))
    const options = { environment: { TMPDIR: temporary } }
    const killed = project.start(['verify'], options)
    while (left().length === 0) await wait(1)
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(left()).toHaveLength(1)
    await project.succeed(['verify'], options)
    expect(readdirSync(temporary)).toEqual(['schema_backup_verify_00000000_other'])
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('%s removes it, too', async (signal, { newProject }) => {
    const project = await newProject(
      `CREATE TABLE numbers (n INTEGER PRIMARY KEY);
       INSERT INTO numbers SELECT value FROM generate_series(1, 300000);`,
      'global: [numbers]\n',
    )
    await project.succeed()
    const temporary = join(project.directory, 'tmp')
    mkdirSync(temporary)
    const running = project.start(['verify'], { environment: { TMPDIR: temporary } })
    while (readdirSync(temporary).length === 0) await wait(1)
    running.child.kill(signal)
    const { status, stderr } = await running.ended
    expect({ status, left: readdirSync(temporary) }).toEqual({ status: 2, left: [] })
    expect(stderr).toContain('[interrupted]')
  })

  test('one run at a time', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE numbers (n INTEGER PRIMARY KEY);
       INSERT INTO numbers SELECT value FROM generate_series(1, 300000);`,
      'global: [numbers]\n',
    )
    await project.succeed()
    const temporary = join(project.directory, 'tmp')
    mkdirSync(temporary)
    const options = { environment: { TMPDIR: temporary } }
    const first = project.start(['verify'], options)
    while (readdirSync(temporary).length === 0) await wait(1)
    const second = await project.run(['verify'], options)
    expect(second.status).toBe(75)
    expect((await first.ended).status).toBe(0)
  })
})

describe.concurrent('a verify block that does not fit', () => {
  const [, mariadb, postgres] = vendors

  test('a server database needs one', async ({ newProject, onTestFinished }) => {
    const original = await mariadb?.create()
    onTestFinished(() => original?.remove())
    const project = await newProject('', '')
    project.configure(`database: {url: "${original?.url ?? ''}", name: shop}\n`)
    await project.run()
    const ended = await project.run(['verify'])
    expect(ended.status).toBe(78)
    expect(ended.stderr).toMatch(/\[no-verify-server\][^]*verify: \{url:/)
  })

  test('of another product', async ({ newProject, onTestFinished }) => {
    const original = await mariadb?.create()
    onTestFinished(() => original?.remove())
    const project = await newProject('', '')
    const block = postgres?.verifyBlock() ?? ''
    project.configure(`database: {url: "${original?.url ?? ''}", name: shop}\n${block}`)
    await project.run()
    const ended = await project.run(['verify'])
    expect(ended.status).toBe(78)
    expect(ended.stderr).toContain('[wrong-product]')
  })
})
