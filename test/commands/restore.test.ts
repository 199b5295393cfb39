import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { runSqlite } from '../support/databases.ts'
import { host, lists, test, type Project } from '../cli/project.ts'
import { entriesOf, subjects, treeOf } from '../cli/witness.ts'

/** A configuration that allows a restore. */
const allowed = `database: sqlite:../shop.db\n${lists}restore: {allow_restore: true}\n`

const dump = (file: string) => runSqlite(file, '.dump')

function copyOf(project: Project): string {
  return join(project.directory, 'copy.db')
}

/** What the configured database is without the rows that no backup keeps. */
function withoutLostRows(project: Project): string {
  const file = join(project.directory, 'expected.db')
  project.sql(`VACUUM INTO '${file}'`)
  runSqlite(file, 'DROP TABLE obsolete; DELETE FROM sessions; DELETE FROM scratch;')
  const text = dump(file)
  rmSync(file)
  return text
}

const sorted = (text: string) => text.split('\n').toSorted().join('\n')

/** Nothing of a restore is left but what it was asked for. */
function expectNoLeftovers(project: Project): void {
  const paths = entriesOf(project.directory).map((entry) => join(entry.parentPath, entry.name))
  expect(paths.filter((path) => /\/held\/|\.filling-|-(?:wal|shm|journal)$/.test(path))).toEqual([])
}

