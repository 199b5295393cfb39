/** Definitions that older servers don't know, and the version that brought them. https://www.postgresql.org/docs/release/ */
const features: readonly (readonly [pattern: RegExp, feature: string, version: number])[] = [
  [/\bGENERATED ALWAYS AS \(.*\)(?! STORED)(?=,?$| NOT NULL)/m, 'virtual generated columns', 18],
  [/\bNOT ENFORCED\b/, 'constraints that are not enforced', 18],
  [/\bpublish_generated_columns\b/, 'publications of generated columns', 18],
  [/\bWITHOUT OVERLAPS\b|\bPERIOD "?\w/, 'temporal keys', 18],
  [
    /\bCONSTRAINT \S+ NOT NULL \S+.*(?:NOT VALID|NO INHERIT)?;?$/m,
    'named NOT NULL constraints',
    18,
  ],
  [/^CREATE EVENT TRIGGER .* ON login$/m, 'event triggers at login', 17],
  [/^ {4}failover = true/m, 'subscriptions whose slots fail over', 17],
  [/\bMAINTAIN\b/, 'the privilege MAINTAIN', 17],
  [/\bJSON_TABLE\s*\(/, 'JSON_TABLE', 17],
  [/\bMERGE INTO\b[\s\S]*\bRETURNING\b/, 'MERGE with RETURNING', 17],
  [/\bIS (?:NOT )?JSON\b|\bJSON_(?:ARRAY|OBJECT)(?:AGG)?\s*\(/, 'SQL/JSON constructors', 16],
  [
    /^ {4}(?:streaming = parallel|origin = |run_as_owner = |password_required = )/m,
    'these options of subscriptions',
    16,
  ],
  [/^ {4}(?:two_phase|disable_on_error) = /m, 'these options of subscriptions', 15],
  [/^ALTER PUBLICATION .* ADD TABLES IN SCHEMA /m, 'publications of schemas', 15],
  [
    /^ALTER PUBLICATION .* ADD TABLE ONLY .*(?: \(| WHERE ).*;$/m,
    'publications of columns or rows',
    15,
  ],
  [/\bNULLS NOT DISTINCT\b/, 'unique constraints in which nulls are equal', 15],
  [/\bsecurity_invoker\b/, 'views with the rights of the caller', 15],
  [/\bUNLOGGED SEQUENCE\b|\bSET (?:UN)?LOGGED\b/, 'sequences that are unlogged on their own', 15],
  [/\bON DELETE SET (?:NULL|DEFAULT) \(/, 'foreign keys that set some of their columns', 15],
  [/\bMERGE INTO\b/, 'MERGE', 15],
  [/\bpg_database_owner\b/, 'the role pg_database_owner', 14],
]

/** The newest feature in an object's text that a server of this version lacks. */
export function missingFeature(
  sql: string,
  serverVersionNumber: number,
): { readonly feature: string; readonly version: number } | undefined {
  const major = Math.floor(serverVersionNumber / 10_000)
  const found = features.find(([pattern, , version]) => version > major && pattern.test(sql))
  return found === undefined ? undefined : { feature: found[1], version: found[2] }
}
