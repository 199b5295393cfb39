import { readColumns, type ColumnRow } from './columns.ts'
import { readForeignTables, type ForeignTable } from './foreign-table-facts.ts'
import { readConstraints, type Constraint } from './constraints.ts'
import { readIndexes, type Index } from './indexes.ts'
import { byRelation, type CatalogContext, type RelationPart } from './parts.ts'
import { readPolicies } from './policies.ts'
import { readRules } from './rules.ts'
import type { OwnedSequence } from './sequences.ts'
import { readStatistics } from './statistics.ts'
import { readTriggers } from './triggers.ts'
import type { Capabilities } from '../session.ts'

type Grouped<Part> = ReadonlyMap<number, readonly Part[]>

/** Everything that belongs to relations, by the oid of the relation. */
export interface RelationParts {
  readonly can: Capabilities
  readonly columns: Grouped<ColumnRow>
  readonly constraints: Grouped<Constraint>
  readonly indexes: Grouped<Index>
  readonly triggers: Grouped<RelationPart>
  readonly rules: Grouped<RelationPart>
  readonly policies: Grouped<RelationPart>
  readonly statistics: Grouped<RelationPart>
  /** The servers and options of foreign tables. */
  readonly foreign: ReadonlyMap<number, ForeignTable>
  readonly sequences: ReadonlyMap<number, readonly OwnedSequence[]>
  /** The pg_attrdef entries whose expression must wait for the rows, to break a circle. */
  readonly deferredDefaults: ReadonlySet<number>
}

function sequencesByTable(
  owned: readonly OwnedSequence[],
): ReadonlyMap<number, readonly OwnedSequence[]> {
  return byRelation(owned.map((sequence) => ({ ...sequence, relation: sequence.table })))
}

/** Reads what belongs to relations, one query a kind. */
export async function readRelationParts(
  context: CatalogContext,
  owned: readonly OwnedSequence[],
): Promise<Omit<RelationParts, 'deferredDefaults'>> {
  return {
    can: context.can,
    columns: byRelation(await readColumns(context)),
    constraints: byRelation(await readConstraints(context)),
    indexes: byRelation(await readIndexes(context)),
    triggers: byRelation(await readTriggers(context)),
    rules: byRelation(await readRules(context)),
    policies: byRelation(await readPolicies(context)),
    statistics: byRelation(await readStatistics(context)),
    foreign: await readForeignTables(context),
    sequences: sequencesByTable(owned),
  }
}
