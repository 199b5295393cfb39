import { readFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { canaries, lists, test, type Project, type Running } from '../cli/project.ts'
import { everyByte, found } from '../cli/witness.ts'
import { createDatabase, runSql } from '../support/databases.ts'
import { servers, type Server } from '../support/servers.ts'

/** Every sign that a URL, a shell, YAML, JSON or a regular expression could trip over. */
const password = `pä"ss: w/or#d?%41&@[\\]{$x}'*+`

const kinds: readonly (readonly [name: string, server: () => Server])[] = [
  ['mariadb', () => servers().mariadb],
  ['postgres', () => servers().postgres15],
]

/** A database with canaries that an account with that password may read. */
function createShop(server: Server): { database: string; user: string } {
  const database = createDatabase(server)
  const user = `u_${database.slice(-12)}`
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
  const [local = '', ephemeral = '', unclassified = '', ignored = ''] = canaries
  const rows = {
    users: local,
    sessions: ephemeral,
    scratch: unclassified,
    obsolete: ignored,
    countries: 'Germany',
    settings: 'dark',
  }
  const tables = Object.entries(rows).map(
    ([name, value]) =>
      `CREATE TABLE ${name} (id integer PRIMARY KEY, v varchar(60)); INSERT INTO ${name} VALUES (1, ${literal(value)});`,
  )
  const account =
    server.name === 'mariadb'
      ? `CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY ${literal(password.replaceAll('\\', '\\\\'))}; GRANT ALL ON \`${database}\`.* TO ${user}@'127.0.0.1'; GRANT SELECT ON mysql.proc TO ${user}@'127.0.0.1';`
      : `CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD ${literal(password)};`
  runSql(server, database, [...tables, account].join('\n'))
  return { database, user }
}

/** The command lines that a run and its children have while it is alive. */
async function watch({ child, ended }: Running): Promise<string> {
  const seen = new Set<string>()
  const look = (pid: number) => {
    try {
      seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
      if (children !== '') children.split(' ').map(Number).forEach(look)
    } catch {
      // It has ended meanwhile.
    }
  }
  const lookAgain = () => {
    if (child.pid !== undefined) look(child.pid)
  }
  lookAgain()
  const timer = setInterval(lookAgain, 3)
  await ended
  clearInterval(timer)
  expect([...seen].join('\n')).toContain('cli.ts')
  return [...seen].join('\n')
}

/** Runs, and fails when a secret stands anywhere but where the user has put it. */
async function expectSecret(
  project: Project,
  status: number,
  environment: Record<string, string>,
  words: readonly string[],
): Promise<void> {
  const running = project.start(words, { environment })
  const lines = await watch(running)
  const ended = await running.ended
  expect([words, ended.status, ended.stderr]).toEqual([
    words,
    status,
    status === 2 ? expect.stringContaining('error') : '',
  ])
  const printed = ended.stdout + ended.stderr + lines
  expect(found([password, ...canaries], printed + everyByte(project.shared))).toEqual([])
  const outsidePrivate = canaries.filter((canary) => !canary.startsWith('canary-local'))
  expect(found([password, ...outsidePrivate], everyByte(project.private))).toEqual([])
}

// One after the other: what looks at the processes must not be kept from it.
describe('a password', () => {
  for (const [name, start] of kinds) {
    test(`${name}: from the URL, a variable, a file, a command or the vendor's variable is found nowhere`, async ({
      project,
    }) => {
      const server = start()
      const { database, user } = createShop(server)
      const [scheme = ''] = server.url('').split(':')
      const url = (login: string, path = database) =>
        `${scheme}://${login}@${server.host}:${server.port}/${path}`
      project.write('etc/password', `${password}\n`, 0o600)
      const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
      const variable = server.name === 'mariadb' ? 'MYSQL_PWD' : 'PGPASSWORD'
      const ways: readonly (readonly [
        settings: (path?: string) => string,
        environment: Record<string, string>,
      ])[] = [
        [(path) => `url: ${quoted(url(`${user}:${encodeURIComponent(password)}`, path))}`, {}],
        [(path) => `url: ${quoted(url(`${user}:\${SECRET}`, path))}`, { SECRET: password }],
        [(path) => `url: ${quoted(url(user, path))}\n  password_file: password`, {}],
        [(path) => `url: ${quoted(url(user, path))}\n  password_command: cat password`, {}],
        [(path) => `url: ${quoted(url(user, path))}`, { [variable]: password }],
      ]
      for (const [index, [settings, environment]] of ways.entries()) {
        const configure = (path?: string) => {
          project.configure(`database:\n  name: shop\n  ${settings(path)}\n${lists}`)
        }
        configure()
        runSql(server, database, `UPDATE settings SET v = 'run ${index}'`)
        await expectSecret(project, 0, environment, index % 2 === 0 ? ['--verbose'] : ['--json'])
        configure('no_such_database')
        await expectSecret(project, 2, environment, index % 2 === 0 ? [] : ['--quiet'])
      }
      const { status, stdout } = await project.run(['check', '--json'], {
        environment: ways.at(-1)?.[1] ?? {},
      })
      expect([status, found([password, ...canaries], stdout)]).toEqual([1, []])
    })
  }

  test('that is refused, or stands in a file that others may read, is not quoted', async ({
    project,
  }) => {
    const server = servers().postgres15
    const secret = 'canary-secret %2F word'
    const url = `postgres://nobody@${server.host}:${server.port}/x`
    project.write('etc/password', secret, 0o644)
    const ways: readonly (readonly [settings: string, status: number])[] = [
      [`url: ${url}\n  password_file: password`, 78],
      [`url: ${url}\n  password_command: 'cat password; cat password >&2; exit 3'`, 78],
      [`url: ${url}\n  password_command: 'cat password'\n  password_file: password`, 78],
      [`url: ${url}\n  password_command: 'cat password'`, 2],
      [`url: 'postgres://nobody:${secret}@${server.host}:${server.port}/x'`, 2],
      [`url: 'postgres://nobody:${encodeURIComponent(secret)}@${server.host}:${server.port}/x'`, 2],
    ]
    for (const [settings, status] of ways) {
      project.configure(`database:\n  name: shop\n  ${settings}\n`)
      for (const words of [[], ['--json'], ['check']]) {
        const ended = await project.run(words)
        expect([settings, found([secret], ended.stdout + ended.stderr)]).toEqual([settings, []])
        if (words[0] !== 'check') expect([settings, ended.status]).toEqual([settings, status])
      }
    }
  })
})
