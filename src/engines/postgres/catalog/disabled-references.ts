import type { CatalogContext, Reading } from './parts.ts'

const query = `
  SELECT quoted FROM (SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE t.tgisinternal AND t.tgenabled <> 'O' AND t.tgconstraint <> 0
    AND t.tgfoid IN (SELECT p.oid FROM pg_proc p WHERE p.proname LIKE 'RI\\_FKey\\_%')) tables
  ORDER BY quoted COLLATE "C"`

/** Foreign keys that were switched off (DISABLE TRIGGER ALL): no statement names their triggers, whose names are numbers. */
export async function readDisabledReferences({ session }: CatalogContext): Promise<Reading> {
  const rows = await session.query<{ quoted: string }>('triggers', query)
  return {
    objects: [],
    warnings: rows.map(
      ({ quoted }) =>
        `The checks of foreign keys are switched off on ${quoted} (DISABLE TRIGGER ALL); a restore makes them work again.`,
    ),
  }
}
