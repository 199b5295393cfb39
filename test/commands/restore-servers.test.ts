import { afterAll, describe, expect } from 'vitest'
import { lists, test, type Project } from '../cli/project.ts'
import { createDatabase, dropDatabase, runSql, vendorDump } from '../support/databases.ts'
import { servers, type Server, type ServerName } from '../support/servers.ts'

/** Foreign keys in a circle and to their own table, counters, a view on a view. */
const company = `
CREATE TABLE team (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, head INT);
CREATE TABLE person (id INT PRIMARY KEY, team INT NOT NULL, boss INT, mail VARCHAR(80) UNIQUE,
  CONSTRAINT person_team FOREIGN KEY (team) REFERENCES team (id),
  CONSTRAINT person_boss FOREIGN KEY (boss) REFERENCES person (id));
ALTER TABLE team ADD CONSTRAINT team_head FOREIGN KEY (head) REFERENCES person (id);
CREATE VIEW z_people AS SELECT id, mail FROM person;
CREATE VIEW a_mails AS SELECT mail FROM z_people;
INSERT INTO team VALUES (1, 'one', NULL), (2, 'two', NULL);
INSERT INTO person VALUES (1, 1, NULL, 'a@example.org'), (2, 1, 1, 'b,"c"'), (3, 2, 2, NULL);
UPDATE team SET head = 1 WHERE id = 1;
`

const counters: Readonly<Record<string, string>> = {
  mariadb: `CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, x INT) AUTO_INCREMENT = 77; INSERT INTO counted (x) VALUES (1);`,
  postgres15: `CREATE TABLE counted (id serial PRIMARY KEY, x INT); SELECT setval('counted_id_seq', 77); INSERT INTO counted (x) VALUES (1);`,
}
const nextCounted = `INSERT INTO counted (x) VALUES (2); SELECT max(id) FROM counted;`

const made: (readonly [Server, string])[] = []
afterAll(() => {
  for (const [server, name] of made) dropDatabase(server, name)
})

function newName(server: Server, name: string): string {
  made.push([server, name])
  return name
}

interface Backup {
  readonly server: Server
  readonly original: string
  readonly copy: string
}

/** A snapshot of a new database. */
async function backedUp(project: Project, name: ServerName, more = ''): Promise<Backup> {
  const server = servers()[name]
  const original = newName(server, createDatabase(server))
  const script = company + (counters[name] ?? '') + more
  runSql(server, original, script)
  project.configure(
    `database: {url: '${server.url(original)}', name: shop}\nglobal: [team, counted]\nlocal: [person]\nrestore: {allow_restore: true}\n`,
  )
  await project.succeed()
  return { server, original, copy: newName(server, `${original}_copy`) }
}

/** The vendor's dump without what names the moment or the database; sorted, since rows come as they are stored. */
function dumped(server: Server, database: string): string {
  return vendorDump(server, database)
    .split('\n')
    .filter((line) => !/^(--|\\(un)?restrict|\/\*M?!999999)/.test(line))
    .map((line) => line.replace(/[,;]$/, ''))
    .toSorted()
    .join('\n')
}

const everyServer = ['mariadb', 'postgres15'] as const satisfies readonly ServerName[]

