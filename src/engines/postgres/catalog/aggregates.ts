import { literal } from '../quote.ts'
import { changedWhileReading } from '../errors.ts'

/** What pg_aggregate adds to a routine; all null for other routines. */
export interface AggregateFacts {
  readonly aggregate: {
    readonly kind: string
    readonly functions: Readonly<Record<string, string | null>>
    readonly options: Readonly<Record<string, string | null>>
    readonly init: string | null
    readonly moving_init: string | null
    readonly parallel: string
  } | null
}

const functionNames: readonly (readonly [option: string, column: string])[] = [
  ['SFUNC', 'aggtransfn'],
  ['FINALFUNC', 'aggfinalfn'],
  ['COMBINEFUNC', 'aggcombinefn'],
  ['SERIALFUNC', 'aggserialfn'],
  ['DESERIALFUNC', 'aggdeserialfn'],
  ['MSFUNC', 'aggmtransfn'],
  ['MINVFUNC', 'aggminvtransfn'],
  ['MFINALFUNC', 'aggmfinalfn'],
]

const nameOf = (column: string): string =>
  `(SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.proname) FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ag.${column})`

/** SQL: the column `aggregate` of a query over pg_proc p. */
export const aggregateColumns = `CASE WHEN p.prokind = 'a' THEN json_build_object('kind', ag.aggkind, 'parallel', p.proparallel,
    'functions', json_build_object(${functionNames.map(([option, column]) => `'${option}', ${nameOf(column)}`).join(', ')}),
    'options', json_build_object(
      'STYPE', format_type(ag.aggtranstype, NULL),
      'SSPACE', nullif(ag.aggtransspace, 0)::text,
      'FINALFUNC_EXTRA', CASE WHEN ag.aggfinalextra THEN '' END,
      'FINALFUNC_MODIFY', CASE WHEN ag.aggfinalfn <> 0 AND ag.aggfinalmodify <> CASE WHEN ag.aggkind = 'n' THEN 'r' ELSE 'w' END::"char" THEN ag.aggfinalmodify::text END,
      'MSTYPE', CASE WHEN ag.aggmtranstype <> 0 THEN format_type(ag.aggmtranstype, NULL) END,
      'MSSPACE', nullif(ag.aggmtransspace, 0)::text,
      'MFINALFUNC_EXTRA', CASE WHEN ag.aggmfinalextra THEN '' END,
      'MFINALFUNC_MODIFY', CASE WHEN ag.aggmfinalfn <> 0 AND ag.aggmfinalmodify <> CASE WHEN ag.aggkind = 'n' THEN 'r' ELSE 'w' END::"char" THEN ag.aggmfinalmodify::text END,
      'SORTOP', (SELECT 'OPERATOR(' || quote_ident(opn.nspname) || '.' || op.oprname || ')' FROM pg_operator op
        JOIN pg_namespace opn ON opn.oid = op.oprnamespace WHERE op.oid = ag.aggsortop)),
    'init', ag.agginitval, 'moving_init', ag.aggminitval) END AS aggregate`

/** SQL: the join that `aggregateColumns` needs. */
export const aggregateJoin = 'LEFT JOIN pg_aggregate ag ON ag.aggfnoid = p.oid'

const modes: Readonly<Record<string, string>> = { r: 'READ_ONLY', s: 'SHAREABLE', w: 'READ_WRITE' }
const parallelWords: Readonly<Record<string, string>> = { s: 'SAFE', r: 'RESTRICTED' }

function optionLine(name: string, value: string): string {
  if (value === '') return name
  return `${name} = ${name.endsWith('_MODIFY') ? (modes[value] ?? value) : value}`
}

/** CREATE AGGREGATE, which the server has no function to print; https://www.postgresql.org/docs/current/sql-createaggregate.html */
export function aggregateStatement(
  quoted: string,
  identityArguments: string,
  { aggregate }: AggregateFacts,
): string {
  if (aggregate === null) throw changedWhileReading(`the aggregate ${quoted}`)
  const entries = [...Object.entries(aggregate.functions), ...Object.entries(aggregate.options)]
  const present = entries.flatMap(([name, value]) =>
    value === null ? [] : [optionLine(name, value)],
  )
  const parallel = parallelWords[aggregate.parallel]
  const lines = [
    ...present.filter((line) => /^(SFUNC|STYPE) /.test(line)),
    ...present.filter((line) => !/^(SFUNC|STYPE) /.test(line)),
    ...(aggregate.init === null ? [] : [`INITCOND = ${literal(aggregate.init)}`]),
    ...(aggregate.moving_init === null ? [] : [`MINITCOND = ${literal(aggregate.moving_init)}`]),
    ...(aggregate.kind === 'h' ? ['HYPOTHETICAL'] : []),
    ...(parallel === undefined ? [] : [`PARALLEL = ${parallel}`]),
  ]
  const takes = identityArguments === '' ? '*' : identityArguments
  return `CREATE AGGREGATE ${quoted}(${takes}) (\n  ${lines.join(',\n  ')}\n);`
}
