import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../cli/project.ts'
import { vendors } from '../cli/vendor.ts'
import { treeOf } from '../cli/witness.ts'

const fixtures = join(import.meta.dirname, '..', 'fixtures')

describe.concurrent.each(vendors)('clone on $name', (vendor) => {
  test('copies the live database with all rows, and leaves no file', async ({
    newProject,
    onTestFinished,
  }) => {
    const original = await vendor.create()
    const name = vendor.withSuffix(original.name, 'test')
    const copy = vendor.beside(original, name)
    onTestFinished(() => {
      original.remove()
      copy.remove()
    })
    original.runScript(readFileSync(join(fixtures, vendor.fixture), 'utf8'))
    const project = await newProject('', '')
    project.configure(`database: {url: "${original.url}", name: shop}\n`)
    const before = treeOf(project.directory)
    const { status, stdout, stderr } = await project.run(['clone', '--suffix', 'test'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^made ${name} from ${original.name} \\(\\d+ objects`))
    expect(copy.dump()).toEqual(original.dump())
    expect(treeOf(project.directory)).toEqual(before)
    const again = await project.run(['clone', '--suffix', 'test'])
    expect(again.status).toBe(2)
    expect(again.stderr).toContain('[target-exists]')
    expect(copy.dump()).toEqual(original.dump())
  })

  test('a database that there is not', async ({ newProject, onTestFinished }) => {
    const original = await vendor.create()
    onTestFinished(() => {
      original.remove()
    })
    const project = await newProject('', '')
    const missing = original.url.replace(original.name, 'not_there')
    project.configure(`database: {url: "${missing}", name: shop}\n`)
    const ended = await project.run(['clone', '--suffix', 'test'])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('[unknown-database]')
    expect(vendor.exists(original, vendor.withSuffix('not_there', 'test'))).toBe(false)
  })
})

describe.concurrent('clone', () => {
  test('drops a copy that could not be finished', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE a_good (a);
       CREATE TABLE bad (a INTEGER PRIMARY KEY);
       INSERT INTO bad VALUES (1), (2);`,
      '',
    )
    const content = readFileSync(project.database)
    expect(content.length).toBe(3 * 4096)
    // The page of the second table: the first one has been copied by then.
    writeFileSync(project.database, content.fill(0xff, 2 * 4096, 2 * 4096 + 100))
    const ended = await project.run(['clone', '--suffix', 'test'])
    expect(ended.status).toBe(2)
    expect(Object.keys(treeOf(project.directory)).filter((path) => path.includes('_test'))).toEqual(
      [],
    )
  })

  test('says before it begins that there is no room', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE noise (a);
       INSERT INTO noise SELECT randomblob(1000) FROM generate_series(1, 600);`,
      '',
    )
    // A small file system of its own, which goes away with the namespace.
    const place = join(project.directory, 'small')
    const script = `mkdir "$0" && mount -t tmpfs -o size=1m tmpfs "$0" && cp "$1" "$0/shop.db" && shift && "$@"; ls "$0"`
    project.configure('database: sqlite:../small/shop.db\n')
    const ended = await project.run(['clone', '--suffix', 'test'], {
      wrapper: [
        'unshare',
        '--map-root-user',
        '--mount',
        'sh',
        '-c',
        script,
        place,
        project.database,
      ],
    })
    expect(ended.stderr).toContain('[no-room]')
    expect(ended.stdout).toBe('shop.db\n')
  })

  test.for(['a/b', '..', '', 'a b'])('refuses the suffix %j', async (suffix, { project }) => {
    const ended = await project.run(['clone', '--suffix', suffix])
    expect(ended.status).toBe(64)
    expect(ended.stderr).toContain('[invalid-suffix]')
  })

  test('an owner where there is none to give', async ({ project }) => {
    const ended = await project.run(['clone', '--suffix', 'test', '--owner', 'somebody'])
    expect(ended.status).toBe(64)
    expect(ended.stderr).toContain('[owner-unsupported]')
  })

  test('prints one object as JSON', async ({ project }) => {
    const { stdout } = await project.succeed(['clone', '--suffix', 'test', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      source: 'shop.db',
      copy: 'shop_test.db',
      rows: 9,
      status: 0,
    })
  })
})

test('the copy belongs to the owner that was named', async ({ newProject, onTestFinished }) => {
  const vendor = vendors.find(({ name }) => name === 'postgres18')
  const original = await vendor?.create()
  const role = `${original?.name ?? ''}_owner`
  original?.sql(`CREATE ROLE ${role}; CREATE TABLE t (a int);`)
  const copy = original && vendor?.beside(original, `${original.name}_test`)
  onTestFinished(() => {
    copy?.remove()
    original?.sql(`DROP ROLE ${role};`)
    original?.remove()
  })
  const project = await newProject('', '')
  project.configure(`database: {url: "${original?.url ?? ''}", name: shop}\n`)
  await project.succeed(['clone', '--suffix', 'test', '--owner', role])
  const question =
    'SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database();'
  expect(copy?.sql(question).trim()).toBe(role)
})
