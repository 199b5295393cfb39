import { mysqlIsInstalled } from '../launch-mysql.ts'
import { mysqlSubject } from './mysql.ts'
import { postgresSubject } from './postgres.ts'
import { sqliteSubject } from './sqlite.ts'
import type { Subject } from './subject.ts'

if (!mysqlIsInstalled) {
  console.error('MySQL IS NOT TESTED: its server is not installed; "npm run setup" says why.')
}

/** Every engine and server that the contract is tried on. */
export const subjects: readonly Subject[] = [
  mysqlSubject('mariadb'),
  postgresSubject('postgres15'),
  postgresSubject('postgres18'),
  sqliteSubject,
  ...(mysqlIsInstalled ? [mysqlSubject('mysql')] : []),
]
