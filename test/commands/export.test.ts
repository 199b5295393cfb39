import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { canaries, test } from '../cli/project.ts'
import { vendors } from '../cli/vendor.ts'
import { runSqlite } from '../support/databases.ts'
import { temporaryDirectory } from '../support/servers.ts'

const fixtures = join(import.meta.dirname, '..', 'fixtures')

describe.concurrent.each(vendors)('a script for $name', (vendor) => {
  test("rebuilds the database with the vendor's client alone", async ({
    newProject,
    onTestFinished,
  }) => {
    const original = await vendor.create()
    const copy = await vendor.create()
    onTestFinished(() => {
      original.remove()
      copy.remove()
    })
    original.runScript(readFileSync(join(fixtures, vendor.fixture), 'utf8'))
    const project = await newProject('', '')
    project.configure(`database: {url: "${original.url}", name: shop, global: ["*"]}\n`)
    await project.run()
    const { stdout } = await project.succeed(['export'])
    copy.runScript(stdout)
    expect(copy.dump()).toEqual(original.dump())
    expect(copy.dump().length).toBeGreaterThan(50)
  })

  test('in two halves, the second into tables that exist', async ({
    newProject,
    onTestFinished,
  }) => {
    const original = await vendor.create()
    const copy = await vendor.create()
    onTestFinished(() => {
      original.remove()
      copy.remove()
    })
    original.runScript(readFileSync(join(fixtures, vendor.fixture), 'utf8'))
    const project = await newProject('', '')
    project.configure(`database: {url: "${original.url}", name: shop, global: ["*"]}\n`)
    await project.run()
    for (const half of ['--schema-only', '--data-only']) {
      copy.runScript((await project.succeed(['export', half])).stdout)
    }
    expect(copy.dump()).toEqual(original.dump())
  })
})

describe.concurrent('export', () => {
  test('takes the rows of local tables from the private directory', async ({ project }) => {
    await project.succeed()
    const file = join(project.directory, 'shop.sql')
    const { stdout, stderr } = await project.run(['export', '--output', file])
    expect(stdout).toBe('')
    expect(stderr).toContain(`wrote ${file} (6 objects, 3 tables with 6 rows)`)
    const script = readFileSync(file, 'utf8')
    expect(canaries.filter((canary) => script.includes(canary))).toEqual([canaries[0]])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('leaves them out on request', async ({ project }) => {
    await project.succeed()
    const file = join(project.directory, 'shop.sql')
    const { stderr } = await project.run(['export', '--without-local', '-o', file])
    expect(stderr).toMatch(/note: .*users/)
    expect(canaries.filter((canary) => readFileSync(file, 'utf8').includes(canary))).toEqual([])
    expect(statSync(file).mode & 0o044).not.toBe(0)
  })

  test('takes any commit', async ({ project }) => {
    await project.succeed()
    project.sql("INSERT INTO countries VALUES ('nl', 'Netherlands')")
    await project.succeed()
    const count = async (...words: string[]) => {
      const copy = join(await temporaryDirectory(), 'copy.db')
      const { stdout } = await project.run(['export', '--table', 'countries', ...words])
      runSqlite(copy, stdout)
      return runSqlite(copy, 'SELECT count(*) FROM countries;').trim()
    }
    expect(await count()).toBe('3')
    expect(await count('--at', 'HEAD~1')).toBe('2')
    const wrong = await project.run(['export', '--at', 'nowhere'])
    expect(wrong.status).toBe(64)
    expect(wrong.stderr).toContain('[unknown-revision]')
    expect(wrong.stdout).toBe('')
  })

  test('compresses by the ending of the file', async ({ project }) => {
    await project.succeed()
    const { stdout } = await project.run(['export', '--quiet'])
    const write = async (name: string, ...words: string[]) => {
      const file = join(project.directory, name)
      await project.succeed(['export', '--quiet', '-o', file, ...words])
      return readFileSync(file)
    }
    expect(gunzipSync(await write('a.sql.gz')).toString()).toBe(stdout)
    expect(gunzipSync(await write('a.sql', '--gzip')).toString()).toBe(stdout)
    expect(zstdDecompressSync(await write('a.sql.zst')).toString()).toBe(stdout)
    expect(stdout).toContain('Germany')
  })

  test('a file that can not be written leaves nothing behind', async ({ project }) => {
    await project.succeed()
    const file = join(project.directory, 'missing', 'shop.sql')
    const ended = await project.run(['export', '-o', file])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('[output-not-written]')
  })

  test('a damaged file is named, and no file is written', async ({ project }) => {
    await project.succeed()
    project.write('schema_backup/db.example.org/shop/tables/countries.csv', 'code,name\nde\n')
    const file = join(project.directory, 'shop.sql')
    const ended = await project.run(['export', '-o', file])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toMatch(/\[malformed-csv\].*countries.*line 2/)
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined()
  })

  test('a table that there is not is refused', async ({ project }) => {
    await project.succeed()
    const ended = await project.run(['export', '--table', 'nothing'])
    expect(ended.status).toBe(64)
    expect(ended.stderr).toContain('[unknown-table]')
  })

  test('asks for one of several databases', async ({ project }) => {
    project.configure('databases: {one: "sqlite:../shop.db", two: "sqlite:../shop.db"}\n')
    const ended = await project.run(['export'])
    expect(ended.status).toBe(64)
    expect(ended.stderr).toMatch(/\[several-databases\][^]*one, two/)
  })
})
