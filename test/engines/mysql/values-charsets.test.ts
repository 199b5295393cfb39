import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers } from '../../support/servers.ts'
import { ValuesTrip } from './values-support.ts'

/** Bytes of one and two, and a sample of those of three and four: one a row. */
const codes = `
  SET max_heap_table_size = 100000000;
  CREATE TABLE digits (d int, h char(2)) ENGINE = MEMORY;
  INSERT INTO digits WITH RECURSIVE n AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM n WHERE d < 255) SELECT d, LPAD(HEX(d), 2, '0') FROM n;
  CREATE TABLE codes (b varbinary(4)) ENGINE = MEMORY;
  INSERT INTO codes SELECT UNHEX(h) FROM digits;
  INSERT INTO codes SELECT UNHEX(CONCAT(a.h, b.h)) FROM digits a, digits b;
  INSERT INTO codes SELECT UNHEX(CONCAT('8F', a.h, b.h)) FROM digits a, digits b WHERE a.d >= 160 AND b.d >= 160;
  INSERT INTO codes SELECT UNHEX(LPAD(HEX(a.d * 251), 8, '0')) FROM digits a;
  INSERT INTO codes SELECT UNHEX(CONCAT('0000D', LPAD(HEX(2048 + a.d * 8), 3, '0'))) FROM digits a;
  INSERT INTO codes SELECT UNHEX(CONCAT('D8', a.h, 'DC', a.h)) FROM digits a;
  INSERT INTO codes SELECT UNHEX(CONCAT(a.h, 'D8', a.h, 'DC')) FROM digits a;
  INSERT INTO codes SELECT UNHEX(CONCAT('ED', h, '80')) FROM digits WHERE d BETWEEN 128 AND 191;
  INSERT INTO codes SELECT UNHEX(CONCAT('F0', h, '8080')) FROM digits WHERE d BETWEEN 128 AND 191;
  INSERT INTO codes SELECT UNHEX(CONCAT('EFBF', h)) FROM digits WHERE d BETWEEN 128 AND 191;
  INSERT INTO codes SELECT UNHEX(CONCAT(a.h, '30', b.h, '35')) FROM digits a, digits b WHERE a.d >= 129 AND a.d % 5 = 0 AND b.d >= 129 AND b.d % 3 = 0;`

interface CharacterSet {
  readonly name: string
  /** How many bytes a character has at most. */
  readonly bytes: number
}

/** Every value that the server takes as it is; those that come back from Unicode are put together, to be quicker. */
function spaceOf({ name, bytes }: CharacterSet): string {
  const raw = 'CAST(c AS BINARY)'
  const back = `CAST(CONVERT(CONVERT(c USING utf8mb4) USING ${name}) AS BINARY)`
  // Behind bytes below 80 begins another character, save in those that have two always.
  const possible = name.startsWith('u') ? 'TRUE' : "(LENGTH(b) = 1 OR b >= x'80')"
  return `
    CREATE TABLE taken (b varbinary(4), c varchar(4) CHARACTER SET ${name}) ENGINE = MEMORY;
    INSERT IGNORE INTO taken SELECT b, b FROM codes WHERE LENGTH(b) <= ${bytes} AND ${possible};
    CREATE TABLE ${name}_column (c text CHARACTER SET ${name});
    INSERT INTO ${name}_column SELECT GROUP_CONCAT(c ORDER BY b SEPARATOR '') FROM taken WHERE ${raw} <=> b AND ${back} <=> ${raw} GROUP BY LEFT(b, 1);
    INSERT INTO ${name}_column SELECT c FROM taken WHERE ${raw} <=> b AND NOT (${back} <=> ${raw});
    DROP TABLE taken;`
}

describe.each(installedMysqlServers)('%s', (name) => {
  let trip: ValuesTrip

  beforeAll(() => {
    trip = new ValuesTrip(servers()[name])
  })
  afterAll(() => {
    trip[Symbol.dispose]()
  })

  test('every character set keeps every byte that it takes', async () => {
    const sets = trip
      .run(
        "SELECT character_set_name, maxlen FROM information_schema.character_sets WHERE character_set_name <> 'binary' ORDER BY 1;",
      )
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([set = '', bytes]): CharacterSet => ({ name: set, bytes: Number(bytes) }))
    trip.run(`${codes}\n${sets.map(spaceOf).join('\n')}\nDROP TABLE codes, digits;`)
    const { rows } = await trip.expectUnharmed()
    expect(rows.size).toBe(sets.length)
    // Half of a pair; one of two signs that are the same in Unicode; bytes that stand for nothing.
    expect(rows.get('ucs2_column')).toMatch(/^\\xd800/m)
    expect(rows.get('cp932_column')).toContain('\n\\xeef9\n')
    expect(rows.get('gbk_column')?.match(/^\\x/gm)?.length).toBeGreaterThan(100)
    expect(/^\\x[0-9a-f]*eda080/m.test(rows.get('utf8mb4_column') ?? '')).toBe(name !== 'mysql')
  })
})
