import { address, isNoMember, isUserSchema, type Address, type CatalogContext } from './parts.ts'
import {
  routineAnnotations,
  routineColumns,
  routineOrder,
  routineStatements,
  routineTables,
  type RoutineRow,
} from './routines.ts'
import { functionsOfTypes } from './type-circles.ts'

/** The functions that stand in the file of one type. */
export interface FunctionsOfType {
  /** What makes them between the two CREATE TYPE of their type. */
  readonly statements: readonly string[]
  /** Comments and grants of those that come with the type. */
  readonly annotations: readonly string[]
  readonly addresses: readonly Address[]
}

interface TypeFunctionRow extends RoutineRow {
  readonly type: number
  readonly is_made_by_type: boolean
}

const query = (types: string): string => `
  SELECT o.type, o.is_made_by_type, ${routineColumns}
  FROM ${routineTables} JOIN (${functionsOfTypes}) o ON o.function = p.oid
  WHERE o.type IN (SELECT oid FROM pg_type WHERE typtype = '${types}') AND ${isUserSchema('n')} AND ${isNoMember('pg_proc', 'p.oid')}
  ORDER BY ${routineOrder}`

/** The functions in the files of base types or ranges, by the number of the type; types without one are left out. */
export async function readTypeFunctions(
  context: CatalogContext,
  types: 'base types' | 'ranges',
): Promise<ReadonlyMap<number, FunctionsOfType>> {
  const rows = await context.session.query<TypeFunctionRow>(
    `functions of ${types}`,
    query(types === 'ranges' ? 'r' : 'b'),
  )
  return new Map(
    [...Map.groupBy(rows, ({ type }) => type)].map(([type, functions]) => [
      type,
      {
        statements: functions
          .filter((row) => !row.is_made_by_type)
          .flatMap((row) => routineStatements(context, row)),
        annotations: functions
          .filter((row) => row.is_made_by_type)
          .flatMap((row) => routineAnnotations(context, row)),
        addresses: functions.map(({ oid }) => address('pg_proc', oid)),
      },
    ]),
  )
}
