import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { majorVersion, type PostgresServer } from './server-names.ts'

const directory = join(import.meta.dirname, '../fixtures/postgres')

/** The text of a script of test/fixtures/postgres. */
export function postgresFixture(name: string): string {
  return readFileSync(join(directory, name), 'utf8')
}

/** The scripts that make one of everything on this server, in order: `since-N.sql` holds what version N brought. */
export function everythingFor(name: PostgresServer): readonly string[] {
  const versions = readdirSync(directory)
    .flatMap((file) => /^since-(\d+)\.sql$/.exec(file)?.[1] ?? [])
    .map(Number)
    .filter((version) => version <= majorVersion(name))
    .toSorted((left, right) => left - right)
  const files = [
    'everything.sql',
    'corners.sql',
    ...versions.map((version) => `since-${version}.sql`),
  ]
  return files.map(postgresFixture)
}
