import { changedWhileReading } from '../errors.ts'
import { literal } from '../quote.ts'
import { grantStatements } from './grants.ts'
import { functionName } from './names.ts'
import {
  address,
  commentStatements,
  grantsJson,
  isNoMember,
  isUserSchema,
  roleName,
  type Captured,
  type CatalogContext,
  type Grant,
  type Reading,
} from './parts.ts'
import { readTypeFunctions, type FunctionsOfType } from './type-functions.ts'

interface BaseTypeRow {
  oid: number
  schema: string
  name: string
  quoted: string
  owner: string
  is_shell: boolean
  array_type: number
  functions: Readonly<Record<string, string | null>>
  /** Bytes; -1: any number, -2: up to the first zero byte. */
  length: number
  is_passed_by_value: boolean
  alignment: string
  storage: string
  category: string
  is_preferred: boolean
  default: string | null
  element: string | null
  delimiter: string
  is_collatable: boolean
  actual: Grant[] | null
  standard: Grant[]
}

const functionColumns: readonly (readonly [option: string, column: string])[] = [
  ['INPUT', 'typinput'],
  ['OUTPUT', 'typoutput'],
  ['RECEIVE', 'typreceive'],
  ['SEND', 'typsend'],
  ['TYPMOD_IN', 'typmodin'],
  ['TYPMOD_OUT', 'typmodout'],
  ['ANALYZE', 'typanalyze'],
  ['SUBSCRIPT', 'typsubscript'],
]

const query = `
  SELECT t.oid, n.nspname::text AS schema, t.typname::text AS name,
    quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS quoted, ${roleName('t.typowner')} AS owner,
    NOT t.typisdefined AS is_shell, t.typarray AS array_type,
    json_build_object(${functionColumns.map(([option, column]) => `'${option}', ${functionName(`t.${column}`)}`).join(', ')}) AS functions,
    t.typlen AS length, t.typbyval AS is_passed_by_value, t.typalign::text AS alignment, t.typstorage::text AS storage,
    t.typcategory::text AS category, t.typispreferred AS is_preferred, t.typdefault AS "default",
    CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS element, t.typdelim::text AS delimiter,
    t.typcollation <> 0 AS is_collatable,
    CASE WHEN t.typacl IS NOT NULL THEN ${grantsJson('t.typacl')} END AS actual,
    ${grantsJson("acldefault('T', t.typowner)")} AS standard
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE (t.typtype = 'b' OR NOT t.typisdefined) AND ${isUserSchema('n')} AND ${isNoMember('pg_type', 't.oid')}
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C"`

const alignments: Readonly<Record<string, string>> = { c: 'char', s: 'int2', d: 'double' }
const storages: Readonly<Record<string, string>> = { e: 'external', x: 'extended', m: 'main' }

// What the server takes for a type with elements.
const standardSubscript = 'raw_array_subscript_handler'

function functionOptions(row: BaseTypeRow): string[] {
  return functionColumns.flatMap(([option]) => {
    const name = row.functions[option]
    if (option === 'SUBSCRIPT' && row.element !== null && name === standardSubscript) return []
    return typeof name === 'string' ? [`${option} = ${name}`] : []
  })
}

/** The options that differ from the standard ones, in the order of the manual. */
function options(row: BaseTypeRow): readonly string[] {
  const when = (condition: boolean, option: string): string[] => (condition ? [option] : [])
  const alignment = alignments[row.alignment]
  const storage = storages[row.storage]
  return [
    ...functionOptions(row),
    ...when(row.length !== -1, `INTERNALLENGTH = ${row.length}`),
    ...when(row.is_passed_by_value, 'PASSEDBYVALUE'),
    ...(alignment === undefined ? [] : [`ALIGNMENT = ${alignment}`]),
    ...(storage === undefined ? [] : [`STORAGE = ${storage}`]),
    ...when(row.category !== 'U', `CATEGORY = ${literal(row.category)}`),
    ...when(row.is_preferred, 'PREFERRED = true'),
    ...(row.default === null ? [] : [`DEFAULT = ${literal(row.default)}`]),
    ...(row.element === null ? [] : [`ELEMENT = ${row.element}`]),
    ...when(row.delimiter !== ',', `DELIMITER = ${literal(row.delimiter)}`),
    ...when(row.is_collatable, 'COLLATABLE = true'),
  ]
}

/** A shell, the functions that need it, and the type itself, which needs the functions. */
function createStatements(row: BaseTypeRow, functions: FunctionsOfType | undefined): string[] {
  const shell = `CREATE TYPE ${row.quoted};`
  if (row.is_shell) return [shell]
  if (typeof row.functions['INPUT'] !== 'string' || typeof row.functions['OUTPUT'] !== 'string')
    throw changedWhileReading(`the type ${row.quoted}`)
  return [
    shell,
    ...(functions?.statements ?? []),
    `CREATE TYPE ${row.quoted} (\n  ${options(row).join(',\n  ')}\n);`,
  ]
}

function captured(
  context: CatalogContext,
  row: BaseTypeRow,
  functions: FunctionsOfType | undefined,
): Captured {
  const entry = address('pg_type', row.oid)
  const arrayEntry = address('pg_type', row.array_type)
  return {
    kind: 'type',
    schema: row.schema,
    name: row.name,
    sql: [
      ...createStatements(row, functions),
      `ALTER TYPE ${row.quoted} OWNER TO ${row.owner};`,
      ...commentStatements(context, `TYPE ${row.quoted}`, entry),
      ...commentStatements(context, `TYPE ${row.quoted}[]`, arrayEntry),
      ...grantStatements({ ...row, target: `TYPE ${row.quoted}` }),
    ],
    addresses: [
      entry,
      ...(row.array_type === 0 ? [] : [arrayEntry]),
      ...(functions?.addresses ?? []),
    ],
  }
}

/**
 * The base types with the functions that need them, and shell types;
 * https://www.postgresql.org/docs/current/sql-createtype.html
 */
export async function readBaseTypes(context: CatalogContext): Promise<Reading> {
  const functions = await readTypeFunctions(context, 'base types')
  const rows = await context.session.query<BaseTypeRow>('base types', query)
  return { objects: rows.map((row) => captured(context, row, functions.get(row.oid))) }
}
