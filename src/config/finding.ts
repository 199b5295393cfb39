import { stringify } from 'yaml'
import { ExpectedError, exitStatus } from '../errors.ts'

/** One thing that is wrong with a configuration. */
export interface Finding {
  /** `file:line:column`, or the environment variable. */
  readonly where: string
  /** What was expected and what was found; never a value of the file that could be a secret. */
  readonly message: string
  /** A line of YAML that would be right. */
  readonly write?: string
}

/** The database URL of examples. */
export const exampleUrl = 'postgres://backup@db1.example.org/shop'

/** All findings, in the order of the file, as one error (status 78). */
export function configurationError(findings: readonly Finding[]): ExpectedError {
  const lines = findings.toSorted(byPlace).map(({ where, message, write }) => {
    const example = write === undefined ? [] : ['Write for example:', ...write.split('\n')]
    return [`${where}: ${message}.`, ...example].join('\n    ')
  })
  return new ExpectedError(
    'configuration-invalid',
    lines.join('\n'),
    'Correct the configuration; docs/configuration.md describes every key.',
    { status: exitStatus.configuration },
  )
}

function byPlace(one: Finding, other: Finding): number {
  const [line, column] = placeOf(one)
  const [otherLine, otherColumn] = placeOf(other)
  return line - otherLine || column - otherColumn
}

function placeOf({ where }: Finding): [line: number, column: number] {
  const [, line, column] = /:(\d+):(\d+)$/.exec(where) ?? []
  return [Number(line ?? 0), Number(column ?? 0)]
}

/** `key: value` as YAML, without a final newline. */
export function yamlExample(key: string, value: unknown): string {
  return stringify({ [key]: value }, { lineWidth: 0 }).trimEnd()
}
