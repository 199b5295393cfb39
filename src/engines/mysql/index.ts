import type { Engine } from '../engine.ts'
import { connectionSettings } from './connect.ts'
import { MysqlDatabase } from './database.ts'

/** MariaDB 10.6 and later, MySQL 8 and later. */
export const mysql: Engine = {
  open: async (request) => await MysqlDatabase.open(connectionSettings(request)),
}
