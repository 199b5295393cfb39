import { afterAll, describe, expect, it } from 'vitest'
import { scratchDirectory, hold, pour, sqlite3 } from './round-trip.ts'
import { answersOf, makeDatabase, refill } from './refill.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

interface Case {
  readonly sql: string
  /** What has to be found in both; the first must find something. */
  readonly queries: readonly string[]
  /** The inner tables that are in the snapshot. */
  readonly parts?: readonly string[]
  /** The sqlite3 program on this machine may be too old for the module or option. */
  readonly newer?: true
}

const match = (table: string, words: string) =>
  `SELECT rowid, * FROM ${table} WHERE ${table} MATCH '${words}' ORDER BY rowid`
const schemaQuery = 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2'
const partsOfFts5 = ['f_config', 'f_data', 'f_docsize', 'f_idx']

const cases: Readonly<Record<string, Case>> = {
  'FTS3 with a stemmer': {
    sql: `CREATE VIRTUAL TABLE f USING fts3 (a, b, tokenize=porter);
      INSERT INTO f (docid, a, b) VALUES (9, 'running dogs', NULL), (4, 'ran', 'x dog'); UPDATE f SET a = 'runs' WHERE docid = 4;
      INSERT INTO f (f) VALUES ('automerge=4');`,
    queries: [
      match('f', 'run'),
      `SELECT docid, offsets(f), snippet(f), hex(matchinfo(f, 'pcx')) FROM f WHERE f MATCH 'dog' ORDER BY 1`,
      'SELECT id, value FROM f_stat WHERE id = 2',
    ],
  },
  'FTS4 with languages, prefixes and columns that are not indexed': {
    sql: `CREATE VIRTUAL TABLE f USING fts4 (a, b, languageid="lid", notindexed=b, prefix="2,4", order=desc, matchinfo=fts3);
      INSERT INTO f (docid, a, b, lid) VALUES (3, 'one onward', 'zz', 1), (1, 'one', 'one', 0), (7, 'on', 'y', 1);`,
    queries: [
      `SELECT docid, a, b, lid FROM f WHERE f MATCH 'on*' AND lid = 1 ORDER BY 1`,
      match('f', 'one'),
    ],
  },
  'FTS4 that compresses its text': {
    sql: `CREATE VIRTUAL TABLE f USING fts4 (a, compress=upper, uncompress=lower); INSERT INTO f VALUES ('abc d');`,
    queries: [match('f', 'abc'), 'SELECT c0a FROM f_content'],
  },
  'FTS4 whose application uncompresses the text': {
    sql: `CREATE VIRTUAL TABLE f USING fts4 (a, compress=upper, uncompress=lower); INSERT INTO f VALUES ('abc d');
      PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '=lower', '=of_the_application') WHERE name = 'f';`,
    queries: ['SELECT * FROM f_content', 'SELECT level, idx, hex(root) FROM f_segdir'],
    parts: ['f_content', 'f_docsize', 'f_segdir', 'f_segments', 'f_stat'],
  },
  'FTS4 that takes text and columns from a table': {
    sql: `CREATE TABLE z (id INTEGER PRIMARY KEY, a, b); INSERT INTO z VALUES (4, 'x y', 'z'), (-4, 'y', NULL);
      CREATE VIRTUAL TABLE f USING fts4 (content="z"); INSERT INTO f (f) VALUES ('rebuild');`,
    queries: [match('f', 'y')],
  },
  'FTS4 that takes its text from a view': {
    sql: `CREATE TABLE z (id INTEGER PRIMARY KEY, a); INSERT INTO z VALUES (4, 'x y');
      CREATE VIEW v AS SELECT id AS rowid, a FROM z;
      CREATE VIRTUAL TABLE f USING fts4 (content="v", a); INSERT INTO f (docid, a) SELECT id, a FROM z;`,
    queries: [match('f', 'y')],
  },
  'FTS4 without text': {
    sql: `CREATE VIRTUAL TABLE f USING fts4 (content="", a); INSERT INTO f (docid, a) VALUES (4, 'x'), (9, 'y x');`,
    queries: [`SELECT docid FROM f WHERE f MATCH 'x' ORDER BY 1`],
    parts: ['f_docsize', 'f_segdir', 'f_segments', 'f_stat'],
  },
  'FTS5 with its options and settings': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a, b UNINDEXED, prefix='2 3', tokenize='porter unicode61 remove_diacritics 2', columnsize=0, detail=column);
      INSERT INTO f (rowid, a, b) VALUES (10, 'running é', 'u'), (-2, 'runs', NULL), (3, x'00ff', 2.5);
      INSERT INTO f (f, rank) VALUES ('pgsz', 64), ('rank', 'bm25(10.0)'), ('usermerge', 3);`,
    queries: [
      match('f', 'run'),
      match('f', 'e'),
      'SELECT rowid, quote(a), typeof(b), b FROM f ORDER BY 1',
      'SELECT k, v FROM f_config ORDER BY 1',
    ],
  },
  'FTS5 of trigrams without details': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a, tokenize='trigram case_sensitive 1', detail=none); INSERT INTO f VALUES ('abcdef'), ('ABC');`,
    queries: [match('f', 'abc'), 'SELECT rowid FROM f WHERE a GLOB "*BC*"'],
  },
  'FTS5 with names that need care': {
    sql: `CREATE VIRTUAL TABLE "my ""f" USING fts5 ("a b", "select"); INSERT INTO "my ""f" VALUES ('x', 'y');`,
    queries: [`SELECT rowid, * FROM "my ""f" WHERE "my ""f" MATCH '"a b":x'`],
  },
  'FTS5 over a table that triggers keep in step': {
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE VIRTUAL TABLE f USING fts5 (a, content=t, content_rowid=id);
      CREATE TRIGGER i AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;
      INSERT INTO t VALUES (5, 'one'), (6, 'two');`,
    queries: [match('f', 'two'), `SELECT rowid, rank FROM f('two')`],
  },
  'FTS5 over a part of a table': {
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a, published); CREATE VIRTUAL TABLE f USING fts5 (a, content=t, content_rowid=id);
      CREATE TRIGGER i AFTER INSERT ON t WHEN new.published BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;
      INSERT INTO t VALUES (5, 'secret word', 0), (6, 'open word', 1);`,
    queries: [match('f', 'word'), `SELECT rank FROM f('word')`],
  },
  'FTS4 over a part of a table': {
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (5, 'secret word'), (6, 'open word');
      CREATE VIRTUAL TABLE f USING fts4 (content="t", a); INSERT INTO f (docid, a) SELECT id, a FROM t WHERE id = 6;`,
    queries: [match('f', 'word'), `SELECT hex(matchinfo(f, 'pcnal')) FROM f WHERE f MATCH 'word'`],
  },
  'FTS5 over a table, without sizes': {
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (5, 'one'), (6, 'two');
      CREATE VIRTUAL TABLE f USING fts5 (a, content=t, content_rowid=id, columnsize=0); INSERT INTO f (f) VALUES ('rebuild');`,
    queries: [match('f', 'one')],
  },
  'FTS5 over a table that is gone': {
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'one');
      CREATE VIRTUAL TABLE f USING fts5 (a, content=t, content_rowid=id); INSERT INTO f (f) VALUES ('rebuild'); DROP TABLE t;`,
    queries: [`SELECT rowid FROM f WHERE f MATCH 'one'`, match('f', 'one')],
    parts: partsOfFts5,
  },
  'FTS5 over a view': {
    sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (5, 'one'); CREATE VIEW v AS SELECT id, upper(a) AS a FROM t;
      CREATE VIRTUAL TABLE f USING fts5 (a, content=v, content_rowid=id); INSERT INTO f (f) VALUES ('rebuild');`,
    queries: [match('f', 'one')],
  },
  'FTS5 without text': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a, content=''); INSERT INTO f (rowid, a) VALUES (1, 'x'), (2, 'y x');
      INSERT INTO f (f, rank) VALUES ('rank', 'bm25(3.0)');`,
    queries: [
      `SELECT rowid, rank FROM f WHERE f MATCH 'x' ORDER BY 1`,
      'SELECT k, v FROM f_config',
    ],
    parts: partsOfFts5,
  },
  'FTS5 without text, from which rows are deleted': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a, b UNINDEXED, content='', contentless_delete=1, contentless_unindexed=1);
      INSERT INTO f (rowid, a, b) VALUES (1, 'x', 'p'), (2, 'y', 'q'); DELETE FROM f WHERE rowid = 1;`,
    queries: [`SELECT rowid, a, b FROM f WHERE f MATCH 'y'`],
    parts: ['f_config', 'f_content', 'f_data', 'f_docsize', 'f_idx'],
    newer: true,
  },
  'FTS5 with a locale for each text': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a, locale=1); INSERT INTO f VALUES (fts5_locale('en_US', 'hello'));`,
    queries: [`SELECT fts5_get_locale(f, 0), a FROM f WHERE f MATCH 'hello'`],
    parts: ['f_config', 'f_content', 'f_data', 'f_docsize', 'f_idx'],
    newer: true,
  },
  'the words of full-text tables': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a); INSERT INTO f VALUES ('q r'); CREATE VIRTUAL TABLE v1 USING fts5vocab (f, row);
      CREATE VIRTUAL TABLE v2 USING fts5vocab ('f', 'instance'); CREATE VIRTUAL TABLE g USING fts4 (a); INSERT INTO g VALUES ('z');
      CREATE VIRTUAL TABLE v3 USING fts4aux (g); CREATE VIRTUAL TABLE v4 USING fts3tokenize ('porter'); CREATE VIRTUAL TABLE pages USING dbstat;`,
    queries: [
      'SELECT * FROM v1',
      'SELECT * FROM v2',
      'SELECT * FROM v3',
      `SELECT * FROM v4 WHERE input = 'runs'`,
    ],
  },
  'an R*Tree with auxiliary columns': {
    sql: `CREATE VIRTUAL TABLE f USING rtree (id, x0, x1, y0, y1, +name TEXT, +data BLOB, +n);
      INSERT INTO f VALUES (1, 0.1, 0.2, -5, 1e30, 'a', x'00', 5), (NULL, 1, 2, 3, 4, 'b', NULL, '5'), (-8, 0, 0, 0, 0, NULL, 1.0, x'');`,
    queries: [
      'SELECT * FROM f ORDER BY 1',
      'SELECT id, name FROM f WHERE x0 > 0.5',
      `SELECT rtreecheck('f')`,
    ],
  },
  'an R*Tree of integers': {
    sql: `CREATE VIRTUAL TABLE f USING rtree_i32 (id, x0, x1); INSERT INTO f VALUES (1, -2147483648, 2147483647), (5, 0, 0);`,
    queries: ['SELECT * FROM f ORDER BY 1', 'SELECT id FROM f WHERE x1 > 7'],
  },
  'polygons (geopoly)': {
    sql: `CREATE VIRTUAL TABLE f USING geopoly (a, b);
      INSERT INTO f (rowid, _shape, a, b) VALUES (7, '[[0,0],[1,0],[0.5,1],[0,0]]', 'x', 5), (2, '[[2,2],[3,2],[3,3],[2,2]]', NULL, '5');`,
    queries: [
      'SELECT rowid, hex(_shape), a, b FROM f ORDER BY 1',
      `SELECT rowid FROM f WHERE geopoly_overlap(_shape, '[[0,0],[3,0],[3,3],[0,0]]') ORDER BY 1`,
    ],
    newer: true,
  },
  'a table of a module that is not there': {
    sql: `CREATE TABLE f_chunks (id INTEGER PRIMARY KEY, vectors BLOB); INSERT INTO f_chunks VALUES (1, x'0000803f');
      CREATE TABLE f_rowids (rowid INTEGER PRIMARY KEY AUTOINCREMENT, id UNIQUE NOT NULL); INSERT INTO f_rowids (id) VALUES ('it''s');
      CREATE TABLE other (x); PRAGMA writable_schema = ON;
      INSERT INTO sqlite_schema VALUES ('table', 'f', 'f', 0, 'CREATE VIRTUAL TABLE f USING vec0(e float[1], ''x'' text)');`,
    queries: ['SELECT * FROM f_chunks', 'SELECT * FROM f_rowids'],
    parts: ['f_chunks', 'f_rowids'],
  },
  'a full-text table whose tokenizer is not there': {
    sql: `CREATE VIRTUAL TABLE f USING fts5 (a, tokenize='ascii'); INSERT INTO f VALUES ('hello'); PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'ascii', 'of_the_application') WHERE name = 'f';`,
    queries: ['SELECT * FROM f_content', 'SELECT id, hex(block) FROM f_data'],
    parts: ['f_config', 'f_content', 'f_data', 'f_docsize', 'f_idx'],
  },
}

