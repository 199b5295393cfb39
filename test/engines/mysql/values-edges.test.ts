import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers } from '../../support/servers.ts'
import { filesOf, readWhole, requestFor, runClient } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'
import { ValuesTrip } from './values-support.ts'

/** A table of as many columns as a server makes; MariaDB's definitions end at 64 KB. */
function wide(name: string, engine: string, columns: number): string {
  const names = Array.from({ length: columns }, (_, index) => index.toString(36))
  const list = names.map((column) => `\`${column}\` tinyint`).join(', ')
  const last = names.at(-1) ?? ''
  return `CREATE TABLE ${name} (${list}) ENGINE = ${engine}; INSERT INTO ${name} (\`0\`, \`${last}\`) VALUES (1, 2), (1, 2), (NULL, NULL), (2, 1);`
}

const generated = `
  CREATE TABLE made (id int AUTO_INCREMENT PRIMARY KEY, a int, v int AS (a * 2) VIRTUAL, s varchar(20) AS (CONCAT(a, 'x')) STORED, d int DEFAULT (1 + 1), u varchar(40) DEFAULT (UUID()), KEY (v));
  INSERT INTO made (id, a) VALUES (0, 1), (-5, 2), (7, NULL);`

describe.each(installedMysqlServers)('%s', (name) => {
  const isMariaDb = name !== 'mysql'
  let trip: ValuesTrip

  beforeEach(() => {
    trip = new ValuesTrip(servers()[name])
  })
  afterEach(() => {
    trip[Symbol.dispose]()
  })

  test('tables of every engine, shape and width', async () => {
    trip.run(`${wide('widest', 'MyISAM', isMariaDb ? 2_600 : 4_096)} ${wide('wide', 'InnoDB', 1_017)} ${generated}
      CREATE TABLE separated (a int NOT NULL, b varchar(20) NOT NULL, c double NOT NULL, d text NOT NULL) ENGINE = CSV;
      INSERT INTO separated VALUES (1, 'a,"b\\n', '-0', 'x'), (0, '', '1e-300', '\\\\'), (1, 'a,"b\\n', '-0', 'x');
      CREATE TABLE archived (a int, b blob, c varchar(9)) ENGINE = ARCHIVE; INSERT INTO archived VALUES (1, x'00ff', 'é'), (1, x'00ff', 'é'), (NULL, NULL, NULL);
      CREATE TABLE remembered (a int, b varchar(9), c char(9)) ENGINE = MEMORY; INSERT INTO remembered VALUES (1, 'a ', 'b '), (NULL, NULL, NULL), (NULL, NULL, NULL);
      ${isMariaDb ? 'CREATE TABLE aria (a int, g geometry, b bit(9)) ENGINE = Aria; INSERT INTO aria VALUES (1, POINT(1, 2), 257), (1, POINT(1, 2), 257);' : ''}
      CREATE TABLE swallowed (a int) ENGINE = BLACKHOLE; INSERT INTO swallowed VALUES (1);
      CREATE TABLE no_rows (a int, b text, c bit(3)); CREATE TABLE only_nulls (a int); INSERT INTO only_nulls VALUES (NULL), (NULL), (NULL);
      CREATE TABLE hidden (a int ${isMariaDb ? 'INVISIBLE DEFAULT 5' : 'DEFAULT 5 INVISIBLE'}, b int); INSERT INTO hidden (a, b) VALUES (1, 1), (NULL, 2);`)
    const { rows } = await trip.expectUnharmed()
    expect(rows.get('only_nulls')).toBe('\n\n\n')
    expect(rows.get('made')?.startsWith('-5,2,2,')).toBe(true)
  })

  test('cells of many megabytes, and rows that are longer than a packet', async () => {
    trip.run(`
      CREATE TABLE long_one (id int PRIMARY KEY, a longblob, b longblob, c longtext, d longtext CHARACTER SET ucs2, e varchar(9));
      INSERT INTO long_one VALUES (1, REPEAT(x'ff27005c', 2000000), NULL, NULL, NULL, 'é'), (2, '', '', '', '', '');
      UPDATE long_one SET b = REPEAT(x'00', 7000000) WHERE id = 1; UPDATE long_one SET c = REPEAT('é"', 2000000), d = REPEAT(x'd8000041', 500000) WHERE id = 1;
      CREATE TABLE alone (a longblob); INSERT INTO alone VALUES (REPEAT(x'fe', 15000000));`)
    await trip.expectUnharmed()
  })

  test('a script brings back what only bytes and numbers tell', async () => {
    trip.run(`
      CREATE TABLE told (id int PRIMARY KEY, e enum('', 'a'), s set('', 'b', 'c'), u varchar(9) CHARACTER SET ucs2, g varchar(9) CHARACTER SET cp932, t varchar(20));
      INSERT IGNORE INTO told VALUES (1, 0, 1, x'd800', x'eef9', '\\\\xab'), (2, 1, 7, x'0041', x'81ca', '\\\\\\\\x'), (3, 2, 6, '', '', '\\\\xAB'), (4, NULL, 0, NULL, NULL, '\\\\xampp');`)
    const read = await readWhole(requestFor(trip.server, trip.original))
    expect(read.rows.get('told')).toBe(
      String.raw`1,\0,\1,\xd800,\xeef9,\\xab
2,"",\7,A,￢,\\\x
3,a,"b,c","","",\xAB
4,,"",,,\xampp
`,
    )
    runClient(trip.server, trip.copy, await snapshotScript('everything', read))
    trip.expectSameRows()
    expect(filesOf(await readWhole(requestFor(trip.server, trip.copy)))).toEqual(filesOf(read))
  })

  test('labels that repeat come back by their numbers', async () => {
    trip.run(`
      CREATE TABLE twice (id int PRIMARY KEY, e enum('a', 'b', 'a', 'B', 'c'), s set('x', 'y', 'x', 'z'), x enum('a', 'A') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin);
      INSERT INTO twice VALUES (1, 1, 1, 1), (2, 3, 4, 2), (3, 4, 12, NULL), (4, 2, 10, 2), (5, 5, 15, 1), (6, NULL, NULL, NULL), (7, 0, 0, NULL);
      CREATE TABLE keyless AS SELECT e, s FROM twice; INSERT INTO keyless SELECT e, s FROM twice ORDER BY id DESC;`)
    const { rows } = await trip.expectUnharmed()
    expect(rows.get('twice')).toBe(
      String.raw`1,a,x,a
2,\3,\4,A
3,\4,\12,
4,b,"y,z",A
5,c,\15,a
6,,,
7,\0,"",
`,
    )
  })

  if (!isMariaDb) {
    test('JSON that its text does not tell is named', async () => {
      trip.run(`
        CREATE TABLE plain_json (j json, k json AS (JSON_OBJECT('d', CAST(1.50 AS DECIMAL(9, 2))))); INSERT INTO plain_json (j) VALUES ('{"d": "2024-01-02", "n": 1.5}'), ('1e300'), (NULL), (JSON_OBJECT('u', CAST(5 AS UNSIGNED)));
        CREATE TABLE dates (j json); INSERT INTO dates VALUES ('[]'), (JSON_ARRAY(CAST('2024-01-02' AS DATE)));
        CREATE TABLE decimals (j json); INSERT INTO decimals VALUES (JSON_OBJECT('n', CAST(1.5 AS DECIMAL(9, 4))));
        CREATE TABLE bytes (i json, j json); INSERT INTO bytes VALUES ('1', JSON_OBJECT('b', x'00ff'));`)
      const { schema } = await readWhole(requestFor(trip.server, trip.original))
      expect(schema.notCaptured.map(({ name: column }) => column)).toEqual([
        'bytes.j',
        'dates.j',
        'decimals.j',
      ])
    })
  }
})
