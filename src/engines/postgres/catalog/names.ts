/**
 * SQL that names what an object is made of, executable with an empty search path: names of pg_catalog stand alone,
 * all others have their schema.
 */

/** SQL: the prefix of names in a schema, given the alias of pg_namespace. */
function schemaPrefix(namespace: string): string {
  return `CASE ${namespace}.nspname WHEN 'pg_catalog' THEN '' ELSE quote_ident(${namespace}.nspname) || '.' END`
}

/** SQL: the quoted name of a function; null without one. */
export function functionName(oid: string): string {
  return `(SELECT ${schemaPrefix('fn')} || quote_ident(f.proname)
    FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ${oid})`
}

/** SQL: a function as statements that may meet overloaded ones name it: `app.f(integer, text)`; null without one. */
export function functionSignature(oid: string): string {
  return `(SELECT ${schemaPrefix('fn')} || quote_ident(f.proname) || '(' || oidvectortypes(f.proargtypes) || ')'
    FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ${oid})`
}

/** SQL: the qualified, quoted name of a collation; null without one. */
export function collationName(oid: string): string {
  return `(SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
    FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = ${oid})`
}

/** SQL: the name of an operator as statements about operators write it: `app.<<`; null without one. */
export function operatorName(oid: string): string {
  return `(SELECT ${schemaPrefix('opn')} || op.oprname
    FROM pg_operator op JOIN pg_namespace opn ON opn.oid = op.oprnamespace WHERE op.oid = ${oid})`
}

/** SQL: an operator as options write it: `OPERATOR(app.<<)`; null without one. */
export function operatorReference(oid: string): string {
  return `(SELECT 'OPERATOR(' || quote_ident(opn.nspname) || '.' || op.oprname || ')'
    FROM pg_operator op JOIN pg_namespace opn ON opn.oid = op.oprnamespace WHERE op.oid = ${oid})`
}

/** SQL: the operand types of an operator, given the alias of pg_operator: `integer, integer` or `NONE, integer`. */
export function operandTypes(alias: string): string {
  return `coalesce(${typeName(`${alias}.oprleft`)}, 'NONE') || ', ' || coalesce(${typeName(`${alias}.oprright`)}, 'NONE')`
}

/** SQL: the name of a type without modifiers; null without one. */
export function typeName(oid: string): string {
  return `format_type(nullif(${oid}, 0), NULL)`
}

/** SQL: the quoted name of an entry of a catalog whose names stand in schemas, given the prefix of its columns. */
export function entryName(catalog: string, prefix: string, oid: string): string {
  return `(SELECT ${schemaPrefix('en')} || quote_ident(e.${prefix}name)
    FROM ${catalog} e JOIN pg_namespace en ON en.oid = e.${prefix}namespace WHERE e.oid = ${oid})`
}
