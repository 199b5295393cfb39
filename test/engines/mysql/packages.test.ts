import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../support/databases.ts'
import { installedMariadbServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'

const script = `SET SESSION sql_mode = 'ORACLE';
DELIMITER $$
CREATE PACKAGE pay COMMENT 'the specification; with ''quotes''' AS
  -- ends; here
  FUNCTION salary(id int) RETURN decimal(10,2);
  PROCEDURE give(id int);
END$$
CREATE PACKAGE BODY pay AS
  amount decimal(10,2) := 500;
  FUNCTION salary(id int) RETURN decimal(10,2) AS BEGIN RETURN amount; END;
  PROCEDURE give(id int) AS BEGIN SELECT 'x' || "id"; END;
BEGIN
  amount := 501.5;
END$$
CREATE PACKAGE promise AS PROCEDURE later(id int); END$$
CREATE FUNCTION of_package RETURN decimal(10,2) AS BEGIN RETURN pay.salary(1); END$$
DELIMITER ;
CREATE VIEW typed_by_oracle AS SELECT pay.salary(1) AS s, 'a' || NULL AS n, concat('b', NULL) AS c;
`

describe.each(installedMariadbServers)('%s', (name) => {
  let server: Server
  let original: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, script)
    // Without sql_mode ORACLE, a package is found in a named database alone.
    runClient(
      server,
      original,
      `SET sql_mode = 'ORACLE'; CREATE VIEW a_mixed AS SELECT pay.salary(2) AS s, mariadb_schema.concat('b', NULL) AS c, upper('x') AS u;`,
    )
  })
  afterEach(() => {
    for (const database of [original, copy]) dropDatabase(server, database)
  })

  test('packages are made again with their bodies, and replaced', async () => {
    const read = await readWhole(requestFor(server, original))
    const names = read.schema.objects.map((object) => `${object.kind} ${object.name}`)
    expect(names.filter((each) => each.startsWith('package'))).toEqual([
      'package pay',
      'package promise',
    ])
    expect(read.schema.notCaptured).toEqual([])
    for (const mode of ['empty', 'replace'] as const) {
      await fillWith(requestFor(server, copy), mode, read)
      expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
      expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
      expect(runClient(server, copy, 'SELECT * FROM a_mixed; SELECT * FROM typed_by_oracle;')).toBe(
        '501.50\tNULL\tX\n501.50\ta\tb\n',
      )
    }
    const [view] = read.schema.objects.filter((object) => object.name === 'a_mixed')
    expect(view?.dependsOn).toEqual([{ kind: 'package', name: 'pay' }])
  })

  test('grants on packages are kept, which the server itself shows nowhere', async () => {
    const user = `pay_${original}`
    runClient(
      server,
      original,
      `SET sql_mode = 'ORACLE'; CREATE USER ${user}; GRANT EXECUTE ON PACKAGE pay TO ${user}; GRANT EXECUTE ON PACKAGE BODY pay TO ${user} WITH GRANT OPTION;`,
    )
    const read = await readWhole(requestFor(server, original))
    await fillWith(requestFor(server, copy), 'empty', read)
    const rows = (database: string) =>
      runClient(
        server,
        '',
        `SELECT user, routine_type, routine_name, proc_priv FROM mysql.procs_priv WHERE db = '${database}' ORDER BY 2`,
      )
    expect(rows(copy)).toBe(rows(original))
    expect(rows(copy)).toBe(
      `${user}\tPACKAGE\tpay\tExecute\n${user}\tPACKAGE BODY\tpay\tExecute,Grant\n`,
    )
    runClient(server, '', `DROP USER ${user};`)
  })

  test('a body without its specification is named', async () => {
    runClient(
      server,
      original,
      "UPDATE mysql.proc SET name = 'other', specific_name = 'other' WHERE db = database() AND type = 'PACKAGE' AND name = 'pay'; FLUSH TABLES;",
    )
    const { schema } = await readWhole(requestFor(server, original))
    const about = schema.notCaptured.map(({ kind, name: of }) => `${kind} ${of}`)
    expect(about).toContain('package body pay')
  })
})
