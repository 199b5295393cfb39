import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { createLike, dumpDifferences, restore } from './restore.ts'
import { heldSnapshot, keyText, snapshotDifferences, type HeldSnapshot } from './round-trip.ts'

/** Words that an encoding can hold, for names, definitions and rows; so short that no server cuts a name made of them. */
const words: Readonly<Record<string, string>> = {
  UTF8: 'Grüße 日本 😀 İ',
  LATIN1: 'Grüße ÿ ½ Þ',
  WIN1251: 'Привет № ё',
  EUC_JP: '日本語 テスト',
  EUC_KR: '한국어 漢字',
}

/** Each sign of a word once. */
const signs = (word: string): readonly string[] => [...new Set(word.replaceAll(' ', ''))]

const script = (word: string): string => `
  CREATE SCHEMA "s ${word}"; COMMENT ON SCHEMA "s ${word}" IS '${word}';
  CREATE TYPE "e ${word}" AS ENUM ('${word}', 'x');
  CREATE TABLE "s ${word}"."t ${word}" ("k ${word}" text PRIMARY KEY, e "e ${word}" DEFAULT '${word}', CHECK ("k ${word}" <> 'no ${word}'));
  COMMENT ON COLUMN "s ${word}"."t ${word}"."k ${word}" IS 'column ${word}';
  INSERT INTO "s ${word}"."t ${word}" VALUES ('${word}', DEFAULT), ('${word}${word}', 'x'), ${signs(
    word,
  )
    .map((sign) => `('${sign}', NULL)`)
    .join(', ')};
  CREATE FUNCTION "f ${word}"("a ${word}" text) RETURNS text LANGUAGE sql AS $$ SELECT '${word}' || $1 $$;
  CREATE VIEW "v ${word}" AS SELECT '${word}'::text AS "c ${word}";`

function rowsOf(snapshot: HeldSnapshot, schema: string, name: string): string | undefined {
  return snapshot.rows.get(keyText({ kind: 'table', schema, name }))?.toString()
}

describe.each(outerPostgresServers)('%s: a database', (name) => {
  const server = servers()[name]
  const databases: string[] = []
  const newName = (): string => {
    const database = `encoded_${randomBytes(6).toString('hex')}`
    databases.push(database)
    return database
  }
  const make = (encoding: string, sql: string): string => {
    const database = newName()
    runSql(
      server,
      'postgres',
      `CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`,
    )
    runSql(server, database, sql)
    return database
  }

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  const cases = Object.entries(words).filter(
    ([encoding]) => name === 'postgres18' || encoding === 'LATIN1' || encoding === 'EUC_JP',
  )

  test.each(cases)('in %s is read and restored as it is', async (encoding, word) => {
    const source = make(encoding, script(word))
    const original = await heldSnapshot(server.url(source))
    const texts = original.schema.objects.map(({ sql, sqlAfterRows = '' }) => sql + sqlAfterRows)
    expect(texts.join('')).toContain(`COMMENT ON SCHEMA "s ${word}" IS '${word}';`)
    expect(texts.join('')).toContain(`SELECT '${word}' || $1`)
    const lines = [`${word},${word}`, `${word}${word},x`, ...signs(word).map((sign) => `${sign},`)]
    const inOrder = lines.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(rowsOf(original, `s ${word}`, `t ${word}`)?.split('\n')).toEqual([...inOrder, ''])
    const copy = newName()
    await createLike(original, server, copy)
    await restore(original, server.url(copy))
    expect(dumpDifferences(server, source, copy)).toEqual([])
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
    expect(runSql(server, copy, 'SHOW server_encoding')).toBe(`${encoding}\n`)

    // The same words in another encoding are the same text.
    const other = make('UTF8', script(word))
    const inUtf8 = await heldSnapshot(server.url(other))
    const withoutDatabase = ({ rows, schema }: HeldSnapshot): HeldSnapshot => ({
      rows,
      schema: { ...schema, objects: schema.objects.filter(({ kind }) => kind !== 'database') },
    })
    expect(snapshotDifferences(withoutDatabase(original), withoutDatabase(inUtf8))).toEqual([])
  })

  test('in SQL_ASCII with UTF-8 in it is read and restored as it is', async () => {
    const word = words['UTF8'] ?? ''
    const source = make('SQL_ASCII', script(word))
    const original = await heldSnapshot(server.url(source))
    const copy = newName()
    await createLike(original, server, copy)
    await restore(original, server.url(copy))
    expect(dumpDifferences(server, source, copy)).toEqual([])
    expect(snapshotDifferences(original, await heldSnapshot(server.url(copy)))).toEqual([])
  })

  test.each([
    [
      'a row',
      String.raw`INSERT INTO t VALUES (convert_from('\xff41', 'SQL_ASCII'))`,
      /the rows of public\.t\b/i,
    ],
    [
      'a comment',
      String.raw`DO $$ BEGIN EXECUTE 'COMMENT ON TABLE t IS ''' || convert_from('\xff41', 'SQL_ASCII') || ''''; END $$`,
      /the table public\.t;/,
    ],
    [
      'a name',
      String.raw`DO $$ BEGIN EXECUTE 'CREATE VIEW "v' || convert_from('\xff41', 'SQL_ASCII') || '" AS SELECT 1 AS a'; END $$`,
      /the view public\.v\ufffdA;/,
    ],
    [
      'a body',
      String.raw`DO $$ BEGIN EXECUTE 'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS ''SELECT ''''' || convert_from('\xff41', 'SQL_ASCII') || ''''''''; END $$`,
      /the function public\.f\(\);/,
    ],
    [
      'a default',
      String.raw`DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER a SET DEFAULT ''' || convert_from('\xff41', 'SQL_ASCII') || ''''; END $$`,
      /the table public\.t;/,
    ],
  ])(
    'in SQL_ASCII with %s that is no UTF-8 is refused, and the message names it',
    async (_, sql, named) => {
      const source = make('SQL_ASCII', 'CREATE TABLE t (a text);')
      runSql(server, source, sql)
      const failure = heldSnapshot(server.url(source))
      await expect(failure).rejects.toMatchObject({ code: 'invalid-encoding' })
      await expect(failure).rejects.toThrow(named)
    },
  )
})
