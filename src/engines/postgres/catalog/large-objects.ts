import {
  largeObjectColumns,
  largeObjectKey,
  largeObjectRows,
  largeObjects,
} from '../large-objects.ts'
import { address, type CatalogContext, type Reading } from './parts.ts'

/** The large objects as one table of rows, where there are any. */
export async function readLargeObjects(context: CatalogContext): Promise<Reading> {
  const [found] = await context.session.query<{ numbers: string | null }>(
    'large objects',
    `SELECT string_agg(oid::text, ' ') AS numbers FROM pg_largeobject_metadata`,
  )
  if (found === undefined || found.numbers === null) return { objects: [] }
  return {
    objects: [
      {
        kind: 'table',
        ...largeObjects,
        sql: ['-- The large objects of the database, which are rows alone.'],
        addresses: found.numbers.split(' ').map((oid) => address('pg_largeobject', Number(oid))),
        rowsFrom: largeObjectRows,
        table: {
          columns: largeObjectColumns.map((column) => ({ ...column, generated: false })),
          orderBy: largeObjectKey,
          hasRows: true,
        },
      },
    ],
  }
}
