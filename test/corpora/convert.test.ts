import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { servers, temporaryDirectory } from '../support/servers.ts'
import { Backup } from './backup.ts'
import { corpora, scriptOf, type Corpus } from './corpus.ts'
import { load, onServer, type Loaded } from './loaded.ts'
import { answers, emptied, tablesOf } from './rows-of-engines.ts'
import { table } from './report.ts'

/** Rows of one engine in the tables of another: both sides answer the same questions by their own clients. */

const measurements = table(['rows', 'from', 'into', 'tables', 'count', 'seconds'])

afterAll(() => {
  console.log(measurements.text())
})

function corpusOf(engine: string, file: RegExp): Corpus {
  const found = corpora.find((corpus) => corpus.engine === engine && file.test(corpus.file))
  if (found === undefined) throw new Error(`no corpus ${String(file)} of ${engine}`)
  return found
}

/** Backs up the source and restores its rows into the target, both by the command line. */
async function takeOver(
  source: Loaded,
  target: Loaded,
  categories: { readonly global: readonly string[]; readonly local: readonly string[] },
  words: readonly string[] = [],
) {
  const directory = await temporaryDirectory()
  const settings = { database: source.url, ...categories, restore: { allow_restore: true } }
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  const backup = new Backup(directory, lines.join('\n'))
  expect([0, 4]).toContain(backup.run().status)
  const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')
  const configuration = join(directory, 'etc', 'schema_backup.conf')
  const restoring = ['restore', '--data-only', '--to', target.url, ...words]
  const start = performance.now()
  const result = spawnSync(process.execPath, [cli, '--config', configuration, ...restoring], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: directory },
  })
  const seconds = (performance.now() - start) / 1000
  return { ...result, seconds }
}

function countOf(rows: ReadonlyMap<string, readonly string[]>): number {
  return [...rows.values()].reduce((sum, lines) => sum + lines.length, 0)
}

const chinook = ['mariadb', 'postgres', 'sqlite'] as const
/** Which server holds the corpora of an engine; files need none. */
const serverOf = { mariadb: 'mariadb', postgres: 'postgres15', sqlite: 'postgres15' } as const
const directions = chinook.flatMap((from) =>
  chinook.filter((into) => into !== from).map((into) => ({ from, into })),
)

describe.each(directions)('Chinook, $from → $into', ({ from, into }) => {
  test('every row of every table', async () => {
    const corpus = corpusOf(from, /^chinook/)
    const source = await load(corpus, serverOf[from])
    const target = await load(corpusOf(into, /^chinook/), serverOf[into])
    emptied(into, target)
    expect(countOf(answers(into, target, tablesOf(into, target)))).toBe(0)

    const { local } = corpus
    const global = source.tables().filter((name) => !local.includes(name))
    const ended = await takeOver(source, target, { global, local })
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    const there = answers(from, source, tablesOf(from, source))
    const here = answers(into, target, tablesOf(into, target))
    expect(there.size).toBe(11)
    expect(countOf(there)).toBeGreaterThan(15_000)
    expect(here).toEqual(there)
    measurements.add(['Chinook', from, into, here.size, countOf(here), ended.seconds.toFixed(1)])
    source.remove()
    target.remove()
  })
})

/** The tables that both schemas have, once their few different columns are set right. */
const shared = [
  ...['actor', 'address', 'category', 'city', 'country', 'customer', 'film', 'film_actor'],
  ...['film_category', 'inventory', 'language', 'rental', 'staff', 'store'],
]
const sakilaLikePagila = `ALTER TABLE address DROP COLUMN location;
  UPDATE customer SET create_date = DATE(create_date), last_update = last_update;`
const pagilaLikeSakila = `SET session_replication_role = replica;
  DROP TRIGGER film_fulltext_trigger ON film;
  ALTER TABLE film DROP COLUMN fulltext CASCADE;
  ALTER TABLE customer DROP COLUMN activebool CASCADE;
  UPDATE film SET last_update = date_trunc('second', last_update);
  UPDATE staff SET last_update = date_trunc('second', last_update);`

