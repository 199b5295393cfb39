import type { Environment } from '../model.ts'

/** Where and how to connect; made by config/, completed by the engine from its vendor's own files and variables. */
export interface ConnectionRequest {
  /** The URL of the configuration with `${VARIABLE}` filled in and its password taken out. */
  readonly url: string
  /** The password from the URL, `password_file` or `password_command`; absent: the engine asks its vendor's files. */
  readonly password?: string
  /** The process's environment (`PGHOST`, `MYSQL_PWD`, `HOME`, …). */
  readonly environment: Environment
}
