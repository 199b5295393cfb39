import { newerMariadbIsInstalled, oldestMariadbIsInstalled } from './launch-mariadb.ts'
import { mysqlIsInstalled } from './launch-mysql.ts'
import { mysqlServers, oldestMariadb, type MysqlServer } from './server-names.ts'

/** The MariaDB and MySQL servers that the set-up could get; it has said why others are missing. */
export const installedMysqlServers: readonly MysqlServer[] = mysqlServers.filter(
  (name) =>
    (name !== 'mysql' || mysqlIsInstalled) && (name !== 'mariadb11' || newerMariadbIsInstalled),
)

/** Those of them that are MariaDB. */
export const installedMariadbServers = installedMysqlServers.filter((name) => name !== 'mysql')

/** Those that whole databases are sent there and back on: an old MariaDB, too. */
export const installedRoundTripServers: readonly (MysqlServer | typeof oldestMariadb)[] = [
  ...installedMysqlServers,
  ...(oldestMariadbIsInstalled ? [oldestMariadb] : []),
]
