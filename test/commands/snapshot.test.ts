import { chmodSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { canaries, host, lists, test } from '../cli/project.ts'
import {
  committedPaths,
  everyByte,
  found,
  openToOthers,
  placedPaths,
  subjects,
  touchStates,
} from '../cli/witness.ts'

const sharedFiles = [
  '.gitattributes',
  'database.sql',
  'database.yaml',
  'tables/countries.csv',
  'tables/countries.sql',
  'tables/scratch.sql',
  'tables/sessions.sql',
  'tables/settings.counters.sql',
  'tables/settings.csv',
  'tables/settings.sql',
  'tables/users.sql',
  'views/names.sql',
].map((path) => `${host}/shop/${path}`)

const privateFiles = [
  '.gitattributes',
  'database.sql',
  'database.yaml',
  'tables/users.counters.sql',
  'tables/users.csv',
  'tables/users.sql',
].map((path) => `${host}/shop/${path}`)

describe.concurrent('a run', () => {
  test('writes each row where its category belongs, and commits', async ({ project }) => {
    const { stdout } = await project.succeed()
    expect(stdout).toMatch(
      /^db\.example\.org\/shop: committed [0-9a-f]{10} \(4 global, 2 local rows, /,
    )
    expect(stdout).toContain('unclassified: scratch (')
    expect(subjects(project.shared)).toEqual([`${host}/shop: first snapshot, 7 objects`])
    expect(committedPaths(project.shared)).toEqual(sharedFiles)
    expect(placedPaths(project.shared)).toEqual(sharedFiles)
    expect(project.git('status', '--porcelain')).toBe('')
    expect(project.file('tables/countries.csv')).toBe('code,name\nde,Germany\nfr,France\n')
    expect(placedPaths(project.private)).toEqual(privateFiles)
    expect(openToOthers(project.private)).toEqual([])
    expect(project.file('tables/users.csv', project.private)).toBe(
      'id,email\n1,canary-local@example.org\n2,b@example.org\n',
    )
    expect(found(canaries, everyByte(project.shared) + stdout)).toEqual([])
    const others = canaries.filter((canary) => !canary.startsWith('canary-local'))
    expect(found(others, everyByte(project.private))).toEqual([])
  })

  test('without a change makes no commit, touches no file and prints nothing', async ({
    project,
  }) => {
    project.sql('DROP TABLE scratch')
    await project.succeed()
    const before = [touchStates(project.shared), touchStates(project.private)]
    expect(before[0]).toHaveProperty('.git/index')
    expect((await project.succeed()).stdout).toBe('')
    expect([touchStates(project.shared), touchStates(project.private)]).toEqual(before)
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('makes no commit for what a rewrite of the same content leaves behind', async ({
    project,
  }) => {
    await project.succeed()
    const before = [touchStates(project.shared), touchStates(project.private)]
    project.sql(`DELETE FROM countries; INSERT INTO countries VALUES ('fr', 'France'), ('de', 'Germany');
      CREATE TABLE later (a); DROP TABLE later; VACUUM; ANALYZE; DROP TABLE sqlite_stat1; VACUUM;`)
    await project.succeed()
    expect([touchStates(project.shared), touchStates(project.private)]).toEqual(before)
  })

  test('commits no counter alone, but with the next change', async ({ project }) => {
    await project.succeed()
    const before = [touchStates(project.shared), touchStates(project.private)]
    project.sql(
      "INSERT INTO settings (name) VALUES ('gone'); DELETE FROM settings WHERE name = 'gone'",
    )
    await project.succeed()
    expect([touchStates(project.shared), touchStates(project.private)]).toEqual(before)
    project.sql("UPDATE countries SET name = 'Deutschland' WHERE code = 'de'")
    await project.succeed()
    expect(subjects(project.shared)[0]).toMatch(/^db\.example\.org\/shop: countries .*1 row/)
    const changed = project.git('show', '--format=', '--name-only', 'HEAD').split('\n')
    expect(changed).toContain(`${host}/shop/tables/settings.counters.sql`)
  })

  test('says in the commit what changed', async ({ project }) => {
    project.write('schema_backup/.keep', '')
    await project.succeed()
    project.sql(
      "ALTER TABLE users ADD COLUMN born TEXT; INSERT INTO countries VALUES ('it', 'Italy')",
    )
    await project.succeed()
    const [subject = ''] = subjects(project.shared)
    expect(subject).toMatch(/^db\.example\.org\/shop: countries \S*1 row, users \+born$/)
    const message = project.git('log', '-1', '--format=%B')
    expect(message).toMatch(/\n\n\* .*countries.*\n\* .*users.*\n/)
    expect(message).toMatch(
      /\n\nSchema-Backup-Host: db\.example\.org\nSchema-Backup-Database: shop\nSchema-Backup-Version: \d+\.\d+\.\d+\n/,
    )
    expect(project.git('show', '--format=', '--name-only', 'HEAD').trim().split('\n')).toEqual([
      `${host}/shop/tables/countries.csv`,
      `${host}/shop/tables/users.sql`,
    ])
    expect(project.file('tables/users.csv', project.private)).toContain('id,email,born\n')
  })

  test('removes the files of what is gone, and no file of the user', async ({ project }) => {
    await project.succeed()
    const own = project.write(`schema_backup/${host}/shop/tables/README`, 'mine')
    project.sql('DROP VIEW names; DROP TABLE countries; DROP TABLE users')
    const { stdout } = await project.succeed(['--accept-shrink', 'users'])
    expect(stdout).toContain('tables/README is no file of this tool')
    expect(readFileSync(own, 'utf8')).toBe('mine')
    const left = sharedFiles.filter((path) => !/countries|users|names/.test(path))
    expect(committedPaths(project.shared)).toEqual(left)
    expect(placedPaths(project.shared)).toEqual([...left, `${host}/shop/tables/README`].toSorted())
    expect(existsSync(join(project.shared, host, 'shop', 'views'))).toBe(false)
    expect(placedPaths(project.private).filter((path) => path.includes('users'))).toEqual([])
  })

  test('mends what was changed by hand, in the files and in the index', async ({ project }) => {
    await project.succeed()
    const path = `${host}/shop/tables/countries.csv`
    project.write(`schema_backup/${path}`, 'broken')
    project.git('rm', '-q', '--cached', `${host}/shop/tables/users.sql`)
    project.write(`private/${host}/shop/tables/users.csv`, 'broken')
    await project.succeed()
    expect(project.git('status', '--porcelain')).toBe('')
    expect(project.file('tables/countries.csv')).toContain('Germany')
    expect(project.file('tables/users.csv', project.private)).toContain('canary-local')
    expect(subjects(project.shared)).toHaveLength(1)
  })

  test('without a private directory saves no local row, and says so', async ({ project }) => {
    project.configure(`database: sqlite:../shop.db\n${lists}`, '')
    const { stdout } = await project.succeed()
    expect(stdout.match(/rows of local tables are not backed up/g)).toHaveLength(1)
    expect(existsSync(project.private)).toBe(false)
    expect(
      found(
        canaries,
        everyByte(project.directory).replace(readFileSync(project.database, 'latin1'), ''),
      ),
    ).toEqual([])
  })

  test('tightens a private directory that others could enter, and says so', async ({ project }) => {
    project.write(`private/${host}/shop/tables/users.csv`, 'old')
    project.write('private/.schema_backup/.gitignore', '*\n', 0o600)
    const words = `${project.private} could be entered by other accounts (mode 0755); it is now 0700.`
    expect((await project.succeed()).stdout).toContain(words)
    expect(openToOthers(project.private)).toEqual([])

    chmodSync(project.private, 0o755)
    expect((await project.succeed()).stdout).toContain(words)
    expect((await project.succeed()).stdout).toBe('')
  })

  test('never closes a directory of others to them', async ({ project }) => {
    project.write('private/notes.txt', 'of others')
    const { status, stderr } = await project.run()
    expect(status).toBe(2)
    expect(stderr).toContain(`[not-private] The private directory ${project.private} holds other`)
    expect(stderr).toContain(`chmod 700 '${project.private}'`)
    expect(statSync(project.private).mode & 0o777).toBe(0o755)
    rmSync(project.private, { recursive: true })
  })
})

describe.concurrent('several databases', () => {
  test('each has a commit of its own; one that fails holds back no other', async ({
    newProject,
    project,
  }) => {
    const wiki = await newProject('CREATE TABLE page (id INTEGER PRIMARY KEY)', '')
    project.configure(`${lists}databases:
  shop: sqlite:../shop.db
  missing: sqlite:../no-such.db
  wiki: {url: 'sqlite:${wiki.database}', global: [page]}
`)
    const ended = await project.run()
    expect(ended.status).toBe(2)
    expect(subjects(project.shared)).toEqual([
      `${host}/wiki: first snapshot, 2 objects`,
      `${host}/shop: first snapshot, 7 objects`,
    ])
    expect(ended.stdout).toMatch(/\/shop: committed .*\n[^]*\/wiki: committed /)
    expect(ended.stdout).not.toContain('missing')
    expect(ended.stderr).toBe(
      `${host}/missing: error [unknown-database] There is no SQLite database "${project.directory}/no-such.db".\n` +
        '  Correct the path in the URL; a relative one begins at the directory of the configuration file.\n',
    )
    expect(project.git('status', '--porcelain')).toBe('')
  })

  test('--database takes one of them; its name must be configured', async ({ project }) => {
    project.configure(`${lists}databases:\n  one: sqlite:../shop.db\n  two: sqlite:../shop.db\n`)
    const wrong = await project.run(['--database', 'three'])
    expect(wrong.status).toBe(64)
    expect(wrong.stderr).toContain('configures no database "three".\n  Choose one of: one, two.')
    expect(existsSync(project.shared)).toBe(false)
    await project.succeed(['--database', 'two'])
    expect(subjects(project.shared)).toEqual([`${host}/two: first snapshot, 7 objects`])
  })
})
