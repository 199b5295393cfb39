import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../../cli/project.ts'
import { treeOf } from '../../cli/witness.ts'
import { answersOf, makeDatabase } from './refill.ts'
import { dumpedLines, sqlite3, typedCells } from './round-trip.ts'

const nasty = readFileSync(join(import.meta.dirname, '../../fixtures/sqlite/nasty.sql'), 'utf8')
const settings = `global: ["*"]
restore: {allow_restore: true}
`

/** What has to be the same in both files, and is not in `.dump`. */
const queries = [
  'SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE $$sqlite_stat%$$ ORDER BY 1, 2, 4',
  'PRAGMA encoding',
  'PRAGMA page_size',
  'PRAGMA auto_vacuum',
  'PRAGMA application_id',
  'PRAGMA user_version',
  'PRAGMA integrity_check',
  'SELECT name, quote(seq) FROM sqlite_sequence ORDER BY 1, 2',
  'SELECT rowid, * FROM numbered ORDER BY 1',
  'SELECT * FROM numbers ORDER BY 1',
  'SELECT rowid, * FROM article_index WHERE article_index MATCH $$word$$',
  'SELECT rowid FROM textless WHERE textless MATCH $$one$$ ORDER BY 1',
  'SELECT docid, v FROM numbered_index WHERE numbered_index MATCH $$three$$',
  'SELECT * FROM tree ORDER BY 1',
  'SELECT name, type FROM pragma_table_list WHERE name NOT LIKE $$sqlite_%$$ ORDER BY 1',
].map((query) => query.replaceAll('$$', "'"))

function expectSame(copy: string, original: string): void {
  for (const query of queries) {
    expect(answersOf(copy, query), query).toStrictEqual(answersOf(original, query))
    expect(answersOf(copy, query), query).not.toStrictEqual([])
  }
  const [one, other] = [withoutModule(copy), withoutModule(original)]
  expect(typedCells(one)).toStrictEqual(typedCells(other))
  expect(dumpedLines(one)).toStrictEqual(dumpedLines(other))
  expect(dumpedLines(one).length).toBeGreaterThan(150)
}

/** A copy without the table whose module the sqlite3 program lacks, too: that program could not read a list of all columns. */
function withoutModule(path: string): string {
  const copy = `${path}.usable`
  copyFileSync(path, copy)
  makeDatabase(
    copy,
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'vectors'; DROP TABLE IF EXISTS sqlite_stat1;",
  )
  return copy
}

describe('the nastiest database, by the command line', () => {
  test('is saved, restored and saved again without a difference', async ({ newProject }) => {
    const project = await newProject('', settings)
    makeDatabase(project.database, nasty)
    expect(answersOf(project.database, queries[10] ?? '')).toStrictEqual([
      'bigint 6 | string open word',
    ])
    const first = await project.run()
    expect(first).toMatchObject({ status: 0 })
    const copy = join(project.directory, 'copy.db')
    const restored = await project.run(['restore', '--to', `sqlite:${copy}`])
    expect(restored).toMatchObject({ status: 0 })
    expectSame(copy, project.database)
    const judged = await project.run(['verify', '--vendor'])
    expect(judged).toMatchObject({ status: 0, stderr: '' })
  })

  test('has the same bytes after VACUUM, ANALYZE and REINDEX', async ({ newProject }) => {
    const project = await newProject('', settings)
    makeDatabase(project.database, nasty)
    await project.run()
    const before = treeOf(join(project.shared, 'db.example.org'))
    // It renumbers rows that nothing numbers, and puts virtual tables and views last.
    sqlite3(project.database, 'VACUUM; ANALYZE; REINDEX;')
    expect(await project.run()).toMatchObject({ status: 0 })
    expect(treeOf(join(project.shared, 'db.example.org'))).toStrictEqual(before)
    expect(project.git('rev-list', '--count', 'HEAD').trim()).toBe('1')
  })

  test('is made by its script alone, with the sqlite3 program', async ({ newProject }) => {
    const project = await newProject('', settings)
    makeDatabase(project.database, nasty)
    await project.run()
    const script = join(project.directory, 'all.sql')
    expect(await project.run(['export', '--output', script])).toMatchObject({ status: 0 })
    const copy = join(project.directory, 'by script.db')
    sqlite3(copy, readFileSync(script, 'utf8'))
    expectSame(copy, project.database)
  })

  test('names a line of its schema that is broken, with status 4, and saves all else', async ({
    newProject,
  }) => {
    const project = await newProject('', settings)
    makeDatabase(
      project.database,
      `CREATE TABLE kept (x); INSERT INTO kept VALUES (1); CREATE VIEW lost AS SELECT 1; PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET sql = 'CREATE VIEW lost AS SELCT 1' WHERE name = 'lost';`,
    )
    const ended = await project.run()
    expect(ended.status).toBe(4)
    expect(ended.stdout + ended.stderr).toMatch(/view.*lost.*SELCT/s)
    expect(project.file('tables/kept.csv')).toBe('x\n1\n')
  })
})