describe.concurrent('a restore into a database that is not there', () => {
  test('gives the same database, as the sqlite3 program sees it', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    const { stdout } = await project.succeed(['restore', '--to', 'sqlite:copy.db'])
    expect(sorted(dump(copyOf(project)))).toBe(sorted(withoutLostRows(project)))
    expect(stdout).toContain(`${host}/shop → sqlite:${copyOf(project)}: a new database\n`)
    expect(stdout).toContain('objects: 1 database, 5 tables, 1 view')
    expect(stdout).toContain('rows: 6 in 3 tables')
    expect(stdout).toContain('without rows: scratch, sessions')
    expect(stdout).toContain('users: 2 rows in the files, 2 in the target')
    expect(statSync(copyOf(project)).mode & 0o777).toBe(0o600)
    expectNoLeftovers(project)
  })

  test('gives a database whose snapshot has the same bytes', async ({ newProject, project }) => {
    project.configure(allowed)
    await project.succeed()
    await project.succeed(['restore', '--to', 'sqlite:copy.db'])
    const other = await newProject('')
    runSqlite(copyOf(project), `VACUUM INTO '${other.database}'`)
    await other.succeed()
    const tree = (one: Project) => one.git('ls-tree', '-r', `HEAD:${host}/shop`)
    expect(tree(other)).toBe(tree(project))
  })

  test('leaves local rows out when it is asked to, and says so', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    const words = ['restore', '--to', 'sqlite:copy.db', '--without-local']
    expect((await project.succeed(words)).stdout).toContain(
      'Local tables come without rows (--without-local): users.',
    )
    expect(runSqlite(copyOf(project), 'SELECT count(*) FROM users')).toBe('0\n')
  })

  test('says that there are no private rows', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    rmSync(project.private, { recursive: true })
    const { stdout } = await project.succeed(['restore', '--to', 'sqlite:copy.db'])
    expect(stdout).toContain(
      'Local tables come without rows (the private directory has none): users',
    )
    expect(existsSync(project.private)).toBe(false)
    rmSync(join(project.directory, 'private'), { force: true })
  })

  test('takes the files of another host as a model', async ({ project }) => {
    project.configure(allowed)
    await project.succeed(['--host', 'other.example.org'])
    const words = ['restore', '--to', 'sqlite:copy.db', '--from-host', 'other.example.org']
    expect((await project.succeed(words)).stdout).toContain('other.example.org/shop →')
    expect(runSqlite(copyOf(project), 'SELECT count(*) FROM countries')).toBe('2\n')
  })

  test('shows the plan and changes nothing in a dry run', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    const files = () => treeOf(join(project.shared, host))
    const before = [files(), project.git('for-each-ref'), project.git('status', '--porcelain')]
    const { stdout } = await project.succeed(['restore', '--to', 'sqlite:copy.db', '--dry-run'])
    expect(stdout).toContain('countries 2')
    expect(stdout).toContain('Nothing was changed')
    expect(existsSync(copyOf(project))).toBe(false)
    expect([files(), project.git('for-each-ref'), project.git('status', '--porcelain')]).toEqual(
      before,
    )
    expectNoLeftovers(project)
  })

  test('prints one JSON object with the counts', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    const { stdout } = await project.succeed(['restore', '--to', 'sqlite:copy.db', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      plan: { source: `${host}/shop`, mode: 'empty', targetName: 'copy.db', dropped: [] },
      dryRun: false,
      tables: [
        { table: { name: 'countries' }, rowsInFiles: 2, rowsInTarget: 2 },
        { table: { name: 'settings' }, rowsInFiles: 2, rowsInTarget: 2 },
        { table: { name: 'users' }, rowsInFiles: 2, rowsInTarget: 2 },
      ],
      violations: [],
      status: 0,
    })
  })

  test('makes the schema alone', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    await project.succeed(['restore', '--to', 'sqlite:copy.db', '--schema-only'])
    const counts = 'SELECT (SELECT count(*) FROM countries), (SELECT count(*) FROM users)'
    expect(runSqlite(copyOf(project), counts)).toBe('0|0\n')
    expect(runSqlite(copyOf(project), 'SELECT count(*) FROM sqlite_sequence')).toBe('0\n')
  })

  test('makes some tables, with or without what they need', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent);
       CREATE TABLE other (id); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1);`,
      `global: ['*']\nrestore: {allow_restore: true}\n`,
    )
    await project.succeed()
    const tables = (file: string) => runSqlite(file, '.tables').trim().split(/\s+/)
    await project.succeed(['restore', '--to', 'sqlite:copy.db', '--table', 'chi*'])
    expect(tables(copyOf(project))).toEqual(['child', 'parent'])
    rmSync(copyOf(project))
    const alone = ['restore', '--to', 'sqlite:copy.db', '--table', 'child', '--no-dependencies']
    expect((await project.run([...alone, '--no-ri-check'])).status).toBe(0)
    expect(tables(copyOf(project))).toEqual(['child'])
    const unknown = await project.run(['restore', '--to', 'sqlite:x.db', '--table', 'nobody'])
    expect(unknown).toMatchObject({ status: 64, stdout: '' })
    expect(unknown.stderr).toContain('[unknown-table] No table of the snapshot is called "nobody"')
  })

  test('lists rows without a parent by table, key and count', async ({ newProject }) => {
    const project = await newProject(
      `CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent);
       INSERT INTO child VALUES (1, 7), (2, 8);`,
      `global: [parent, child]\nrestore: {allow_restore: true}\n`,
    )
    await project.succeed()
    const ended = await project.run(['restore', '--to', 'sqlite:copy.db'])
    expect(ended).toMatchObject({ status: 1, stderr: '' })
    expect(ended.stdout).toContain(
      'violation: child: FOREIGN KEY (p) REFERENCES parent: 2 rows without a parent',
    )
    expect(runSqlite(copyOf(project), 'SELECT count(*) FROM child')).toBe('2\n')
    await project.succeed(['restore', '--to', 'sqlite:copy2.db', '--no-ri-check'])
  })
})

describe('the gates', () => {
  const refused = async (project: Project, words: readonly string[]) => {
    const before = existsSync(copyOf(project)) ? dump(copyOf(project)) : undefined
    const ended = await project.run(['restore', ...words])
    expect(existsSync(copyOf(project)) ? dump(copyOf(project)) : undefined).toBe(before)
    expectNoLeftovers(project)
    return `${ended.status ?? ''} ${ended.stderr}`
  }

  test('a configuration that says nothing allows no restore', async ({ project }) => {
    await project.succeed()
    expect(await refused(project, ['--to', 'sqlite:copy.db'])).toMatch(
      /^78 .*\[restore-not-allowed\]/,
    )
  })

  test('a target must be named', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    expect(await refused(project, [])).toMatch(/^64 .*\[no-target\]/)
    expect(await refused(project, ['--to', 'nothing'])).toMatch(/^64 .*\[invalid-url\]/)
  })

  test('the block of the configuration names the target', async ({ project }) => {
    project.configure(
      `database: {url: 'sqlite:../shop.db', restore: {url: 'sqlite:../copy.db', allow_restore: true}}\n${lists}`,
    )
    await project.succeed()
    await project.succeed(['restore'])
    expect(runSqlite(copyOf(project), 'SELECT count(*) FROM users')).toBe('2\n')
  })

  test('a target that is not empty needs --replace and its name', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    runSqlite(copyOf(project), 'CREATE TABLE precious (x); INSERT INTO precious VALUES (1);')
    const to = ['--to', 'sqlite:copy.db']
    expect(await refused(project, to)).toMatch(/^64 .*\[target-not-empty\].*holds 1 objects/)
    expect(await refused(project, [...to, '--replace'])).toMatch(/^64 .*\[confirmation-needed\]/)
    for (const name of ['Copy.db', '']) {
      const words = [...to, '--replace', '--confirm', name]
      expect(await refused(project, words)).toMatch(/^64 .*\[wrong-confirmation\]/)
    }
  })

  test('with both it is replaced', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    runSqlite(copyOf(project), 'CREATE TABLE precious (x); INSERT INTO precious VALUES (1);')
    const words = ['restore', '--to', 'sqlite:copy.db', '--replace', '--confirm', 'copy.db']
    const { stdout } = await project.succeed(words)
    expect(stdout).toMatch(/dropped, with every row, 1 object:\n {4}table precious\n/)
    expect(sorted(dump(copyOf(project)))).toBe(sorted(withoutLostRows(project)))
  })

  test('the database that is backed up is replaced only with both, and after a snapshot', async ({
    project,
  }) => {
    project.configure(allowed)
    await project.succeed()
    project.sql("INSERT INTO countries VALUES ('it', 'Italy'); UPDATE users SET email = 'changed'")
    // By whatever name it is called.
    for (const url of ['sqlite:shop.db', `sqlite://${project.directory}/./shop.db`]) {
      expect(await refused(project, ['--to', url])).toMatch(
        /^64 .*configured database "shop" itself/,
      )
      expect(await refused(project, ['--to', url, '--confirm', 'shop.db'])).toMatch(/^64 /)
    }
    const words = ['restore', '--to', 'sqlite:shop.db', '--replace', '--confirm', 'shop.db']
    const { stdout } = await project.succeed(words)
    const before = project.git('rev-parse', 'HEAD').trim()
    expect(stdout).toContain(`The target as it was: ${before}`)
    expect(subjects(project.shared)).toHaveLength(2)
    expect(project.sql('SELECT code FROM countries; SELECT email FROM users')).toBe(
      'de\nfr\ncanary-local@example.org\nb@example.org\n',
    )
    expect(project.file('tables/countries.csv')).toContain('Italy')
    await project.succeed([...words, '--at', before])
    expect(project.sql('SELECT code FROM countries')).toBe('de\nfr\nit\n')
  })

  test('what contradicts itself is refused', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    const to = ['--to', 'sqlite:copy.db']
    expect(await refused(project, [...to, '--upsert'])).toMatch(/^64 .*\[bad-usage\]/)
    expect(
      await refused(project, [...to, '--table', 'users', '--replace', '--confirm', 'copy.db']),
    ).toMatch(/^64 .*\[bad-usage\]/)
    expect(await refused(project, [...to, '--schema-only', '--data-only'])).toMatch(/^64 /)
    expect(await refused(project, [...to, '--owner', 'root'])).toMatch(
      /^64 .*\[owner-unsupported\]/,
    )
    expect(await refused(project, ['--to', 'postgres://localhost/shop'])).toMatch(/^(64|2) /)
  })
})

