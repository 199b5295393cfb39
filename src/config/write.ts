import { stringify } from 'yaml'
import { listNames, type ListName } from './categories.ts'

/** A table as a new configuration lists it. */
export interface ListedTable {
  /** Its name, or `schema.table`. */
  readonly text: string
  /** Undefined: nobody decided; it stands in a comment. */
  readonly category: ListName | undefined
  /** Size and reason, for the comment behind it. */
  readonly comment: string
}

export interface NewConfiguration {
  /** With `${VARIABLE}` instead of its secrets. */
  readonly url: string
  /** The variables that the URL needs and the file doesn't hold. */
  readonly secretVariables: readonly string[]
  readonly tables: readonly ListedTable[]
}

const listComments: Readonly<Record<ListName, string>> = {
  global: 'Global configuration data: rows go to the backup directory.',
  local: 'User data: rows go to the private directory only.',
  ephemeral: 'State, caches, logs: rows are never kept.',
  ignore: 'Left out altogether, with their structure.',
}

/** The text of a new, commented configuration file. */
export function configurationText(configuration: NewConfiguration): string {
  const sections = [
    ['# Configuration of schema_backup; docs/configuration.md describes every key.'],
    [
      '# The structure of all tables and the rows of global ones go here, into a git repository.',
      '# "default" is the schema_backup/ directory beside the etc/ that holds this file.',
      'csv2_backup_dir: default',
    ],
    [
      '# The rows of local tables and passwords go here. Without it neither is backed up.',
      '# user_data_backup_dir: ~/schema_backup_private',
    ],
    databaseLines(configuration),
    [
      '# What the rows of each table are. The proposals come from the names of tables and columns: look through them',
      '# before the first run, because what is global is committed. Sizes are as of today.',
    ],
    ...listNames.map((list) => listLines(list, configuration.tables)),
    undecidedLines(configuration.tables),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

function databaseLines({ url, secretVariables }: NewConfiguration): string[] {
  const variables = secretVariables.map(
    (variable) => `# The environment variable ${variable} must be set in every run.`,
  )
  const hint =
    secretVariables.length === 0
      ? []
      : [
          '# Instead, a database can have a `url` without password and a `password_file` (mode 600).',
        ]
  return ['# The database.', ...variables, ...hint, `database: ${yamlScalar(url)}`]
}

function listLines(list: ListName, tables: readonly ListedTable[]): string[] {
  const listed = tables.filter(({ category }) => category === list)
  const comment = `# ${listComments[list]}`
  if (listed.length === 0) return [comment, `${list}: []`]
  return [comment, `${list}:`, ...listed.map((table) => `  ${entryLine(table)}`)]
}

function undecidedLines(tables: readonly ListedTable[]): string[] {
  const undecided = tables.filter(({ category }) => category === undefined)
  if (undecided.length === 0) return []
  const comment =
    '# Not decided: rows are not backed up, and every run names these tables until they stand in a list.'
  return [comment, ...undecided.map((table) => `#  ${entryLine(table)}`)]
}

function entryLine({ text, comment }: ListedTable): string {
  return `- ${yamlScalar(literalText(text))}  # ${comment}`
}

/** A text in which nothing is taken for a variable. */
export function literalText(text: string): string {
  return text.replaceAll('${', () => '$${')
}

function yamlScalar(text: string): string {
  // Block scalars would spread over lines; JSON is YAML.
  return /\p{Cc}/u.test(text) ? JSON.stringify(text) : stringify(text, { lineWidth: 0 }).trimEnd()
}
