import { describe, expect } from 'vitest'
import { lists, test, type Project } from '../cli/project.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

/** Rows for the tables that another engine's migrations have made, by the command line. */

const settings = `${lists}restore: {allow_restore: true}\n`
const tables = `CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Settings" (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, value text);
CREATE TABLE users (id integer PRIMARY KEY, "eMail" text NOT NULL);`

async function restoreInto(
  project: Project,
  definitions: string,
  words: readonly string[],
  use: (ended: Awaited<ReturnType<Project['run']>>, ask: (sqlText: string) => string) => void,
): Promise<void> {
  await project.succeed(['--quiet'])
  const server = servers().postgres15
  const name = createDatabase(server)
  runSql(server, name, definitions)
  const ended = await project.run(['restore', '--to', server.url(name), ...words])
  use(ended, (sqlText) => runSql(server, name, sqlText).trim())
  dropDatabase(server, name)
}

describe('a target of another engine', () => {
  test('gets global and local rows, and its counters follow', async ({ newProject }) => {
    const project = await newProject(undefined, settings)
    await restoreInto(project, tables, ['--data-only'], (ended, ask) => {
      expect(ended).toMatchObject({ status: 0, stderr: '' })
      expect(ask('SELECT * FROM countries ORDER BY code')).toBe('de\tGermany\nfr\tFrance')
      expect(ask('SELECT "eMail" FROM users WHERE id = 1')).toBe('canary-local@example.org')
      const insert = `INSERT INTO "Settings" (name) VALUES ('new') RETURNING id`
      expect(ask(insert)).toBe('3')
    })
  })

  test('takes no definitions', async ({ newProject }) => {
    const project = await newProject(undefined, settings)
    await restoreInto(project, '', [], (ended, ask) => {
      expect(ended.status).toBe(64)
      expect(ended.stderr).toContain('[other-product]')
      expect(ask('SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()')).toBe('0')
    })
  })

  test('refuses tables and columns that it has not', async ({ newProject }) => {
    const project = await newProject(undefined, settings)
    const other =
      'CREATE TABLE countries (code text, title text); CREATE TABLE users (id int, email text);'
    await restoreInto(project, other, ['--data-only'], (ended) => {
      expect(ended.status).toBe(64)
      expect(ended.stderr).toContain('[tables-differ]')
      expect(ended.stderr).toContain('settings: the target has no such table')
    })
    const words = ['--data-only', '--table', 'countries']
    await restoreInto(project, other, words, (ended) => {
      expect(ended.stderr).toContain('[columns-differ]')
      expect(ended.stderr).toContain('"name" is in the files alone')
      expect(ended.stderr).toContain('"title" is in the target alone')
    })
    const twins =
      'CREATE TABLE "Users" (id int, email text); CREATE TABLE "USERS" (id int, email text);'
    await restoreInto(project, twins, ['--data-only', '--table', 'users'], (ended) => {
      expect(ended.stderr).toContain('users: could be public.USERS or public.Users')
    })
  })

  test('refuses a value that does not fit, which is shown only when the table is global', async ({
    newProject,
  }) => {
    const project = await newProject(undefined, settings)
    const short =
      'CREATE TABLE countries (code char(2), name varchar(6)); CREATE TABLE users (id int, email varchar(20));'
    await restoreInto(project, short, ['--data-only', '--table', 'countries'], (ended, ask) => {
      expect(ended.status).toBe(2)
      expect(ended.stderr).toContain(
        '[value-does-not-fit] Row 1 of countries, column name (TEXT into character varying(6)): "Germany" is longer than 6 characters.',
      )
      expect(ask('SELECT count(*) FROM countries')).toBe('0')
    })
    await restoreInto(project, short, ['--data-only', '--table', 'users'], (ended, ask) => {
      expect(ended.stderr).toContain(
        'Row 1 of users, column email (TEXT into character varying(20)): a text of 24 characters in the file is longer than 20 characters.',
      )
      expect(ended.stdout + ended.stderr).not.toContain('canary')
      expect(ask('SELECT count(*) FROM users')).toBe('0')
    })
  })
})
