import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { access, cp, glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stripVTControlCharacters, styleText } from 'node:util'
import { inflateSync } from 'node:zlib'
import { createTwoFilesPatch } from 'diff'
import { log } from 'isomorphic-git'

/** `npm run demo`: a small shop's database through four runs, in a temporary directory that is gone afterwards. */

const customerSecret = 'ada@customers.example'
const configuredValue = 'free-shipping-from'

const shop = `
CREATE TABLE setting (name TEXT PRIMARY KEY NOT NULL, value TEXT);
INSERT INTO setting VALUES ('currency', 'EUR'), ('${configuredValue}', '50');

CREATE TABLE shipping_rate (
  country TEXT NOT NULL,
  kilograms INTEGER NOT NULL,
  price NUMERIC NOT NULL,
  PRIMARY KEY (country, kilograms)
);
INSERT INTO shipping_rate VALUES ('AT', 5, 9.9), ('DE', 5, 4.9), ('DE', 10, 7.5);

CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE);
INSERT INTO customer (email) VALUES ('${customerSecret}'), ('grace@customers.example');

CREATE TABLE cart (customer INTEGER REFERENCES customer (id), article TEXT, amount INTEGER);
INSERT INTO cart VALUES (1, 'teapot', 2);

CREATE VIEW domestic_rate AS SELECT kilograms, price FROM shipping_rate WHERE country = 'DE';
`

const schemaChange = `
ALTER TABLE shipping_rate ADD COLUMN express BOOLEAN NOT NULL DEFAULT 0;
CREATE INDEX rate_by_price ON shipping_rate (price);
`

const rowChange = `
UPDATE setting SET value = '39' WHERE name = '${configuredValue}';
INSERT INTO shipping_rate VALUES ('FR', 5, 8.9, 0);
INSERT INTO customer (email) VALUES ('edith@customers.example');
INSERT INTO cart VALUES (2, 'kettle', 1);
`

const configuration = `host: shop.example.org
database: sqlite:../shop.db
csv2_backup_dir: ../backup        # shared: a git repository, made by the first run
user_data_backup_dir: ../private  # readable by its owner alone, in no repository
global: [setting, shipping_rate]  # rows go to the backup directory
local: [customer]                 # rows go to the private directory
ephemeral: [cart]                 # rows go nowhere
git:
  author: Shop Operator <operator@shop.example.org>
`

let stepNumber = 0
const checkout = join(import.meta.dirname, '..')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort()
  })
}

const directory = await mkdtemp(join(tmpdir(), 'schema_backup-demo-'))
const backup = join(directory, 'backup')
async function demonstrate(): Promise<void> {
  const hasGit = await canRunGit()
  say(`All of this happens in ${directory}.`)

  step('A shop has a database, and a configuration says what the rows of each table are.')
  change(shop)
  await mkdir(join(directory, 'etc'))
  await writeFile(join(directory, 'etc/schema_backup.conf'), configuration)
  say(styleText('dim', indented(configuration)))

  step('The first snapshot: each object is a file, each global table has its rows beside it.')
  await snapshot()
  await showFiles()

  step(
    'The shop changes its schema: a column and an index. The commit names it, the diff shows it.',
  )
  await changeAndShow(schemaChange, hasGit)

  step('It changes rows: one setting, one shipping rate, a customer, a cart.')
  await changeAndShow(rowChange, hasGit)

  step('Nothing changes, and a fourth run makes no commit. (Under cron it would print nothing.)')
  await snapshot('--verbose')

  step('The history of the database, one commit for each real change:')
  await showHistory(hasGit)

  step('No customer is in the repository: every object that it ever held is searched.')
  await searchHistory(hasGit)
}

