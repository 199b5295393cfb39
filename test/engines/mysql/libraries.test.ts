import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takeCensus } from '../../../src/engines/mysql/catalog/census.ts'
import { readUses } from '../../../src/engines/mysql/catalog/libraries.ts'
import { readSchema } from '../../../src/engines/mysql/catalog/read-schema.ts'
import { connect, connectionSettings } from '../../../src/engines/mysql/connect.ts'
import { pinSession } from '../../../src/engines/mysql/session.ts'
import { createDatabase, dropDatabase, runSqlAs } from '../../support/databases.ts'
import { installedMysqlServers } from '../../support/mysql-servers.ts'
import { servers, type Server } from '../../support/servers.ts'
import { fillWith } from './fill-support.ts'
import { filesOf, readWhole, requestFor, runClient, wholeDump } from './round-trip.ts'
import { snapshotScript } from './snapshot-script.ts'

const script =
  `
  DELIMITER ;;
  CREATE LIBRARY \`li\`\`b/1\` COMMENT 'it''s "shared"' LANGUAGE JAVASCRIPT AS $$
// it's; a 'body` +
  ` 😀
export function f(n) { return n + 1 }
$$;;
  CREATE LIBRARY Coded LANGUAGE WASM AS 'AGFzbQEAAAA=';;
  CREATE LIBRARY odd LANGUAGE JAVASCRIPT AS "export function g() { return '$$ $x$' }";;
  CREATE FUNCTION calls(n int) RETURNS int DETERMINISTIC COMMENT 'USING (x)' LANGUAGE JAVASCRIPT USING (\`li\`\`b/1\` AS first, coded) AS $x$ return first.f(n) /* ' $$ */ $x$;;
  CREATE PROCEDURE also(IN n int) LANGUAGE JAVASCRIPT USING (odd) AS $$ odd.g() $$;;
  CREATE FUNCTION plain() RETURNS varchar(40) DETERMINISTIC RETURN '\n    USING (\`x\`.\`y\`)';;
  DELIMITER ;
`

test('only the own database goes from the libraries of a routine', () => {
  const head = 'CREATE FUNCTION `f`(n int) RETURNS int\n    LANGUAGE JAVASCRIPT\n'
  const body = 'AS $$ USING (`x`.`no`) $$'
  const statement = `${head}    USING (\`x\`.\`a\` AS \`b\`, \`y\`.\`c\`, \`x\`.\`d\`\`e\`)\n${body}`
  expect(readUses(statement, 'x')).toEqual({
    statement: `${head}    USING (\`a\` AS \`b\`, \`y\`.\`c\`, \`d\`\`e\`)\n${body}`,
    uses: ['a', 'd`e'],
  })
  expect(readUses(head + body, 'x')).toEqual({ statement: head + body, uses: [] })
  const inside = "RETURN '\n    LANGUAGE JAVASCRIPT\n    USING (`x`.`y`)\n'"
  const own = `CREATE FUNCTION \`f\`() RETURNS text\n    NO SQL\n    COMMENT 'a\\n'\n${inside}`
  expect(readUses(own, 'x')).toEqual({ statement: own, uses: [] })
})

describe.each(installedMysqlServers.filter((name) => name === 'mysql'))('%s', (name) => {
  let server: Server
  let original: string
  let copy: string

  beforeEach(() => {
    server = servers()[name]
    original = createDatabase(server)
    copy = createDatabase(server)
    runClient(server, original, script)
  })
  afterEach(() => {
    for (const database of [original, copy]) dropDatabase(server, database)
  })

  test.each(['fill', 'script'] as const)('libraries come back by a %s', async (way) => {
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.notCaptured).toEqual([])
    expect(JSON.stringify(filesOf(read))).not.toContain(original)
    if (way === 'fill') await fillWith(requestFor(server, copy), 'empty', read)
    else runClient(server, copy, await snapshotScript('everything', read))
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
    expect(filesOf(await readWhole(requestFor(server, copy)))).toEqual(filesOf(read))
  })

  test('a routine waits for the libraries that it uses', async () => {
    const { objects } = (await readWhole(requestFor(server, original))).schema
    const needs = objects.flatMap(({ kind, name: routine, dependsOn }) =>
      dependsOn.map((key) => `${kind} ${routine} ${key.kind} ${key.name}`),
    )
    expect(needs).toEqual([
      'function calls library li`b/1',
      'function calls library Coded',
      'procedure also library odd',
    ])
  })

  test('a database with a library alone is not empty, and a replacement takes the old ones out', async () => {
    const read = await readWhole(requestFor(server, original))
    runClient(
      server,
      copy,
      "CREATE LIBRARY old LANGUAGE JAVASCRIPT AS 'export function f() { return 1 }';",
    )
    await expect(fillWith(requestFor(server, copy), 'empty', read)).rejects.toThrow('holds 1 obj')
    await fillWith(requestFor(server, copy), 'replace', read)
    expect(wholeDump(server, copy)).toBe(wholeDump(server, original))
  })

  test('a library that is gone is named with the routine that uses it', async () => {
    runClient(server, original, 'DROP LIBRARY odd;')
    const read = await readWhole(requestFor(server, original))
    expect(read.schema.warnings.filter((warning) => warning.includes('library'))).toEqual([
      "procedure also uses the library odd, which does not exist: it can't be used or restored",
    ])
    const failure = fillWith(requestFor(server, copy), 'empty', read)
    await expect(failure).rejects.toMatchObject({ code: 'missing-dependency' })
  })

  test('the census misses a library that nobody read', async () => {
    await using client = await connect(connectionSettings(requestFor(server, original)))
    const pinned = await pinSession(client, original)
    const { objects } = await readSchema(client, pinned)
    const others = objects.filter((object) => object.name !== 'odd')
    const missing = await takeCensus(client, pinned, others, [])
    expect(missing.map((each) => `${each.kind} ${each.name}`)).toEqual(['library odd'])
  })

  test('a library that the account may call and not see is named', async () => {
    const account = { user: `caller_${original}`, password: 'canary-Caller1' }
    runClient(
      server,
      '',
      `CREATE USER ${account.user} IDENTIFIED BY '${account.password}';
       GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON ${original}.* TO ${account.user};
       GRANT EXECUTE ON LIBRARY ${original}.odd TO ${account.user};`,
    )
    const seen = runSqlAs(server, account, original, 'SHOW CREATE LIBRARY odd;')
    const { notCaptured } = (await readWhole(requestFor({ ...server, ...account }, original)))
      .schema
    runClient(server, '', `DROP USER ${account.user};`)
    expect(seen).toContain('NULL')
    const named = notCaptured.map((each) => `${each.kind} ${each.name}`)
    expect(named).toContain('library odd')
    expect(named).toContain(`routine ${original}.*`)
  })
})
