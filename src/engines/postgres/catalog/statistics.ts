import { changedWhileReading } from '../errors.ts'
import {
  address,
  commentStatements,
  isNoMember,
  isUserSchema,
  roleName,
  type CatalogContext,
  type RelationPart,
} from './parts.ts'
import { stableText } from './stable-text.ts'

interface StatisticsRow {
  oid: number
  relation: number
  quoted: string
  owner: string
  definition: string | null
  target: number | null
}

/** Extended statistics; each belongs to the table that it is about. */
export async function readStatistics(context: CatalogContext): Promise<readonly RelationPart[]> {
  const rows = await context.session.query<StatisticsRow>(
    'extended statistics',
    `SELECT s.oid, s.stxrelid AS relation, quote_ident(n.nspname) || '.' || quote_ident(s.stxname) AS quoted,
       ${roleName('s.stxowner')} AS owner, pg_get_statisticsobjdef(s.oid) AS definition,
       nullif(s.stxstattarget, -1)::int AS target
     FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
     WHERE ${isUserSchema('n')} AND ${isNoMember('pg_statistic_ext', 's.oid')}
     ORDER BY n.nspname COLLATE "C", s.stxname COLLATE "C"`,
  )
  return rows.map((row) => {
    if (row.definition === null) throw changedWhileReading(`the statistics ${row.quoted}`)
    const entry = address('pg_statistic_ext', row.oid)
    return {
      relation: row.relation,
      address: entry,
      phase: 'afterRows',
      statements: [
        `${stableText(row.definition)};`,
        `ALTER STATISTICS ${row.quoted} OWNER TO ${row.owner};`,
        ...(row.target === null
          ? []
          : [`ALTER STATISTICS ${row.quoted} SET STATISTICS ${row.target};`]),
        ...commentStatements(context, `STATISTICS ${row.quoted}`, entry),
      ],
    }
  })
}
