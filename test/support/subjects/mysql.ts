import { runSql, vendorDump } from '../databases.ts'
import { servers, type MysqlServer } from '../servers.ts'
import { badServerRequests, newAccount, requestFor, serverDatabase } from './server-database.ts'
import type { Subject, TestDatabase } from './subject.ts'

/** MariaDB or MySQL. */
export function mysqlSubject(name: MysqlServer): Subject {
  const accounts: string[] = []
  const server = () => servers()[name]
  const account = () => {
    const made = newAccount()
    accounts.push(made.user)
    runSql(server(), '', `CREATE USER '${made.user}'@'%' IDENTIFIED BY '${made.password}';`)
    return made
  }
  const dropAccounts = () => {
    if (accounts.length > 0) runSql(server(), '', "SET GLOBAL init_connect = '';")
    for (const user of accounts.splice(0)) runSql(server(), '', `DROP USER '${user}'@'%';`)
  }
  const dump = (database: string) => dumpOf(name, database)
  return {
    name,
    fixtures: name !== 'mysql' ? ['mysql', 'mariadb'] : ['mysql'],
    objects: name !== 'mysql' ? [...objects, ...objectsOfMariaDb] : objects,
    bytesType: 'varbinary(100)',
    bytes: (hexadecimal) => `X'${hexadecimal}'`,
    doubleType: 'double',
    plainStrings: "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';",
    maintenance: 'ANALYZE TABLE t; OPTIMIZE TABLE t; FLUSH TABLES;',
    rare:
      name === 'mysql'
        ? { script: typedJsonScript, name: 'odd_one.j' }
        : { script: bodyScript, name: 'odd_one' },
    create: () => Promise.resolve(serverDatabase(server(), dump, dropAccounts)),
    badRequests: (database) => badServerRequests(server(), database.name),
    disturbed(database) {
      const odd = account()
      runSql(server(), '', readerGrants(database, odd.user, name))
      // For this account alone: other tests use the server at the same time.
      const chosen = (variable: string, value: string) =>
        `IF(SUBSTRING_INDEX(USER(), '@', 1) = '${odd.user}', ${value}, @@${variable})`
      const settings = [
        ...oddSettings.map(([variable, value]) => `${variable} = ${chosen(variable, value)}`),
        ...oddNumbers.map(
          ([variable, value]) => `${variable} = CAST(${chosen(variable, value)} AS UNSIGNED)`,
        ),
      ]
      const script = `SET ${settings.join(', ')}`
      runSql(server(), '', `SET GLOBAL init_connect = '${script.replaceAll("'", "''")}';`)
      return requestFor(server(), database.name, odd)
    },
    hideRows(database) {
      const limited = account()
      const tables = database.run('SHOW TABLES;').trim().split('\n')
      const grants = tables.map(
        (table) =>
          `GRANT ${table === 'secret_table' ? 'INSERT' : 'SELECT'} ON ${table} TO '${limited.user}'@'%';`,
      )
      database.run(grants.join('\n'))
      return requestFor(server(), database.name, limited)
    },
    findingOfHiddenRows: /secret_table|GRANT SELECT ON/,
    sessions(database) {
      const question = 'SELECT count(*) FROM information_schema.processlist'
      return Number(runSql(server(), '', `${question} WHERE db = '${database.name}';`))
    },
  }
}

const oddSettings = [
  ['time_zone', "'+09:00'"],
  ['sql_mode', "'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'"],
  ['character_set_results', "'latin1'"],
  ['character_set_client', "'latin1'"],
  ['collation_connection', "'latin1_bin'"],
  ['lc_time_names', "'de_DE'"],
] as const

const oddNumbers = [
  ['sql_quote_show_create', '0'],
  ['div_precision_increment', '1'],
  ['group_concat_max_len', '8'],
  ['sql_select_limit', '1'],
] as const

/** What docs/operations.md asks for: reading everything, routine bodies too, and nothing else. */
function readerGrants(database: TestDatabase, user: string, name: MysqlServer): string {
  const rights = 'SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE'
  const bodies =
    name !== 'mysql'
      ? `GRANT SELECT ON mysql.proc TO '${user}'@'%';`
      : `GRANT SHOW_ROUTINE ON *.* TO '${user}'@'%';`
  // By a pattern: an account with grants on the database alone would be one of its objects.
  const pattern = `${database.name.replaceAll('_', '\\_').slice(0, -1)}_`
  return `GRANT ${rights} ON \`${pattern}\`.* TO '${user}'@'%'; ${bodies}`
}

function dumpOf(name: MysqlServer, database: string): string {
  const objectsToo = ['--routines', '--events', '--triggers', '--no-data', '--skip-comments']
  const own = name === 'mysql' ? ['--set-gtid-purged=OFF', '--no-tablespaces'] : []
  return vendorDump(servers()[name], database, [...objectsToo, ...own])
    .replaceAll(/^(\) ENGINE=\w+) AUTO_INCREMENT=\d+/gm, '$1')
    .replaceAll(/^DO SETVAL\(.*$/gim, '')
    .replaceAll(/^SELECT SETVAL\(.*$/gim, '')
}

/** JSON whose text does not tell that it holds a date. */
const typedJsonScript = `CREATE TABLE odd_one (j json);
INSERT INTO odd_one VALUES (JSON_OBJECT('day', CAST('2026-02-28' AS DATE)));`

/** The body of a package that has lost its specification. */
const bodyScript = `SET SESSION sql_mode = 'ORACLE';
DELIMITER ;;
CREATE PACKAGE odd_one AS FUNCTION one RETURN int; END;;
CREATE PACKAGE BODY odd_one AS FUNCTION one RETURN int AS BEGIN RETURN 1; END; END;;
DELIMITER ;
DELETE FROM mysql.proc WHERE db = database() AND type = 'PACKAGE';
`

const objects = [
  'table customer',
  'table orders',
  'table event',
  'table old_words',
  'table no_key',
  'table memory_only',
  'table a/b.`c',
  'table Users',
  'table users',
  'view z_first',
  'view a_last',
  'function slug',
  'function ansi',
  'procedure archive',
  'event nightly',
]

const objectsOfMariaDb = ['sequence invoice_number', 'table invoice', 'table price']
