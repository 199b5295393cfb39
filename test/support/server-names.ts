/** The PostgreSQL servers that tests can ask for: every supported major version, oldest first. */
export const postgresServers = [
  'postgres14',
  'postgres15',
  'postgres16',
  'postgres17',
  'postgres18',
] as const

/** A PostgreSQL server that tests can ask for. */
export type PostgresServer = (typeof postgresServers)[number]

/** The oldest and the newest, for tests that take long and hardly depend on the version. */
export const outerPostgresServers = ['postgres14', 'postgres18'] as const

/** The MariaDB and MySQL servers that tests can ask for. */
export const mysqlServers = ['mariadb', 'mariadb11', 'mysql'] as const

/** A MariaDB or MySQL server that tests can ask for. */
export type MysqlServer = (typeof mysqlServers)[number]

/** The oldest MariaDB that can be had, for the tests that send whole databases there and back. */
export const oldestMariadb = 'mariadb10.5' as const

/** The servers that tests can ask for. */
export const serverNames = [...mysqlServers, oldestMariadb, ...postgresServers] as const

/** A server that tests can ask for. */
export type ServerName = (typeof serverNames)[number]

/** `postgres18` → 18. */
export function majorVersion(name: PostgresServer): number {
  return Number(name.slice('postgres'.length))
}
