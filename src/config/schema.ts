import { z } from 'zod'
import { exampleUrl } from './finding.ts'
import {
  categories,
  leakGuard,
  mask,
  restore,
  shrinkGuard,
  statementLists,
  text,
  textPolicies,
  url,
  verify,
  visible,
} from './schema-blocks.ts'

const settingsOfDatabase = {
  url,
  password_file: text.nullish().meta({
    description: 'A file that holds the password and that only its owner can read (mode 600).',
    examples: ['~/.config/schema_backup/password'],
  }),
  password_command: z
    .string()
    .min(1)
    .nullish()
    .meta({
      description:
        'A shell command that prints the password within 30 seconds; the shell, not schema_backup, fills in its variables.',
      examples: ['pass show db1/backup'],
    }),
  ...categories,
  ...statementLists,
  verify,
  restore,
  shrink_guard: shrinkGuard,
  leak_guard: leakGuard,
  mask,
  ...textPolicies,
}

const singleDatabase = z.looseObject({
  ...settingsOfDatabase,
  name: text.nullish().meta({
    description:
      "The name of the database's directory; default: the last segment of the URL's path.",
    examples: ['shop'],
  }),
})

const manyDatabases = z.looseObject(settingsOfDatabase)

const git = z.looseObject({
  author: z
    .string()
    .regex(new RegExp(`^(?=${visible}*$)[^<>]*[^<>\\s][^<>]* <[^<>\\s]+>$`))
    .nullish()
    .meta({
      description: "Author and committer of the commits; default: git's own configuration.",
      examples: ['Schema Backup <schema_backup@db1.example.org>'],
    }),
  branch: z
    .string()
    .regex(/^(?!refs\/|[-/.])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)|[/.]$))[^\s~^:?*[\\]+$/)
    .nullish()
    .meta({
      description:
        "Commit to this branch and leave the work tree's current branch alone; default: the current branch.",
      examples: ['schema-backup'],
    }),
})

/** The configuration file as it is written; each description is shown by editors and in the JSON Schema. */
export const configurationSchema = z
  .looseObject({
    csv2_backup_dir: text.nullish().meta({
      description:
        'The backup directory: structure, and the rows of global tables; in a git repository. Omitted, null or "default": the schema_backup/ directory beside the etc/ that holds this file.',
      examples: ['default', '/srv/project/schema_backup'],
    }),
    user_data_backup_dir: text.nullish().meta({
      description:
        'The private directory: the rows of local tables, and passwords. Omitted: neither is backed up.',
      examples: ['/var/local/project/schema_backups'],
    }),
    database: z
      .union([url, singleDatabase])
      .nullish()
      .meta({
        description:
          'The database: a URL, or its URL with further settings. Neither database nor databases: the environment variable SCHEMA_BACKUP_DATABASE, else DATABASE_URL.',
        examples: [exampleUrl],
      }),
    databases: z
      .record(text, z.union([url, manyDatabases]))
      .nullish()
      .meta({
        description:
          'Several databases: directory name → URL, or its URL with further settings. A database without a category list of its own has the lists of the top level.',
        examples: [{ shop: exampleUrl }],
      }),
    host: text.nullish().meta({
      description: "The name of the host's directory; default: the fully qualified host name.",
      examples: ['db1.example.org'],
    }),
    ...categories,
    providers: z
      .array(text)
      .nullish()
      .meta({
        description: 'Services that provide the database; --model and --target restart them.',
        examples: [['database.service']],
      }),
    consumers: z
      .array(text)
      .nullish()
      .meta({
        description:
          'Services that use the database; --model and --target stop them during the read.',
        examples: [['httpd', 'shop-worker.service']],
      }),
    service_command: z
      .union([text, z.array(text).min(1)])
      .nullish()
      .meta({
        description:
          'What drives the services: a program with its first arguments, separated by blanks or as a list. "stop NAME" and the like follow. Default: systemctl.',
        examples: ['systemctl'],
      }),
    pause_interval: z
      .number()
      .min(0)
      .max(86_400)
      .nullish()
      .meta({
        description: 'Seconds to wait between the pause statements and the read. Default: 0.',
        examples: [15],
      }),
    ...statementLists,
    verify,
    restore,
    shrink_guard: shrinkGuard,
    leak_guard: leakGuard,
    mask,
    ...textPolicies,
    git: git.nullish().meta({
      description: 'How commits are made.',
      examples: [{ author: 'Schema Backup <schema_backup@db1.example.org>' }],
    }),
    strict: z
      .boolean()
      .nullish()
      .meta({
        description: 'Tables in no list are an error (status 4), as with --strict. Default: false.',
        examples: [true],
      }),
  })
  .meta({
    title: 'schema_backup configuration',
    description: 'The configuration of schema_backup; see docs/configuration.md.',
  })

/** The configuration file's content once it is known to be right. */
export type Settings = z.infer<typeof configurationSchema>

/** What describes one value of the file, as JSON Schema. */
export interface JsonSchema {
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

/** The JSON Schema of the file, for editors (etc/schema_backup.schema.json). */
export function jsonSchema(): JsonSchema {
  return z.toJSONSchema(configurationSchema, { target: 'draft-7', io: 'input' }) as JsonSchema
}

/** The content of etc/schema_backup.schema.json. */
export function jsonSchemaText(): string {
  return JSON.stringify(jsonSchema(), undefined, 2) + '\n'
}
