import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { majorVersion, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

const directory = join(import.meta.dirname, '../../fixtures/postgres/forms')

interface Form {
  readonly name: string
  /** The first major version that knows it. */
  readonly since: number
  readonly script: string
}

/** The sections of a file, each under a heading `-- name` or `-- name (since 18)`. */
function formsOf(file: string): readonly Form[] {
  const sections = readFileSync(join(directory, file), 'utf8').split(/^-- /m).slice(1)
  return sections.map((section) => {
    const [, name = '', since = '0', script = ''] =
      /^(.*?)(?: \(since (\d+)\))?\n([^]*)$/.exec(section) ?? []
    return { name: `${file}: ${name}`, since: Number(since), script }
  })
}

const forms = readdirSync(directory).sort().flatMap(formsOf)

describe.each(['postgres14', 'postgres15', 'postgres18'] as const)(
  '%s: every form that pg_dump knows',
  (name) => {
    const server = servers()[name]
    const databases: string[] = []
    const make = (): string => {
      const database = createDatabase(server)
      databases.push(database)
      return database
    }

    afterAll(() => {
      for (const database of databases) dropDatabase(server, database)
    })

    test.each(forms.filter(({ since }) => since <= majorVersion(name)))(
      '$name',
      async ({ script }) => {
        const source = make()
        runSql(server, source, script)
        const original = await heldSnapshot(server.url(source))
        expect(original.schema.notCaptured).toEqual([])
        expect(original.schema.warnings).toEqual(
          script.includes('DISABLE TRIGGER ALL')
            ? [expect.stringMatching(/^The checks of foreign keys are switched off on public\.o /)]
            : [],
        )
        const copy = make()
        await restore(original, server.url(copy))
        expect(await differences(server, original, source, copy)).toEqual([])
      },
    )
  },
)
