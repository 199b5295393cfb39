import { ExpectedError } from '../../errors.ts'
import type { TableName } from '../../model.ts'
import { stateWords } from './catalog/parts.ts'
import { tableText } from './object-text.ts'
import { isLargeObjects, largeObjectColumns, largeObjectParts } from './large-objects.ts'
import { identifier, literal, qualifiedIdentifier } from './quote.ts'
import { foreignKeysOf, type ForeignKey } from './references.ts'
import { capabilities, type CatalogSession } from './session.ts'

/** A table that rows are loaded into, as it is in the target. */
export interface ExistingTable {
  /** SQL behind FROM that gives those of its rows that a snapshot would hold. */
  readonly from: string
  readonly columns: readonly {
    readonly name: string
    readonly isGenerated: boolean
    readonly isAlwaysIdentity: boolean
  }[]
  /** Whether its values can be names of objects, which the search path finds. */
  readonly namesObjects: boolean
}

const largeObjectsTable: ExistingTable = {
  from: largeObjectParts,
  columns: largeObjectColumns.map(({ name }) => ({
    name,
    isGenerated: false,
    isAlwaysIdentity: false,
  })),
  namesObjects: false,
}

/** Looks at a table; throws when there is none, or when it lacks one of the columns or computes it. */
export async function existingTable(
  session: CatalogSession,
  table: TableName,
  columns: readonly string[],
): Promise<ExistingTable> {
  if (isLargeObjects(table)) return largeObjectsTable
  const quoted = literal(qualifiedIdentifier(table))
  const [found] = await session.query<ExistingTable>(
    `the table ${tableText(table)}`,
    `SELECT CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || ${quoted} || coalesce((
         SELECT ' ' || e.extcondition[array_position(e.extconfig, c.oid)] FROM pg_extension e WHERE c.oid = ANY (e.extconfig)), '') AS "from",
       (SELECT coalesce(json_agg(json_build_object('name', a.attname,
         'isGenerated', a.attgenerated <> '', 'isAlwaysIdentity', a.attidentity = 'a')), '[]')
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND t.oid < 16384 AND t.typname ~ '^_?reg') AS "namesObjects"
     FROM pg_class c WHERE c.oid = to_regclass(${quoted})`,
  )
  if (found === undefined) {
    throw new ExpectedError(
      'missing-table',
      `There is no table ${tableText(table)} to load rows into.`,
      'Make it first, or restore its definition too.',
    )
  }
  const stored = new Set(
    found.columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => name),
  )
  const wrong = columns.filter((name) => !stored.has(name))
  if (wrong.length === 0) return found
  throw new ExpectedError(
    'column-mismatch',
    `The table ${tableText(table)} has no column to load for: ${wrong.join(', ')}.`,
    'Bring the table to the same columns, or restore its definition too.',
  )
}

interface TriggerState {
  /** Quoted: the table or one of its partitions. */
  readonly relation: string
  readonly name: string
  readonly state: string
}

/** Turns the users' triggers of a table and its partitions off; returns the statements that turn them on again. */
export async function silenceTriggers(
  session: CatalogSession,
  table: TableName,
): Promise<readonly string[]> {
  const what = `the triggers of ${tableText(table)}`
  const itself = `${literal(qualifiedIdentifier(table))}::regclass`
  const triggers = await session.query<TriggerState>(
    what,
    `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS relation, t.tgname::text AS name, t.tgenabled::text AS state
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE t.tgrelid IN (SELECT ${itself} UNION SELECT relid FROM pg_partition_tree(${itself})) AND t.tgenabled <> 'D'
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype <> 't')`,
  )
  const statement = ({ relation, name }: TriggerState, words: string): string =>
    `ALTER TABLE ONLY ${relation} ${words} TRIGGER ${identifier(name)};`
  if (triggers.length > 0) {
    await session.query(what, triggers.map((trigger) => statement(trigger, 'DISABLE')).join('\n'))
  }
  return triggers.map((trigger) => statement(trigger, stateWords[trigger.state] ?? 'ENABLE'))
}

/** Turns off the checks of foreign keys in this session; false when the account may not. */
export async function silenceReferences(session: CatalogSession): Promise<boolean> {
  const [answer] = await session.query<{ may: boolean }>(
    'the privileges of the user',
    capabilities(session.version).hasParameterPrivileges
      ? `SELECT has_parameter_privilege('session_replication_role', 'SET') AS may`
      : `SELECT rolsuper AS may FROM pg_roles WHERE rolname = current_user`,
  )
  if (answer?.may !== true) return false
  await session.query('the checks of foreign keys', 'SET session_replication_role = replica')
  return true
}

function timing(key: ForeignKey): string {
  if (!key.is_deferrable) return 'NOT DEFERRABLE'
  return key.is_deferred ? 'DEFERRABLE INITIALLY DEFERRED' : 'DEFERRABLE INITIALLY IMMEDIATE'
}

/** Puts the checks of the foreign keys from and to a table off to the end; returns the statements that undo it. */
export async function deferReferences(
  session: CatalogSession,
  table: TableName,
): Promise<readonly string[]> {
  const keys = await foreignKeysOf(session, [table])
  const statement = (key: ForeignKey, words: string): string =>
    `ALTER TABLE ${key.quoted} ALTER CONSTRAINT ${key.quoted_constraint} ${words};`
  const changed = keys.filter(({ is_deferred }) => !is_deferred)
  if (changed.length > 0) {
    await session.query(
      `the foreign keys of ${tableText(table)}`,
      changed.map((key) => statement(key, 'DEFERRABLE INITIALLY DEFERRED')).join('\n'),
    )
  }
  return changed.map((key) => statement(key, timing(key)))
}
