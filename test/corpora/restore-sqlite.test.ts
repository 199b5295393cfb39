import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pour, sourceOfSnapshot } from '../../src/commands/pour.ts'
import { sqlite } from '../../src/engines/sqlite/index.ts'
import { dumpedLines, hold, sqlite3, typedCells } from '../engines/sqlite/round-trip.ts'
import { temporaryDirectory } from '../support/servers.ts'
import { corpora } from './corpus.ts'
import { load } from './loaded.ts'

/** Every database file of others: load, snapshot, restore into a new file, and let the sqlite3 program compare. */

const cases = corpora.filter(({ engine }) => engine === 'sqlite')

describe.each(cases)('$file', (corpus) => {
  test('comes back the same in the eyes of sqlite3 and in ours', async () => {
    const source = await load(corpus, 'postgres15')
    const original = source.url.replace('sqlite:', '')
    const copy = join(await temporaryDirectory(), 'restored.db')
    await using database = await sqlite.open({ url: source.url, environment: {} })
    await using server = await sqlite.openServer({ url: `sqlite:${copy}`, environment: {} })
    await database.read({ wantsRows: () => true }, async (snapshot) => {
      const settings = snapshot.schema.objects.find(({ kind }) => kind === 'database')
      await server.create(server.database, settings === undefined ? {} : { settings })
      await using target = await sqlite.open({ url: `sqlite:${copy}`, environment: {} })
      await pour(sourceOfSnapshot(snapshot), target, { mode: 'empty' })
    })
    expect(dumpedLines(copy)).toEqual(dumpedLines(original))
    expect(typedCells(copy)).toEqual(typedCells(original))
    expect(await hold(copy)).toEqual(await hold(original))

    const { name } = corpus.column.table
    sqlite3(copy, `ALTER TABLE "${name}" ADD COLUMN broken_on_purpose;`)
    expect(dumpedLines(copy)).not.toEqual(dumpedLines(original))
    expect(typedCells(copy)).not.toEqual(typedCells(original))
    source.remove()
  })
})
