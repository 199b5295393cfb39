import { afterAll, describe, expect, test } from 'vitest'
import { publicConninfo } from '../../../src/engines/postgres/catalog/conninfo.ts'
import { postgres } from '../../../src/engines/postgres/index.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, postgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot, withoutSecrets } from './round-trip.ts'

const inAllVersions = `
  CREATE SUBSCRIPTION plain CONNECTION 'dbname=doesnotexist' PUBLICATION p1 WITH (connect = false);
  CREATE SUBSCRIPTION "Odd ""name" CONNECTION '' PUBLICATION "P q", p2, a WITH (connect = false, slot_name = NONE); COMMENT ON SUBSCRIPTION "Odd ""name" IS 'o''dd';
  CREATE SUBSCRIPTION many CONNECTION 'host=h password=canary-1' PUBLICATION p1 WITH (connect = false, slot_name = 'another', binary = true, streaming = true, synchronous_commit = 'remote_apply');
  CREATE SUBSCRIPTION quoted CONNECTION 'host=''a b'' password = ''canary-2\\''more'' application_name=''it\\''s \\\\''' PUBLICATION p1 WITH (connect = false, streaming = off);
  CREATE SUBSCRIPTION uri CONNECTION 'postgresql://u:canary-3@h:5/d?sslmode=require&sslpassword=canary-4' PUBLICATION p1 WITH (connect = false);
  ALTER SUBSCRIPTION uri OWNER TO $;`

const since15 = `CREATE SUBSCRIPTION two CONNECTION '' PUBLICATION p WITH (connect = false, two_phase = true, disable_on_error = true);`
const since16 = `CREATE SUBSCRIPTION three CONNECTION '' PUBLICATION p WITH (connect = false, origin = none, password_required = false, run_as_owner = true, streaming = parallel);`
const since17 = `CREATE SUBSCRIPTION four CONNECTION '' PUBLICATION p WITH (connect = false, failover = true);`

/** Pieces of connection strings that libpq may or may not understand. */
const pieces =
  `host=h|host = 'a b'|password=canary|password='can\\'ary'|password = 'x'user=u| |\\\\|'|=|port=5|dbname=d`.split(
    '|',
  )

