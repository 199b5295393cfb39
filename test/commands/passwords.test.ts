import { afterAll, expect } from 'vitest'
import { git } from '../cli/witness.ts'
import { test, type Project } from '../cli/project.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

/** Passwords inside definitions: never in the shared files, back after a restore. */

const server = servers().postgres15
const databases: string[] = []
const role = 'passwords_role'

afterAll(() => {
  for (const name of databases) dropDatabase(server, name)
  runSql(server, 'postgres', `DROP ROLE IF EXISTS ${role}`)
})

const definitions = `
CREATE ROLE ${role} LOGIN PASSWORD 'canary-of-role';
CREATE TABLE things (id integer PRIMARY KEY); GRANT SELECT ON things TO ${role};
CREATE FOREIGN DATA WRAPPER remote;
CREATE SERVER other FOREIGN DATA WRAPPER remote OPTIONS (host 'db2.example.org', api_token 'canary-of-server');
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET app.jwt_secret TO %L', current_database(), 'canary-of-database'); END $$;
CREATE USER MAPPING FOR ${role} SERVER other OPTIONS (user 'reader', password 'canary-of-mapping');
`

const passwordsOf = `SELECT array_to_string(srvoptions, ' ') FROM pg_foreign_server
  UNION ALL SELECT array_to_string(umoptions, ' ') FROM pg_user_mappings
  UNION ALL SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    WHERE d.datname = current_database()
  UNION ALL SELECT rolpassword FROM pg_authid WHERE rolname = '${role}'`

function configure(
  project: Project,
  database: string,
  { places, verifyUrl }: { places?: string; verifyUrl?: string } = {},
): void {
  const url = server.url(database)
  project.configure(
    `database: {url: '${url}', name: shop}\nglobal: [things]\nrestore: {allow_restore: true}\nverify: {url: '${verifyUrl ?? url}'}\n`,
    places,
  )
}

function expectNoCanary(project: Project, output: string): void {
  const everything = git(project.shared, 'log', '--all', '-p', '--format=%B')
  expect(everything).toContain('CREATE USER MAPPING')
  for (const text of [everything, output]) {
    expect(text).not.toContain('canary')
    expect(text).not.toContain('SCRAM-SHA-256')
  }
}

test('come into the private directory alone, and back with a restore', async ({ newProject }) => {
  const project = await newProject('')
  const original = createDatabase(server)
  databases.push(original, `${original}_copy`, `${original}_bare`)
  runSql(server, original, definitions)
  const before = runSql(server, original, passwordsOf)
  expect(before).toContain('canary-of-mapping')
  configure(project, original)
  const { stdout } = await project.succeed(['--verbose'])
  expectNoCanary(project, stdout)
  expect(project.file('foreign_servers/other.secrets.sql', project.private)).toContain(
    "api_token 'canary-of-server'",
  )

  expect(project.file('database.secrets.sql', project.private)).toContain('canary-of-database')

  await project.succeed(['restore', '--to', server.url(`${original}_copy`)])
  expect(runSql(server, `${original}_copy`, passwordsOf)).toBe(before)
  await project.succeed(['verify', '--vendor'])
  const script = await project.succeed(['export'])
  expect(script.stdout).toContain('CREATE USER MAPPING')
  expect(script.stdout).not.toContain('canary')

  const bare = ['restore', '--without-local', '--to', server.url(`${original}_bare`)]
  await project.succeed(bare)
  expect(runSql(server, `${original}_bare`, passwordsOf)).toMatch(
    /^host=db2\.example\.org\nuser=reader\nSCRAM/,
  )
})

test('leave nothing on the server on which a snapshot is verified', async ({ newProject }) => {
  const project = await newProject('')
  const other = servers().postgres16
  const original = createDatabase(server)
  databases.push(original)
  runSql(server, original, definitions.replaceAll('CREATE ROLE', '-- CREATE ROLE'))
  configure(project, original, { verifyUrl: other.url('postgres') })
  await project.succeed()
  const roles = "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles"
  const before = runSql(other, 'postgres', roles)
  expect(before).not.toContain(role)
  await project.succeed(['verify'])
  expect(runSql(other, 'postgres', roles)).toBe(before)
})

test('are named when there is no private directory', async ({ newProject }) => {
  const project = await newProject('')
  const original = createDatabase(server)
  databases.push(original)
  runSql(server, original, definitions.replaceAll('CREATE ROLE', '-- CREATE ROLE'))
  configure(project, original, { places: '' })
  const { stdout } = await project.succeed()
  expect(stdout).toContain(
    `The passwords of these objects are not backed up, since user_data_backup_dir is not configured: database settings, role ${role}, foreign server other.`,
  )
  expectNoCanary(project, stdout)
})