describe.each(everyServer)('a restore on %s', (name) => {
  test('makes a database that is the same to its own dump program', async ({ project }) => {
    const { server, original, copy } = await backedUp(project, name)
    const words = ['restore', '--to', server.url(copy)]
    const { stdout } = await project.succeed(words)
    expect(dumped(server, copy)).toBe(dumped(server, original))
    expect(dumped(server, copy)).toMatch(/2.1.1.+b,/)
    expect(stdout).toContain('rows: 6 in 3 tables')
    expect(stdout).not.toContain(server.password)
    expect(runSql(server, copy, nextCounted)).toBe(runSql(server, original, nextCounted))
    const again = await project.run(words)
    expect(again).toMatchObject({ status: 64, stdout: '' })
    expect(again.stderr).toContain(`--replace --confirm ${copy}`)
    runSql(server, copy, 'CREATE TABLE precious (x INT)')
    expect((await project.succeed([...words, '--replace', '--confirm', copy])).stdout).toMatch(
      /table (public\.)?precious\n/,
    )
    expect(runSql(server, copy, 'SELECT count(*) FROM person')).toBe('3\n')
    expect(dumped(server, copy)).not.toContain('precious')
  })

  test('leaves nothing behind when the target refuses something', async ({ project }) => {
    const { server, copy } = await backedUp(project, name)
    const path = name === 'mariadb' ? 'views/a_mails.sql' : 'public/views/a_mails.sql'
    const file = `schema_backup/db.example.org/shop/${path}`
    project.write(file, `${project.file(path).split('\n\n')[0] ?? ''}\n\nCREATE VIEW nonsense;\n`)
    const ended = await project.run(['restore', '--to', server.url(copy)])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('a_mails')
    expect(ended.stderr).not.toContain('[bug]')
    const listed =
      name === 'mariadb'
        ? runSql(server, '', `SHOW DATABASES LIKE '%${copy.slice(5)}%'`)
        : runSql(server, 'postgres', `SELECT datname FROM pg_database WHERE datname = '${copy}'`)
    expect(listed).toBe('')
  })

  test('puts rows into tables that are there', async ({ project }) => {
    const { server, copy } = await backedUp(project, name)
    const words = ['restore', '--to', server.url(copy)]
    await project.succeed([...words, '--schema-only'])
    expect(runSql(server, copy, 'SELECT count(*) FROM person')).toBe('0\n')
    await project.succeed([...words, '--data-only'])
    runSql(server, copy, `UPDATE team SET name = 'changed'`)
    await project.succeed([...words, '--data-only', '--upsert', '--table', 'team'])
    expect(runSql(server, copy, 'SELECT name FROM team ORDER BY id')).toBe('one\ntwo\n')
    runSql(server, copy, 'ALTER TABLE team ADD COLUMN more INT')
    expect((await project.run([...words, '--data-only'])).stderr).toMatch(
      /\[columns-differ\][^]*team: "more" is in the target alone/,
    )
  })

  test('lists rows without a parent, unless it is asked not to look', async ({ project }) => {
    const { server, copy } = await backedUp(project, name)
    const path = name === 'mariadb' ? 'tables/team.csv' : 'public/tables/team.csv'
    project.write(
      `schema_backup/db.example.org/shop/${path}`,
      project.file(path).replace('2,two,', '2,two,99'),
    )
    const words = ['restore', '--to', server.url(copy)]
    const ended = await project.run(words)
    // Where no foreign key can stand with such rows, nothing is kept.
    const listed =
      name === 'mariadb'
        ? /violation: team: team_head: 1 row without a parent/
        : /\[foreign-key-violated\].*public\.team \(team_head\): 1/
    expect(ended.status).toBe(1)
    expect(ended.stdout + ended.stderr).toMatch(listed)
    await project.succeed([...words, '--no-ri-check', '--replace', '--confirm', copy])
    expect(ended.stderr).not.toContain('[bug]')
  })
})

describe('a snapshot of another product', () => {
  test('is refused', async ({ project }) => {
    project.configure(`database: sqlite:../shop.db\n${lists}restore: {allow_restore: true}\n`)
    await project.succeed()
    for (const name of everyServer) {
      const server = servers()[name]
      const copy = newName(server, `other_${name}_copy`)
      const ended = await project.run(['restore', '--to', server.url(copy)])
      expect(ended.status).toBe(64)
      expect(ended.stderr).toContain('[other-product] The files are of SQLite')
      expect(ended.stderr).not.toContain(server.password)
    }
  })
})

describe('a view that was broken when it was saved', () => {
  test('is passed over and named; everything else is restored', async ({ project }) => {
    const broken =
      'CREATE TABLE gone (x INT); CREATE VIEW on_gone AS SELECT x FROM gone; DROP TABLE gone;'
    const { server, copy } = await backedUp(project, 'mariadb', broken)
    const ended = await project.run(['restore', '--to', server.url(copy)])
    expect(ended.status).toBe(4)
    expect(ended.stdout).toContain('not restored: view on_gone')
    expect(runSql(server, copy, 'SELECT count(*) FROM a_mails')).toContain('3')
    expect(runSql(server, copy, "SHOW TABLES LIKE 'on_gone'")).toBe('')
  })
})