describe('rows for tables that are there', () => {
  const words = ['restore', '--to', 'sqlite:copy.db', '--data-only']

  test('are added, and counted', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    await project.succeed(['restore', '--to', 'sqlite:copy.db', '--schema-only'])
    runSqlite(copyOf(project), "INSERT INTO users VALUES (50, 'kept')")
    const { stdout } = await project.succeed(words)
    expect(stdout).toContain('users: 2 rows in the files, 3 in the target')
    const counters = "SELECT name, seq FROM sqlite_sequence WHERE name <> 'x' ORDER BY name"
    expect(runSqlite(copyOf(project), counters)).toBe('settings|2\nusers|50\n')
    const again = await project.run(words)
    expect(again.status).toBe(2)
    expect(again.stderr).toMatch(/\[row-refused\].*"countries", row 1/)
    await project.succeed([...words, '--upsert', '--table', 'users'])
  })

  test('are refused where columns differ, with the difference', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    await project.succeed(['restore', '--to', 'sqlite:copy.db', '--schema-only'])
    runSqlite(
      copyOf(project),
      'ALTER TABLE users RENAME COLUMN email TO mail; DROP TABLE settings;',
    )
    const ended = await project.run(words)
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('settings: the target has no such table')
    expect(ended.stderr).toContain('users: "email" is in the files alone')
    expect(ended.stderr).toContain('users: "mail" is in the target alone')
    expect(runSqlite(copyOf(project), 'SELECT count(*) FROM countries')).toBe('0\n')
  })

  test('need a database, and for --upsert a key', async ({ newProject, project }) => {
    project.configure(allowed)
    await project.succeed()
    expect((await project.run(words)).stderr).toContain('[unknown-database]')
    const keyless = await newProject(
      'CREATE TABLE t (x); INSERT INTO t VALUES (1)',
      'global: [t]\nrestore: {allow_restore: true}\n',
    )
    await keyless.succeed()
    runSqlite(copyOf(keyless), 'CREATE TABLE t (x)')
    expect((await keyless.run([...words, '--upsert'])).stderr).toContain('[no-key]')
  })
})

