/** A script under a name, for servers of this major version and later. */
export type NamedScript = readonly [name: string, script: string, since?: number]

/** One script that runs each of these in a schema of its own, which has the name of the script. */
export function inSchemas(scripts: readonly NamedScript[], version: number): string {
  return scripts
    .filter(([, , since = 0]) => since <= version)
    .map(
      ([name, script]) =>
        `RESET ALL; SET client_min_messages = error; CREATE SCHEMA "${name}"; SET search_path = "${name}";\n${script}`,
    )
    .join('\n')
}
