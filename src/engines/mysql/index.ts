import type { Engine } from '../engine.ts'
import { connectionSettings } from './connect.ts'
import { MysqlDatabase } from './database.ts'
import { neutralTexts } from './neutral.ts'
import { mysqlScript } from './script.ts'
import { MysqlServer } from './server.ts'
import { mysqlDump } from './vendor-dump.ts'

/** MariaDB 10.6 and later, MySQL 8 and later. */
export const mysql: Engine = {
  open: async (request) => await MysqlDatabase.open(connectionSettings(request)),
  openServer: async (request) => await MysqlServer.open(request),
  script: mysqlScript,
  vendorDump: mysqlDump,
  neutral: neutralTexts,
}
