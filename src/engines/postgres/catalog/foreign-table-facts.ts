import { genericOptions, type GenericOption } from './generic-options.ts'
import type { CatalogContext } from './parts.ts'

/** What makes a relation a foreign table. */
export interface ForeignTable {
  readonly relation: number
  /** Quoted. */
  readonly server: string
  readonly options: readonly GenericOption[] | null
}

/** The servers and options of all foreign tables, by the oid of the table. */
export async function readForeignTables({
  session,
}: CatalogContext): Promise<ReadonlyMap<number, ForeignTable>> {
  const rows = await session.query<ForeignTable>(
    'foreign tables',
    `SELECT f.ftrelid AS relation, quote_ident(s.srvname) AS server, ${genericOptions('f.ftoptions')} AS options
     FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver`,
  )
  return new Map(rows.map((row) => [row.relation, row]))
}
