/**
 * SQL: a text by which the indexes of a partition sort as those of its parent do, so that attaching the partition, which
 * pairs equal definitions in the order of their creation, pairs the same ones; indexes of its own come last.
 */
export function attachingOrder(index: string): string {
  return `(CASE WHEN NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = ${index}) THEN '100' ELSE (
      WITH RECURSIVE chain(oid, above, level) AS (
        SELECT ${index}, NULL::text COLLATE "C", 0
        UNION ALL
        SELECT h.inhparent, pc.relname::text, chain.level + 1
        FROM chain JOIN pg_inherits h ON h.inhrelid = chain.oid
          JOIN pg_index pi ON pi.indexrelid = h.inhparent AND pi.indisvalid JOIN pg_class pc ON pc.oid = h.inhparent)
      SELECT lpad((100 - max(chain.level))::text, 3, '0') || coalesce(string_agg(chain.above, chr(1) ORDER BY chain.level DESC), '')
      FROM chain) END) COLLATE "C"`
}