function step(text: string): void {
  stop.signal.throwIfAborted()
  stepNumber += 1
  say(`\n${styleText(['bold', 'cyan'], `${stepNumber}. ${text}`)}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, '    ')
}

function change(sql: string): void {
  const database = new DatabaseSync(join(directory, 'shop.db'))
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}

/** Runs the program as a user would, its output straight to the terminal. */
async function snapshot(...options: string[]): Promise<void> {
  const shown = ['$ schema_backup --config etc/schema_backup.conf', ...options].join(' ')
  say(styleText('green', shown))
  const program = join(checkout, 'src/cli.ts')
  const file = join(directory, 'etc/schema_backup.conf')
  const command = ['--disable-warning=ExperimentalWarning', program, '--config', file, ...options]
  const child = spawn(process.execPath, command, { stdio: 'inherit', cwd: directory })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error(`schema_backup ended with status ${String(status)}`)
}

async function changeAndShow(sql: string, hasGit: boolean): Promise<void> {
  say(styleText('yellow', indented(sql.trim())))
  const before = join(directory, 'before')
  await cp(backup, before, { recursive: true })
  change(sql)
  await snapshot()
  if (hasGit) say(indented(await git('show', '--unified=2', '--format=%n%s', 'HEAD')))
  else await showDifferences(before)
  await rm(before, { recursive: true })
}

async function filesIn(base: string): Promise<string[]> {
  const files: string[] = []
  for await (const entry of glob('**/*', { cwd: base, withFileTypes: true })) {
    const path = relative(base, join(entry.parentPath, entry.name))
    if (entry.isFile() && !path.startsWith('.git')) files.push(path)
  }
  return files.sort()
}

async function showFiles(): Promise<void> {
  for (const base of ['backup', 'private']) {
    for (const file of await filesIn(join(directory, base))) say(`    ${base}/${file}`)
  }
  const [rates] = (await filesIn(backup)).filter((file) => file.endsWith('shipping_rate.csv'))
  if (rates === undefined) throw new Error('the rows of shipping_rate are in no file')
  say(`\n    ${styleText('bold', `backup/${rates}`)}`)
  say(indented(await readFile(join(backup, rates), 'utf8')))
}

/** Where there is no git program, the files themselves show what a commit changed. */
async function showDifferences(before: string): Promise<void> {
  const names = new Set([...(await filesIn(before)), ...(await filesIn(backup))])
  for (const name of names) {
    const [old, now] = await Promise.all([textOf(before, name), textOf(backup, name)])
    if (old === now) continue
    const patch = createTwoFilesPatch(name, name, old, now, '', '', { context: 2 })
    say(indented(patch.split('\n').map(paintPatchLine).join('\n')))
  }
}

function paintPatchLine(line: string): string {
  if (line.startsWith('+')) return styleText('green', line)
  return line.startsWith('-') ? styleText('red', line) : line
}

async function textOf(base: string, name: string): Promise<string> {
  const path = join(base, name)
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  return exists ? await readFile(path, 'utf8') : ''
}

async function showHistory(hasGit: boolean): Promise<void> {
  if (hasGit) {
    say(indented(await git('log', '--stat=90', '--format=%C(auto)%h %s')))
    return
  }
  for (const { oid, commit } of await log({ fs, dir: backup })) {
    say(`    ${styleText('yellow', oid.slice(0, 7))} ${commit.message.split('\n')[0] ?? ''}`)
  }
}

async function searchHistory(hasGit: boolean): Promise<void> {
  const everything = hasGit
    ? await git('cat-file', '--batch', '--batch-all-objects')
    : (await looseObjects()).join('\n')
  const privateFiles = await filesIn(join(directory, 'private'))
  const privateText = await Promise.all(
    privateFiles.map((file) => textOf(join(directory, 'private'), file)),
  )
  const findings = [
    ['the repository', configuredValue, everything, true],
    ['the repository', customerSecret, everything, false],
    ['the private directory', customerSecret, privateText.join('\n'), true],
  ] as const
  for (const [place, word, text, expected] of findings) {
    const found = text.includes(word)
    if (found !== expected) throw new Error(`"${word}" is ${found ? '' : 'not '}in ${place}`)
    const verdict = found ? styleText('bold', 'found') : styleText('bold', 'not found')
    say(`    "${word}" in ${place}: ${verdict}`)
  }
}

async function looseObjects(): Promise<string[]> {
  const objects: string[] = []
  for await (const name of glob('.git/objects/??/*', { cwd: backup })) {
    objects.push(inflateSync(await readFile(join(backup, name))).toString('latin1'))
  }
  return objects
}

async function canRunGit(): Promise<boolean> {
  return await runGit(['--version']).then(
    () => true,
    () => false,
  )
}

async function git(...command: string[]): Promise<string> {
  const hasColours = stripVTControlCharacters(styleText('red', 'x')) !== styleText('red', 'x')
  const colour = `color.ui=${hasColours ? 'always' : 'never'}`
  return await runGit(['-C', backup, '-c', colour, '--no-pager', ...command])
}

/** The user's own git configuration (pagers, formats, signatures) has no say in the demonstration. */
async function runGit(command: readonly string[]): Promise<string> {
  const environment = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  const child = spawn('git', command, {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: Uint8Array[] = []
  child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`git ${command.join(' ')} ended with status ${String(status)}`)
  return Buffer.concat(chunks).toString()
}

try {
  await demonstrate()
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = 130
} finally {
  await rm(directory, { recursive: true, force: true })
  say(styleText('dim', `\n${directory} is removed again.`))
}
