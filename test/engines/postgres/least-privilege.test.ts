import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { everythingFor } from '../../support/postgres-fixtures.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { dumpDifferences, restore } from './restore.ts'
import { heldSnapshot, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'

/** What a snapshot says of itself besides its objects and rows. */
function remarks({ schema }: HeldSnapshot): readonly string[] {
  const { notCaptured, warnings } = schema
  return [...notCaptured.map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`), ...warnings]
}

/** Objects that only one snapshot has, or whose shared text differs. */
function differingObjects(one: HeldSnapshot, other: HeldSnapshot): readonly string[] {
  const texts = ({ schema }: HeldSnapshot): ReadonlyMap<string, string> =>
    new Map(
      schema.objects.map((object) => [
        `${object.kind} ${object.name}`,
        JSON.stringify({ ...object, sqlSecrets: undefined }),
      ]),
    )
  const [left, right] = [texts(one), texts(other)]
  const keys = new Set([...left.keys(), ...right.keys()])
  return [...keys].filter((key) => left.get(key) !== right.get(key))
}

describe.each(postgresServers)('%s: an account', (name) => {
  const server = servers()[name]
  const suffix = randomBytes(4).toString('hex')
  const names = {
    reader: `reader_${suffix}`,
    selector: `selector_${suffix}`,
    owner: `owner_${suffix}`,
    mapped: `mapped_${suffix}`,
  }
  const source = createDatabase(server)
  const databases = [source]
  const urlOf = (role: string, database = source): string => {
    const url = new URL(server.url(database))
    url.username = role
    url.password = 'limited'
    return url.href
  }

  beforeAll(() => {
    for (const script of everythingFor(name)) runSql(server, source, script)
    runSql(
      server,
      source,
      `CREATE ROLE ${names.reader} LOGIN PASSWORD 'limited' BYPASSRLS IN ROLE pg_read_all_data;
       CREATE ROLE ${names.selector} LOGIN PASSWORD 'limited' BYPASSRLS; CREATE ROLE ${names.owner} LOGIN PASSWORD 'limited';
       CREATE ROLE ${names.mapped} LOGIN PASSWORD 'canary';
       REVOKE CONNECT ON DATABASE ${source} FROM PUBLIC; GRANT CONNECT ON DATABASE ${source} TO ${names.reader}, ${names.selector};
       CREATE FOREIGN DATA WRAPPER limited_w; CREATE SERVER limited_s FOREIGN DATA WRAPPER limited_w OPTIONS (host 'h');
       CREATE USER MAPPING FOR ${names.mapped} SERVER limited_s OPTIONS (user 'u', password 'canary');
       COMMENT ON SERVER limited_s IS 'seen by all';
       CREATE SUBSCRIPTION limited_sub CONNECTION 'host=h password=canary' PUBLICATION p WITH (connect = false, slot_name = NONE);
       DO $$ DECLARE s name; BEGIN
         FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
           EXECUTE format('GRANT USAGE ON SCHEMA %I TO ${names.selector}', s);
           EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO ${names.selector}', s);
           EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA %I TO ${names.selector}', s);
         END LOOP; END $$;`,
    )
  })

  afterAll(() => {
    runSql(server, source, 'ALTER SUBSCRIPTION limited_sub DISABLE; DROP SUBSCRIPTION limited_sub')
    for (const database of databases) dropDatabase(server, database)
    runSql(server, 'postgres', `DROP ROLE ${Object.values(names).join(', ')}`)
  })

  test('with CONNECT and pg_read_all_data gets the same files as a superuser', async () => {
    const all = await heldSnapshot(server.url(source))
    const read = await heldSnapshot(urlOf(names.reader))
    expect(snapshotDifferences(all, read)).toEqual([])
    expect(remarks(read)).toEqual(remarks(all))
  })

  /** The server lacks the user mapping, the subscription is no file at all: nothing is written with a hole in it. */
  const hidden = ['foreign_server limited_s', 'subscription limited_sub']
  const grant = 'Grant pg_read_all_data to it, or read as a superuser.'
  const logins = [names.mapped, names.reader, names.selector].join(', ')
  const unseen = [
    `subscription limited_sub: The account may not read its connection string. ${grant}`,
    `user mapping limited_s for ${names.mapped}: The account may not read its options. ${grant}`,
    `The password hashes of roles may not be read (${logins}): a restore makes these roles without passwords.`,
  ]

  test('that may only select is told what it does not see, and the rest is the same', async () => {
    const all = await heldSnapshot(server.url(source))
    const read = await heldSnapshot(urlOf(names.selector))
    expect(differingObjects(all, read)).toEqual(hidden)
    expect(remarks(read)).toEqual(unseen)
    expect([...read.rows]).toEqual([...all.rows])
    expect(JSON.stringify(read.schema)).not.toContain('canary')
  })

  test('from whom a managed server keeps its own catalogs is told the same', async () => {
    const catalogs = [
      'pg_authid',
      'pg_user_mapping',
      'pg_largeobject',
      'pg_statistic',
      'pg_hba_file_rules',
    ]
    const statements = catalogs.map(
      (catalog) => `REVOKE ALL ON pg_catalog.${catalog} FROM PUBLIC, ${names.selector};`,
    )
    const column = `REVOKE SELECT (subconninfo) ON pg_subscription FROM PUBLIC, ${names.selector};`
    runSql(server, source, [...statements, column].join('\n'))
    const all = await heldSnapshot(server.url(source))
    const read = await heldSnapshot(urlOf(names.selector))
    expect(differingObjects(all, read)).toEqual(hidden)
    expect(remarks(read)).toEqual(unseen)

    // More than any server is known to take away: nothing is known of subscriptions, so nothing is written.
    runSql(server, source, 'REVOKE ALL ON pg_subscription FROM PUBLIC')
    const failure = heldSnapshot(urlOf(names.selector))
    await expect(failure).rejects.toMatchObject({ code: 'missing-privilege' })
  })

  test('without rights of its own makes its own objects, and is told which are not', async () => {
    const script = `CREATE SCHEMA app; CREATE TABLE app.t (id serial PRIMARY KEY, v text CHECK (v <> '')); INSERT INTO app.t (v) VALUES ('a');
      CREATE VIEW app.v AS SELECT id FROM app.t; CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
      CREATE TABLE app.parts (k integer) PARTITION BY LIST (k); CREATE TABLE app.part PARTITION OF app.parts DEFAULT;
      GRANT SELECT ON app.t TO PUBLIC; COMMENT ON SCHEMA app IS 'mine';`
    const make = (): string => {
      const database = createDatabase(server)
      databases.push(database)
      runSql(server, 'postgres', `ALTER DATABASE ${database} OWNER TO ${names.owner}`)
      return database
    }
    const own = make()
    runSql(server, own, `SET ROLE ${names.owner}; ${script}`)
    const original = await heldSnapshot(urlOf(names.owner, own))
    const copy = make()
    await restore(original, urlOf(names.owner, copy))
    const differences = async (): Promise<readonly string[]> => [
      ...dumpDifferences(server, own, copy),
      ...snapshotDifferences(original, await heldSnapshot(urlOf(names.owner, copy))),
    ]
    expect(await differences()).toEqual([])
    const replaced = restore(original, urlOf(names.owner, copy), { mode: 'replace' })
    // Until 14 the schema public belonged to the superuser, whoever owned the database.
    if (majorVersion(name) < 15) {
      await expect(replaced).rejects.toMatchObject({ code: 'missing-privilege' })
    } else {
      await replaced
    }
    expect(await differences()).toEqual([])

    runSql(server, own, `ALTER VIEW app.v OWNER TO ${names.reader}`)
    const failure = restore(await heldSnapshot(server.url(own)), urlOf(names.owner, make()))
    await expect(failure).rejects.toMatchObject({ code: 'missing-privilege' })
    await expect(failure).rejects.toThrow(/the view app\.v\b/)
  })
})
