import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

/** Forms of definitions that the other scripts leave out. */

const both = `
  CREATE TABLE places (id int PRIMARY KEY, g geometry NOT NULL, ls linestring, mp multipoint, w text, SPATIAL KEY sp (g), FULLTEXT KEY ft (w) COMMENT 'words', KEY pre (w(5)), KEY down (id DESC));
  INSERT INTO places VALUES (1, ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1)'), ST_GeomFromText('MULTIPOINT(1 1,2 2)'), 'many words');
  CREATE TABLE squeezed (id int PRIMARY KEY, b blob) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8 STATS_PERSISTENT = 1 STATS_AUTO_RECALC = 0 STATS_SAMPLE_PAGES = 9;
  CREATE TABLE kept_ones (a int, b int AS (a + 1) STORED COMMENT 'kept', c int AS (b * 2) VIRTUAL, KEY on_virtual (c), UNIQUE KEY on_stored (b)); INSERT INTO kept_ones (a) VALUES (1), (2);
  CREATE TABLE self (id int PRIMARY KEY, up int, code varchar(9) CHARACTER SET ascii NOT NULL, FOREIGN KEY (up) REFERENCES self (id) ON DELETE RESTRICT ON UPDATE NO ACTION, UNIQUE KEY (code));
  CREATE TABLE points (code varchar(9) CHARACTER SET ascii, FOREIGN KEY (code) REFERENCES self (code) ON UPDATE CASCADE); INSERT INTO self VALUES (1, 1, 'a'); INSERT INTO points VALUES ('a');
  CREATE ALGORITHM = TEMPTABLE SQL SECURITY INVOKER VIEW temporary_one AS SELECT id FROM self;
  CREATE ALGORITHM = MERGE VIEW merged AS SELECT id, up FROM self WHERE id > 0 WITH CASCADED CHECK OPTION; CREATE VIEW nested (a, b) AS SELECT m.id, t.id FROM merged m JOIN temporary_one t ON m.id = t.id; CREATE VIEW local_check AS SELECT id FROM merged WHERE id < 9 WITH LOCAL CHECK OPTION;
  CREATE VIEW windowed AS SELECT id, row_number() OVER (PARTITION BY up ORDER BY id) AS n, (SELECT max(id) FROM self s WHERE s.id = self.up) AS m FROM self;`

const own = {
  mariadb: `
    CREATE TABLE ages (id int, a date, b date, PERIOD FOR age (a, b), UNIQUE KEY never_twice (id, age WITHOUT OVERLAPS)); INSERT INTO ages VALUES (1, '2024-01-01', '2024-02-01');
    CREATE TABLE packed (id int PRIMARY KEY, c text COMPRESSED, d varbinary(99) COMPRESSED=zlib, KEY ig (id) IGNORED) ENCRYPTED = NO PAGE_COMPRESSED = 1 PAGE_COMPRESSION_LEVEL = 3;
    CREATE TABLE kinds (u uuid DEFAULT uuid(), i4 inet4, i6 inet6, x int INVISIBLE DEFAULT 3, e timestamp(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6));
    CREATE TABLE aria (a int, b text) ENGINE = Aria TRANSACTIONAL = 0 PAGE_CHECKSUM = 0 CHECKSUM = 1; CREATE TABLE csv (a int NOT NULL, b varchar(9) NOT NULL) ENGINE = CSV; INSERT INTO csv VALUES (1, 'x,"y');
    CREATE TABLE part_one (a int, KEY k (a)) ENGINE = MyISAM; CREATE TABLE part_two LIKE part_one; CREATE TABLE merged_ones (a int, KEY k (a)) ENGINE = MERGE UNION = (part_one, part_two) INSERT_METHOD = LAST; INSERT INTO part_one VALUES (1);
    CREATE SEQUENCE down INCREMENT BY -2 START WITH 100 MINVALUE 0 MAXVALUE 100 NOCACHE NOCYCLE COMMENT = 'it''s down'; CREATE TABLE by_sequence (id int DEFAULT (nextval(down) * 10), PRIMARY KEY (id));`,
  mysql: `
    CREATE TABLE parsed (id int PRIMARY KEY, w text, FULLTEXT KEY grams (w) WITH PARSER ngram) COMPRESSION = 'zlib';
    CREATE TABLE kinds (id int PRIMARY KEY, j json DEFAULT (json_object('a', 1)), u binary(16) DEFAULT (uuid_to_bin(uuid())), x int DEFAULT 3 INVISIBLE, v vector(2), KEY f ((CAST(j->>'$.a' AS char(9)))), KEY u ((upper(x)) DESC) INVISIBLE, p point SRID 4326 NOT NULL, SPATIAL KEY (p));
    INSERT INTO kinds (id, j, x, p) VALUES (1, '{"a": 2}', 4, ST_GeomFromText('POINT(1 2)', 4326));
    CREATE TABLE attributed (id int PRIMARY KEY SECONDARY_ENGINE_ATTRIBUTE '{"a": 1}', b int COLUMN_FORMAT DYNAMIC STORAGE MEMORY, CHECK (b > 0) NOT ENFORCED) SECONDARY_ENGINE_ATTRIBUTE = '{"b": 2}' AUTOEXTEND_SIZE = 4M;
    CREATE TABLE myisam (a int, KEY k (a)) ENGINE = MyISAM PACK_KEYS = 1; CREATE TABLE merged_ones (a int, KEY k (a)) ENGINE = MERGE UNION = (myisam) INSERT_METHOD = FIRST; INSERT INTO myisam VALUES (1);
    CREATE VIEW lateral_one AS SELECT s.id, l.m FROM self s, LATERAL (SELECT max(id) AS m FROM self t WHERE t.id <= s.id) l; CREATE VIEW of_table_function AS SELECT * FROM JSON_TABLE('[1,2]', '$[*]' COLUMNS (a int PATH '$')) AS jt;`,
}

describe.each(installedMysqlServers)('%s', (name) => {
  let server: Server
  let original: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, both + (name === 'mysql' ? own.mysql : own.mariadb))
  })
  afterEach(() => {
    for (const database of [original, copy]) dropDatabase(server, database)
  })

  test.each(['fill', 'script'] as const)('every form comes back by a %s', async (way) => {
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.notCaptured).toEqual([])
    if (way === 'fill') await fillWith(requestFor(server, copy), 'empty', read)
    else runClient(server, copy, await snapshotScript('everything', read))
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })
})
