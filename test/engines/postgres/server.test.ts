import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { DbObject } from '../../../src/model.ts'
import { dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'

const settings = (facts: string): DbObject => ({
  kind: 'database',
  name: 'settings',
  sql: `-- ${facts}\n`,
  dependsOn: [],
})

describe.each(outerPostgresServers)('%s: a server', (name) => {
  const server = servers()[name]
  const prefix = `scratch_${randomBytes(4).toString('hex')}_`
  const open = (database: string) =>
    postgres.openServer({ url: server.url(database), environment: {} })

  afterAll(async () => {
    await using opened = await open('postgres')
    for (const database of await opened.list(prefix)) dropDatabase(server, database)
  })

  test('makes, lists, counts, opens and drops databases that need not exist', async () => {
    const odd = `${prefix}Odd "one/é%`
    await using opened = await open(odd)
    expect(opened.database).toBe(odd)
    expect(await opened.objectCount(odd)).toBeUndefined()
    await opened.create(odd, {})
    expect(await opened.objectCount(odd)).toBe(0)
    await opened.create(`${prefix}b`, {})
    expect(await opened.list(prefix)).toEqual([odd, `${prefix}b`])
    expect(await opened.list(prefix.replace('_', '%'))).toEqual([])
    {
      await using database = await postgres.open(opened.requestFor(odd))
      await database.execute(
        'CREATE TABLE t (id serial PRIMARY KEY, n integer GENERATED ALWAYS AS IDENTITY); CREATE VIEW v AS SELECT 1 AS a; CREATE PUBLICATION p; CREATE EXTENSION citext',
      )
    }
    expect(await opened.objectCount(odd)).toBe(5)
    await opened.drop(odd)
    await opened.drop(odd)
    expect(await opened.list(prefix)).toEqual([`${prefix}b`])
    await expect(opened.create(`${prefix}b`, {})).rejects.toMatchObject({ code: 'database-exists' })
  })

  test('tells which roles it lacks, and drops them again unless they are in use', async () => {
    const role = (word: string): DbObject => ({
      kind: 'role',
      name: prefix + word,
      sql: `CREATE ROLE ${prefix}${word};\n`,
      dependsOn: [],
    })
    const objects = [settings(''), role('resident'), role('visitor'), role('owner')]
    await using opened = await open('postgres')
    runSql(server, 'postgres', role('resident').sql)
    const absent = await opened.absentServerObjects(objects)
    expect(absent).toEqual(objects.slice(2))
    runSql(server, 'postgres', absent.map(({ sql }) => sql).join(''))
    await opened.create(`${prefix}owned`, { owner: `${prefix}owner` })
    await opened.dropServerObjects(absent)
    const roles = `SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE starts_with(rolname, '${prefix}')`
    expect(runSql(server, 'postgres', roles)).toBe(`${prefix}owner ${prefix}resident\n`)
    await opened.drop(`${prefix}owned`)
    await opened.dropServerObjects(objects.slice(1))
    expect(runSql(server, 'postgres', roles)).toBe('\n')
  })

  test('asks for another database whatever the URL says', async () => {
    await using opened = await open('postgres')
    const url = new URL(server.url('one'))
    url.searchParams.set('dbname', 'two')
    url.password = ''
    const { password } = server
    await using other = await postgres.openServer({ url: url.href, password, environment: {} })
    expect(other.database).toBe('two')
    const request = other.requestFor('three')
    expect(request).toMatchObject({ password })
    expect(request.url).toMatch(/\/three$/)
    expect(opened.requestFor('a/b').url).toMatch(/\/a%2Fb$/)
  })

  test('ends the sessions of others only in a database that it made itself', async () => {
    const database = `${prefix}used`
    await using opened = await open(database)
    await opened.create(database, {})
    await using user = await postgres.open(opened.requestFor(database))
    await user.execute('SELECT 1')
    await using another = await open(database)
    await expect(another.drop(database)).rejects.toMatchObject({ code: 'database-in-use' })
    await opened.drop(database)
    expect(await another.objectCount(database)).toBeUndefined()
  })

  test('takes encoding, locale and owner from the settings, and says which locale is missing', async () => {
    const role = `${prefix}role`
    runSql(server, 'postgres', `CREATE ROLE ${role}`)
    await using opened = await open('postgres')
    const create = (database: string, facts: string, owner?: string) =>
      opened.create(prefix + database, {
        settings: settings(facts),
        ...(owner === undefined ? {} : { owner }),
      })
    await create('latin', `encoding LATIN1, collation C, character type C, owner ${role}`)
    await create('other', 'encoding UTF8, collation C, character type C.UTF-8, owner nobody_here')
    await create('given', 'encoding UTF8, collation C, character type C, owner nobody_here', role)
    const facts = runSql(
      server,
      'postgres',
      `SELECT pg_encoding_to_char(encoding), datcollate, datctype, pg_get_userbyid(datdba) FROM pg_database
       WHERE datname LIKE '${prefix}%' AND datname ~ '(latin|other|given)$' ORDER BY datname`,
    )
    expect(facts).toBe(
      `UTF8\tC\tC\t${role}\nLATIN1\tC\tC\t${role}\nUTF8\tC\tC.UTF-8\t${server.user}\n`,
    )
    const missing = create(
      'x',
      'encoding UTF8, collation xx_XX.UTF-8, character type C, owner postgres',
    )
    await expect(missing).rejects.toMatchObject({ code: 'locale-missing' })
    await expect(missing).rejects.toThrow(/xx_XX/)
    expect(await opened.objectCount(`${prefix}x`)).toBeUndefined()
    const absent = create(
      'x',
      'encoding UTF8, collation C, character type C, owner a',
      'no_such_role',
    )
    await expect(absent).rejects.toMatchObject({ code: 'no-such-account' })
    await opened.drop(`${prefix}latin`)
    await opened.drop(`${prefix}given`)
    runSql(server, 'postgres', `DROP ROLE ${role}`)
  })
})
