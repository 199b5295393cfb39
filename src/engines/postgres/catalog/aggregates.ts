import { changedWhileReading } from '../errors.ts'
import { literal } from '../quote.ts'
import { functionName, operatorReference, typeName } from './names.ts'

/** What pg_aggregate adds to a routine; null for other routines. */
export interface AggregateFacts {
  readonly aggregate: {
    /** `n` normal, `o` ordered-set, `h` hypothetical-set. */
    readonly kind: string
    /** As pg_proc has it: `s` safe, `r` restricted, `u` unsafe. */
    readonly parallel: string
    readonly functions: Readonly<Record<string, string | null>>
    readonly types: Readonly<Record<string, string | null>>
    readonly spaces: Readonly<Record<string, number>>
    readonly takes_extra: boolean
    readonly moving_takes_extra: boolean
    /** `r` read only, `s` shareable, `w` read and write. */
    readonly modifies: string
    readonly moving_modifies: string
    readonly initial: string | null
    readonly moving_initial: string | null
    readonly sort_operator: string | null
  } | null
}

const functionColumns: Readonly<Record<string, string>> = {
  SFUNC: 'aggtransfn',
  FINALFUNC: 'aggfinalfn',
  COMBINEFUNC: 'aggcombinefn',
  SERIALFUNC: 'aggserialfn',
  DESERIALFUNC: 'aggdeserialfn',
  MSFUNC: 'aggmtransfn',
  MINVFUNC: 'aggminvtransfn',
  MFINALFUNC: 'aggmfinalfn',
}

const functionNames = Object.entries(functionColumns).map(
  ([option, column]) => `'${option}', ${functionName(`ag.${column}::oid`)}`,
)

/** SQL: the column `aggregate` of a query over pg_proc p. */
export const aggregateColumns = `CASE WHEN p.prokind = 'a' THEN json_build_object('kind', ag.aggkind, 'parallel', p.proparallel,
    'functions', json_build_object(${functionNames.join(', ')}),
    'types', json_build_object('STYPE', ${typeName('ag.aggtranstype')}, 'MSTYPE', ${typeName('ag.aggmtranstype')}),
    'spaces', json_build_object('SSPACE', ag.aggtransspace, 'MSSPACE', ag.aggmtransspace),
    'takes_extra', ag.aggfinalextra, 'moving_takes_extra', ag.aggmfinalextra,
    'modifies', ag.aggfinalmodify, 'moving_modifies', ag.aggmfinalmodify,
    'initial', ag.agginitval, 'moving_initial', ag.aggminitval, 'sort_operator', ${operatorReference('ag.aggsortop')}) END AS aggregate`

/** SQL: the join that `aggregateColumns` needs. */
export const aggregateJoin = 'LEFT JOIN pg_aggregate ag ON ag.aggfnoid = p.oid'

const modes: Readonly<Record<string, string>> = { r: 'READ_ONLY', s: 'SHAREABLE', w: 'READ_WRITE' }
const parallelWords: Readonly<Record<string, string>> = { s: 'SAFE', r: 'RESTRICTED' }

/** The options of an aggregate in the order of the documentation, one a line, without those that say the default. */
function optionLines(facts: NonNullable<AggregateFacts['aggregate']>): readonly string[] {
  const line = (option: string, value: string | null | undefined): readonly string[] =>
    value === null || value === undefined ? [] : [`${option} = ${value}`]
  const named = (...options: readonly string[]): readonly string[] =>
    options.flatMap((option) => line(option, facts.functions[option] ?? facts.types[option]))
  const space = (option: string): readonly string[] =>
    facts.spaces[option] === 0 ? [] : line(option, facts.spaces[option]?.toString())
  const standardMode = facts.kind === 'n' ? 'r' : 'w'
  const mode = (option: string, value: string): readonly string[] =>
    value === standardMode ? [] : line(option, modes[value])
  const initial = (option: string, value: string | null): readonly string[] =>
    value === null ? [] : line(option, literal(value))
  return [
    ...named('SFUNC', 'STYPE'),
    ...space('SSPACE'),
    ...named('FINALFUNC'),
    ...(facts.takes_extra ? ['FINALFUNC_EXTRA'] : []),
    ...mode('FINALFUNC_MODIFY', facts.modifies),
    ...named('COMBINEFUNC', 'SERIALFUNC', 'DESERIALFUNC'),
    ...initial('INITCOND', facts.initial),
    ...named('MSFUNC', 'MINVFUNC', 'MSTYPE'),
    ...space('MSSPACE'),
    ...named('MFINALFUNC'),
    ...(facts.moving_takes_extra ? ['MFINALFUNC_EXTRA'] : []),
    ...mode('MFINALFUNC_MODIFY', facts.moving_modifies),
    ...initial('MINITCOND', facts.moving_initial),
    ...line('SORTOP', facts.sort_operator),
    ...line('PARALLEL', parallelWords[facts.parallel]),
    ...(facts.kind === 'h' ? ['HYPOTHETICAL'] : []),
  ]
}

/** CREATE AGGREGATE, which the server has no function to print; https://www.postgresql.org/docs/current/sql-createaggregate.html */
export function aggregateStatement(
  quoted: string,
  identityArguments: string,
  { aggregate }: AggregateFacts,
): string {
  if (aggregate === null) throw changedWhileReading(`the aggregate ${quoted}`)
  const takes = identityArguments === '' ? '*' : identityArguments
  return `CREATE AGGREGATE ${quoted}(${takes}) (\n  ${optionLines(aggregate).join(',\n  ')}\n);`
}
