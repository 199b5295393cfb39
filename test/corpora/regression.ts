import { cpSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { debianTree, regressionTree } from '../../scripts/setup/places.mjs'
import { runSql } from '../support/databases.ts'
import { hasDebianTree } from '../support/debian-tree.ts'
import { program, run } from '../support/program.ts'
import type { Server } from '../support/servers.ts'

/**
 * The database that PostgreSQL's own regression tests leave behind, made by running them as pg_regress does:
 * https://www.postgresql.org/docs/15/regress-run.html
 */

/** Whether the set-up could get PostgreSQL's regression tests. */
export const hasRegressionTests = hasDebianTree(regressionTree)

export const regressionDatabase = 'regression'

/** What pg_regress sets for the database. */
const databaseSettings = `
  ALTER DATABASE regression SET lc_messages TO 'C'; ALTER DATABASE regression SET lc_monetary TO 'C';
  ALTER DATABASE regression SET lc_numeric TO 'C'; ALTER DATABASE regression SET lc_time TO 'C';
  ALTER DATABASE regression SET bytea_output TO 'hex'; ALTER DATABASE regression SET timezone_abbreviations TO 'Default'`

/** Runs all regression tests on the server, one after another. Errors belong to them: what they leave is what counts. */
export function buildRegression(server: Server): void {
  const directory = writableCopy()
  runSql(server, 'postgres', `CREATE DATABASE ${regressionDatabase} TEMPLATE template0`)
  runSql(server, 'postgres', databaseSettings)
  const environment = regressEnvironment(server, directory)
  const login = ['-h', server.host, '-p', `${server.port}`, '-U', server.user]
  const hidden = ['-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on']
  const words = ['-X', '-q', ...login, ...hidden, '-d', regressionDatabase]
  for (const test of scheduledTests(directory)) {
    const script = readFileSync(join(directory, 'sql', `${test}.sql`), 'utf8')
    run(program('psql'), words, environment, script)
  }
}

/** A copy that the server may read and write, whoever it runs as. */
function writableCopy(): string {
  const directory = mkdtempSync(join(inject('serverRoom'), 'modules-'))
  cpSync(debianTree(regressionTree), directory, { recursive: true })
  for (const name of ['results', 'testtablespace']) mkdirSync(join(directory, name))
  run('chmod', ['-R', 'a+rwX', directory])
  return directory
}

function scheduledTests(directory: string): readonly string[] {
  return readFileSync(join(directory, 'parallel_schedule'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('test:'))
    .flatMap((line) => line.slice('test:'.length).trim().split(/\s+/))
}

function regressEnvironment(server: Server, directory: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    PGPASSWORD: server.password,
    PGAPPNAME: 'pg_regress',
    PGTZ: 'PST8PDT',
    PGDATESTYLE: 'Postgres, MDY',
    PGOPTIONS: '-c intervalstyle=postgres_verbose',
    LC_MESSAGES: 'C',
    PG_ABS_SRCDIR: directory,
    PG_ABS_BUILDDIR: directory,
    PG_LIBDIR: join(directory, 'lib'),
    PG_DLSUFFIX: '.so',
  }
}

/** How many objects of a kind the database holds at least when its making worked: SQL of the count, number. */
export const minimums = {
  tables: ["SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p')", 600],
  indexes: ["SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('i', 'I')", 230],
  views: ["SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('v', 'm')", 50],
  routines: ['SELECT count(*) FROM pg_proc WHERE oid >= 16384', 300],
  types: ["SELECT count(*) FROM pg_type WHERE oid >= 16384 AND typtype <> 'c'", 60],
  operators: ['SELECT count(*) FROM pg_operator WHERE oid >= 16384', 10],
  triggers: ['SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal', 50],
  'text search dictionaries': ['SELECT count(*) FROM pg_ts_dict WHERE oid >= 16384', 8],
  publications: ['SELECT count(*) FROM pg_publication', 4],
  'large objects': ['SELECT count(*) FROM pg_largeobject_metadata', 3],
} as const