describe.each(Object.entries(cases))('%s', (name, { sql, queries, parts = [], newer = false }) => {
  const original = scratch.path(`${name.replaceAll(/\W/g, '_')}.db`)
  const restored = original.replace('.db', ' restored.db')
  const all = [...queries, schemaQuery, 'PRAGMA integrity_check']

  it('comes back as queries see it, and with the same inner tables', async () => {
    makeDatabase(original, sql)
    const held = await refill(original, restored)
    expect(held.schema.notCaptured).toStrictEqual([])
    const inner = held.schema.objects.filter((object) => 'holdsRowsOf' in object)
    expect(inner.map((object) => object.name)).toStrictEqual(parts)
    expect(answersOf(original, queries[0] ?? '')).not.toStrictEqual([])
    for (const query of all)
      expect(answersOf(restored, query)).toStrictEqual(answersOf(original, query))
    expect(await hold(restored)).toStrictEqual(held)
  })

  if (newer) return

  it('comes back by its statements alone, in the sqlite3 program', async () => {
    const poured = original.replace('.db', ' poured.db')
    pour(await hold(original), poured)
    for (const query of all) {
      expect(typed(poured, query), query).toBe(typed(original, query))
    }
  })
})

/** What the sqlite3 program answers; its message where it refuses. */
function typed(path: string, query: string): string {
  try {
    return sqlite3(path, `.mode quote\n${query};\n`)
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : 'failed'
  }
}