describe('a commit', () => {
  test('is found by its name or a time, and its plan names it', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    const first = project.git('rev-parse', 'HEAD').trim()
    project.sql("INSERT INTO countries VALUES ('it', 'Italy')")
    await project.succeed()
    const words = ['restore', '--to', 'sqlite:x.db', '--dry-run', '--at']
    expect((await project.succeed([...words, first.slice(0, 8)])).stdout).toContain(
      `${host}/shop at ${first.slice(0, 10)} → `,
    )
    const second = project.git('rev-parse', '--short=10', 'HEAD').trim()
    expect((await project.succeed([...words, '2099-01-01 12:00'])).stdout).toContain(
      `${host}/shop at ${second} → `,
    )
    expect(await project.run([...words, 'nobody'])).toMatchObject({ status: 64, stdout: '' })
  })

  test('is restored with its files, whatever stands in place', async ({ project }) => {
    project.configure(allowed)
    await project.succeed()
    writeFileSync(join(project.shared, host, 'shop', 'tables', 'countries.csv'), 'broken')
    rmSync(join(project.shared, host, 'shop', 'views'), { recursive: true })
    const words = ['restore', '--to', 'sqlite:copy.db', '--at', 'HEAD']
    expect((await project.succeed(words)).stdout).toContain(
      'rows of local tables are those of the last run',
    )
    expect(sorted(dump(copyOf(project)))).toBe(sorted(withoutLostRows(project)))
    expectNoLeftovers(project)
  })
})

test('a restore keeps the permissions of the file that it replaces', async ({ project }) => {
  project.configure(allowed)
  await project.succeed()
  runSqlite(copyOf(project), 'CREATE TABLE x (a)')
  chmodSync(copyOf(project), 0o660)
  await project.succeed([
    'restore',
    '--to',
    'sqlite:copy.db',
    '--replace',
    '--confirm',
    'copy.db',
    '--quiet',
  ])
  expect(statSync(copyOf(project)).mode & 0o777).toBe(0o660)
  expect(readFileSync(copyOf(project)).subarray(0, 15).toString()).toBe('SQLite format 3')
})