describe.each(postgresServers)('%s: subscriptions', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const make = (): string => {
    const database = createDatabase(server)
    databases.push(database)
    return database
  }
  const role = `subscriptions_${name}`
  const drop = async (database: string): Promise<void> => {
    await using opened = await postgres.openServer({ url: server.url(database), environment: {} })
    await opened.drop(database)
  }
  const text = (database: string, sql: string): string => runSql(server, database, sql).trim()

  afterAll(async () => {
    for (const database of databases.toReversed()) await drop(database)
    runSql(server, 'postgres', `DROP ROLE IF EXISTS ${role}`)
  })

  test('come back with their passwords, which no shared text holds', async () => {
    const source = make()
    const major = majorVersion(name)
    runSql(server, 'postgres', `CREATE ROLE ${role} SUPERUSER`)
    const later = [
      major >= 15 ? since15 : '',
      major >= 16 ? since16 : '',
      major >= 17 ? since17 : '',
    ]
    runSql(server, source, inAllVersions.replaceAll('$', role) + later.join('\n'))
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    const shared = withoutSecrets(original)
    expect(JSON.stringify(shared)).not.toContain('canary')
    const secrets = original.schema.objects.map(({ sqlSecrets = '' }) => sqlSecrets).join('')
    for (const number of [1, 2, 3, 4]) expect(secrets).toContain(`canary-${number}`)
    const copy = make()
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])
    const strings = `SELECT subname, subconninfo, subenabled FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database() ORDER BY 1`
    expect(text(copy, strings)).toBe(text(source, strings))
    const bare = {
      ...original,
      schema: { ...original.schema, objects: shared },
    }
    await restore(bare, server.url(copy), { mode: 'replace' })
    expect(text(copy, strings)).not.toContain('canary')
    expect(text(copy, 'SELECT count(*) FROM pg_subscription WHERE subenabled')).toBe('0')
  })

  test('have connection strings that the server understands without the password, too', () => {
    const database = make()
    let seed = 11
    const next = (count: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor(seed / 65_536) % count
    }
    const candidates = Array.from({ length: 300 }, () =>
      Array.from({ length: 1 + next(6) }, () => pieces[next(pieces.length)] ?? '').join(
        next(2) === 0 ? ' ' : '',
      ),
    )
    const quoted = candidates.map(
      (candidate) => `(${literal(candidate)}, ${literal(publicConninfo(candidate))})`,
    )
    const result = text(
      database,
      `CREATE FUNCTION pg_temp.is_understood(conninfo text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
         EXECUTE format('CREATE SUBSCRIPTION s CONNECTION %L PUBLICATION p WITH (connect = false, slot_name = NONE)', conninfo);
         DROP SUBSCRIPTION s; RETURN true; EXCEPTION WHEN syntax_error THEN RETURN false; END $f$;
       SET client_min_messages = error;
       CREATE TEMP TABLE seen AS SELECT c.whole, c.shared, pg_temp.is_understood(c.whole) AS whole_is, pg_temp.is_understood(c.shared) AS shared_is FROM (VALUES ${quoted.join(', ')}) c(whole, shared);
       SELECT count(*) FILTER (WHERE whole_is) > 20, count(*) FILTER (WHERE NOT whole_is) > 20, count(*) FILTER (WHERE whole_is AND NOT shared_is),
         count(*) FILTER (WHERE whole_is AND shared = '' AND whole !~ 'password' AND whole ~ '\\S') FROM seen;
       SELECT whole, shared FROM seen WHERE (whole_is AND NOT shared_is) OR (whole_is AND shared = '' AND whole !~ 'password' AND whole ~ '\\S') LIMIT 5;`,
    )
    expect(result).toBe('t\tt\t0\t0')
  })

  test('of a copy leave the slot of the original alone, which goes on streaming', async () => {
    const [publisher, subscriber, copy] = [make(), make(), make()]
    const slot = `slot_${name}`
    const table = 'CREATE TABLE t (id integer PRIMARY KEY)'
    const pg = server
    runSql(
      server,
      publisher,
      `${table}; CREATE PUBLICATION p FOR TABLE t; SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`,
    )
    const escaped = pg.password.replace(/[\\']/g, '\\$&')
    const conninfo = `host=${pg.host} port=${pg.port} dbname=${publisher} user=${pg.user} password='${escaped}'`
    runSql(
      server,
      subscriber,
      `${table}; CREATE SUBSCRIPTION s CONNECTION ${literal(conninfo)} PUBLICATION p WITH (create_slot = false, slot_name = '${slot}', copy_data = false)`,
    )
    let last = 0
    const streams = async (): Promise<void> => {
      last += 1
      runSql(server, publisher, `INSERT INTO t VALUES (${last})`)
      await expect
        .poll(() => text(subscriber, 'SELECT max(id) FROM t'), { timeout: 20_000, interval: 200 })
        .toBe(`${last}`)
    }
    await streams()
    const original = await heldSnapshot(server.url(subscriber))
    expect(JSON.stringify(withoutSecrets(original))).not.toContain(escaped.slice(0, 12))

    await restore(original, server.url(copy))
    expect(await differences(server, original, subscriber, copy)).toEqual([])
    await streams()
    await restore(original, server.url(copy), { mode: 'replace' })
    await streams()
    await drop(copy)
    await streams()

    // One that has not copied its tables yet holds on to them.
    const unfinished = make()
    runSql(
      server,
      unfinished,
      `${table}; CREATE SUBSCRIPTION u CONNECTION ${literal(conninfo)} PUBLICATION p WITH (create_slot = false, slot_name = '${slot}', enabled = false)`,
    )
    await expect(restore(original, server.url(unfinished), { mode: 'replace' })).rejects.toThrow(
      /still copies tables of its publishers: u\./,
    )
    await drop(unfinished)
    await streams()

    // What fails takes nothing with it.
    const broken = {
      ...original,
      schema: {
        ...original.schema,
        objects: [
          {
            kind: 'view',
            name: 'v',
            sql: 'CREATE VIEW v AS SELECT nothing;',
            dependsOn: [],
          } as const,
        ],
      },
    }
    await expect(restore(broken, server.url(subscriber), { mode: 'replace' })).rejects.toThrow(
      /view v/,
    )
    await streams()

    // Put in place of itself, it goes on where it was when a person says so.
    await restore(original, server.url(subscriber), { mode: 'replace' })
    expect(
      text(publisher, `SELECT count(*) FROM pg_replication_slots WHERE slot_name = '${slot}'`),
    ).toBe('1')
    runSql(server, publisher, `DELETE FROM t`)
    runSql(server, subscriber, `TRUNCATE t; ALTER SUBSCRIPTION s ENABLE`)
    runSql(server, subscriber, `ALTER SUBSCRIPTION s REFRESH PUBLICATION WITH (copy_data = false)`)
    last += 1
    await streams()
    await drop(subscriber)
    await expect
      .poll(
        () =>
          text(publisher, `SELECT active FROM pg_replication_slots WHERE slot_name = '${slot}'`),
        { timeout: 20_000 },
      )
      .toBe('f')
    runSql(server, publisher, `SELECT pg_drop_replication_slot('${slot}')`)
    dropDatabase(server, publisher)
  }, 90_000)
})

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