describe('a virtual table', () => {
  it('without its module and without tables that could be its parts is named where its rows are wanted', async () => {
    const path = scratch.path('lost.db')
    makeDatabase(
      path,
      `CREATE TABLE t (x); PRAGMA writable_schema = ON;
       INSERT INTO sqlite_schema VALUES ('table', 'lost', 'lost', 0, 'CREATE VIRTUAL TABLE lost USING csv(filename=x)');`,
    )
    const { schema } = await hold(path)
    expect(schema.notCaptured).toMatchObject([{ kind: 'rows of a virtual table', name: 'lost' }])
    expect(schema.notCaptured[0]?.reason).toMatch(/no such module: csv/)
  })

  it('takes no table of the user for its part because of its name', async () => {
    const [path, restored] = [scratch.path('names.db'), scratch.path('names restored.db')]
    makeDatabase(
      path,
      `CREATE TABLE f_stat (label, amount); INSERT INTO f_stat VALUES ('mine', 1); CREATE VIRTUAL TABLE f USING fts3 (a); INSERT INTO f VALUES ('x');
       CREATE TABLE g_docsize (mine); INSERT INTO g_docsize VALUES (2); CREATE VIRTUAL TABLE g USING fts5 (a, columnsize=0); INSERT INTO g VALUES ('y');
       CREATE TABLE h_content (id INTEGER PRIMARY KEY, a); INSERT INTO h_content VALUES (3, 'z'); CREATE VIRTUAL TABLE h USING fts5 (a, content=h_content);
       INSERT INTO h (h) VALUES ('rebuild');`,
    )
    const { schema, rows } = await refill(path, restored)
    expect(schema.objects.map(({ name }) => name)).toStrictEqual([
      'settings',
      ...['f', 'f_stat', 'g', 'g_docsize', 'h', 'h_content'],
    ])
    expect([rows.get('f_stat'), rows.get('g_docsize'), rows.get('h_content')]).toStrictEqual([
      'mine,1\n',
      '2\n',
      '3,z\n',
    ])
    for (const query of [match('f', 'x'), match('g', 'y'), match('h', 'z')]) {
      expect(answersOf(restored, query)).toStrictEqual(answersOf(path, query))
      expect(answersOf(restored, query)).toHaveLength(1)
    }
  })

  it('is one that works where the rows of its inner tables are not restored', async () => {
    const path = scratch.path('empty parts.db')
    const restored = scratch.path('empty parts restored.db')
    makeDatabase(path, cases['FTS5 without text']?.sql ?? '')
    const held = await hold(path)
    pour({ ...held, rows: new Map() }, restored)
    expect(sqlite3(restored, `SELECT rowid FROM f WHERE f MATCH 'x';`)).toBe('')
    const added = `INSERT INTO f (rowid, a) VALUES (5, 'new x'); SELECT rowid FROM f('x');`
    expect(sqlite3(restored, added)).toBe('5\n')
  })

  it.each(['FTS5 over a part of a table', 'FTS4 over a part of a table'])(
    'is made over all rows of its table where the rows that it knows are not restored: %s',
    async (name) => {
      const [path, restored] = [scratch.path(`${name}.db`), scratch.path(`${name} restored.db`)]
      makeDatabase(path, cases[name]?.sql ?? '')
      const held = await hold(path)
      expect(held.rows.get('f')).toBe('6\n')
      pour({ ...held, rows: new Map([...held.rows].filter(([table]) => table === 't')) }, restored)
      expect(sqlite3(path, `SELECT rowid FROM f WHERE f MATCH 'word';`)).toBe('6\n')
      expect(sqlite3(restored, `SELECT rowid FROM f WHERE f MATCH 'word';`)).toBe('5\n6\n')
    },
  )

  it.each(['fts4', 'fts5'])(
    'has the same definition whether it knows all rows of its table or some: %s',
    async (module) => {
      const path = scratch.path(`${module} definition.db`)
      const sql = `CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'x'), (2, 'y');
        CREATE VIRTUAL TABLE f USING ${module} (a, content="t"${module === 'fts5' ? ', content_rowid=id' : ''}); INSERT INTO f (f) VALUES ('rebuild');`
      makeDatabase(path, sql)
      const definition = async () => {
        const { sql, sqlAfterRows } = (await hold(path)).schema.objects.find(
          ({ name }) => name === 'f',
        ) ?? { sql: '' }
        return sql + (sqlAfterRows ?? '')
      }
      const whole = await definition()
      expect(whole).toContain('rebuild')
      makeDatabase(path, 'DELETE FROM f WHERE rowid = 1')
      expect((await hold(path)).rows.get('f')).toBe('2\n')
      expect(await definition()).toBe(whole)
    },
  )

  it('says that nobody can tell which rows an index without sizes knows', async () => {
    const path = scratch.path('sizes.db')
    makeDatabase(path, cases['FTS5 over a table, without sizes']?.sql ?? '')
    const { warnings } = (await hold(path)).schema
    expect(warnings.join()).toMatch(/"f" keeps no list .* all rows of its content/)
  })
})