/** Pagila has more staff and stores than fit into Sakila's columns, and longer names. */
function widened(script: string): string {
  return script
    .replaceAll('tinyint unsigned', 'smallint unsigned')
    .replaceAll('varchar(16)', 'varchar(40)')
    .replaceAll('varchar(50)', 'varchar(80)')
}

async function dvdRental(change: (script: string) => string = (script) => script) {
  const sakila = onServer(servers().mariadb)
  sakila.run(change(scriptOf('mariadb', 'sakila.sql.gz')))
  const pagila = await load(corpusOf('postgres', /^pagila/), 'postgres15')
  sakila.run(sakilaLikePagila)
  pagila.run(pagilaLikeSakila)
  return { sakila, pagila }
}

test('Sakila → Pagila: enum, SET, YEAR, tinyint(1), blob and TIMESTAMP into their counterparts', async () => {
  const { sakila, pagila } = await dvdRental()
  emptied('postgres', pagila)
  const words = ['--no-dependencies', '--table', ...shared]
  const categories = { global: shared, local: ['payment'] }
  const ended = await takeOver(sakila, pagila, categories, words)
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  const there = answers('mariadb', sakila, shared)
  expect(there.get('film')?.length).toBe(1000)
  const here = answers('postgres', pagila, shared)
  expect(here).toEqual(there)
  expect(pagila.run("SELECT nextval('actor_actor_id_seq');").trim()).toBe('201')
  measurements.add([
    'Sakila',
    'mariadb',
    'postgres',
    here.size,
    countOf(here),
    ended.seconds.toFixed(1),
  ])
  sakila.remove()
  pagila.remove()
})

test('Pagila → Sakila: the same way back', async () => {
  const { sakila, pagila } = await dvdRental(widened)
  emptied('mariadb', sakila)
  const words = ['--no-dependencies', '--table', ...shared]
  const global = shared.map((name) => `public.${name}`)
  const ended = await takeOver(pagila, sakila, { global, local: [] }, words)
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  const there = answers('postgres', pagila, shared)
  expect(there.get('film')?.length).toBe(1000)
  const here = answers('mariadb', sakila, shared)
  expect(here).toEqual(there)
  measurements.add([
    'Pagila',
    'postgres',
    'mariadb',
    here.size,
    countOf(here),
    ended.seconds.toFixed(1),
  ])
  sakila.remove()
  pagila.remove()
})

test('Sakila into an unchanged Pagila is refused, and nothing is changed', async () => {
  const sakila = await load(corpusOf('mariadb', /^sakila/), 'mariadb')
  const pagila = await load(corpusOf('postgres', /^pagila/), 'postgres15')
  emptied('postgres', pagila)
  const refused = async (table: string, local: readonly string[] = []) => {
    const words = ['--no-dependencies', '--table', table]
    const global = shared.filter((name) => !local.includes(name))
    const ended = await takeOver(sakila, pagila, { global, local }, words)
    expect(ended.status).not.toBe(0)
    return ended.stderr
  }
  expect(await refused('address')).toMatch(/\[columns-differ\].*"location" is in the files alone/s)
  expect(await refused('film')).toMatch(/\[columns-differ\].*"fulltext" is in the target alone/s)
  pagila.run('ALTER TABLE customer DROP COLUMN activebool CASCADE;')
  const shown =
    /\[value-does-not-fit\] Row 1 of customer, column create_date \(datetime into date\): /
  const global = await refused('customer')
  expect(global).toMatch(shown)
  expect(global).toContain('"2006-02-14 22:04:36" has a time of day')
  const local = await refused('customer', ['customer'])
  expect(local).toMatch(shown)
  expect(local).not.toContain('22:04:36')
  expect(countOf(answers('postgres', pagila, ['address', 'film', 'customer']))).toBe(0)
  sakila.remove()
  pagila.remove()
})
