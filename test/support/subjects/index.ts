import { newerMariadbIsInstalled } from '../launch-mariadb.ts'
import { mysqlIsInstalled } from '../launch-mysql.ts'
import { installedMysqlServers } from '../mysql-servers.ts'
import { postgresServers } from '../servers.ts'
import { mysqlSubject } from './mysql.ts'
import { postgresSubject } from './postgres.ts'
import { sqliteSubject } from './sqlite.ts'
import type { Subject } from './subject.ts'

if (!mysqlIsInstalled) {
  console.error('MySQL IS NOT TESTED: its server is not installed; "npm run setup" says why.')
}
if (!newerMariadbIsInstalled) {
  console.error('MariaDB 11 IS NOT TESTED: its server is not installed; "npm run setup" says why.')
}

/** Every engine and server that the contract is tried on. */
export const subjects: readonly Subject[] = [
  ...installedMysqlServers.map(mysqlSubject),
  ...postgresServers.map(postgresSubject),
  sqliteSubject,
]
