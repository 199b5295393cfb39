import { describe, expect } from 'vitest'
import { test } from '../cli/project.ts'
import { createDatabase, dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

const partitioned = `CREATE TABLE events (id integer, kind integer, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE logins PARTITION OF events FOR VALUES IN (1) PARTITION BY RANGE (id);
CREATE TABLE old_logins PARTITION OF logins FOR VALUES FROM (0) TO (100);
INSERT INTO events VALUES (1, 1), (2, 1);`

/** Rewrites a partition while it is locked, so that an older snapshot finds it empty. */
const rewrite = `BEGIN; LOCK TABLE old_logins; SELECT pg_sleep(2);
TRUNCATE old_logins; INSERT INTO old_logins VALUES (7, 1); COMMIT;`

describe('a table whose partitions are in no list', () => {
  test('a partition that is rewritten meanwhile never looks empty', async ({ project }) => {
    const server = servers().postgres15
    const database = createDatabase(server)
    try {
      runSql(server, database, partitioned)
      project.configure(
        `database: { url: "${server.url(database)}", name: shop }\nglobal: [events]\n`,
      )
      await project.succeed()
      expect(project.file('public/tables/old_logins.csv')).toBe('id,kind\n1,1\n2,1\n')

      const rewriting = project.start(['--database', 'shop'], {
        wrapper: ['sh', '-c', 'sleep 0.5; exec "$@"', 'later'],
      })
      runSql(server, database, rewrite)
      expect((await rewriting.ended).status).toBe(0)
      expect(project.file('public/tables/old_logins.csv')).toBe('id,kind\n7,1\n')
    } finally {
      dropDatabase(server, database)
    }
  })
})
