import { z } from 'zod'
import { exampleUrl } from './finding.ts'

/** A character class without control characters; editors know no \p{Cc}. */
const visible = String.raw`[^\u0000-\u001f\u007f-\u009f]`

const text = z
  .string()
  .min(1)
  .regex(new RegExp(`^${visible}*$`))

const statements = z.array(z.string().min(1)).nullish()

const tables = z.array(z.string().min(1)).nullish()

const categories = {
  global: tables.meta({
    description:
      'Tables of global configuration data: their rows go to the backup directory. Names, schema.table, or patterns (*, ?, […], {a,b}).',
    examples: [['countries', 'public.settings', 'lookup_*']],
  }),
  local: tables.meta({
    description:
      'Tables of user data: their rows go to the private directory only. Names, schema.table, or patterns.',
    examples: [['users', 'user_*']],
  }),
  ephemeral: tables.meta({
    description:
      'Tables whose rows are never kept (state, caches, logs); their structure is. Names, schema.table, or patterns.',
    examples: [['sessions', '*_cache']],
  }),
  ignore: tables.meta({
    description:
      'Tables that are left out altogether, with their structure. Names, schema.table, or patterns.',
    examples: [['silk_*']],
  }),
}

const statementLists = {
  pause: statements.meta({
    description: 'SQL statements to execute before the read, e.g. to make writers wait.',
    examples: [["UPDATE settings SET paused = '1'"]],
  }),
  resume: statements.meta({
    description:
      'SQL statements to execute after the read; they always run, also after an error or a signal.',
    examples: [["UPDATE settings SET paused = '0'"]],
  }),
}

const url = z
  .string()
  .min(1)
  .meta({
    description:
      'The URL of the database, `scheme://user@host:port/name`, or `scheme:path` for a file. Missing parts come from the files and variables of the vendor.',
    examples: [exampleUrl],
  })

const verify = z
  .looseObject({
    url: z
      .string()
      .min(1)
      .nullish()
      .meta({
        description:
          'The URL of a database on the server on which `verify` makes and drops its scratch databases, with an account that may do that. A database that is a file needs none.',
        examples: ['postgres://verifier@localhost/postgres'],
      }),
    password_file: text.nullish().meta({
      description: 'A file that holds the password and that only its owner can read (mode 600).',
      examples: ['~/.config/schema_backup/verify-password'],
    }),
    password_command: z
      .string()
      .min(1)
      .nullish()
      .meta({
        description: 'A shell command that prints the password within 30 seconds.',
        examples: ['pass show db1/verify'],
      }),
    skip: z
      .boolean()
      .nullish()
      .meta({
        description: '`verify --all` leaves the database out. Default: false.',
        examples: [true],
      }),
    enable_ri_check: z
      .boolean()
      .nullish()
      .meta({
        description:
          'Rows that a foreign key does not allow are a difference; false for reporting databases. Default: true.',
        examples: [false],
      }),
    comment: text.nullish().meta({
      description: 'Shown in the table of results.',
      examples: ['reporting copy'],
    }),
  })
  .nullish()
  .meta({
    description:
      "How `verify` proves that snapshots can be restored; a database's own block wins over that of the top level.",
    examples: [{ url: 'postgres://verifier@localhost/postgres' }],
  })

const restore = z
  .looseObject({
    url: z
      .string()
      .min(1)
      .nullish()
      .meta({
        description:
          'The URL of the database that `restore` fills, with an account that may do that; `--to` wins over it.',
        examples: ['postgres://restorer@localhost/shop_restored'],
      }),
    password_file: text.nullish().meta({
      description: 'A file that holds the password and that only its owner can read (mode 600).',
      examples: ['~/.config/schema_backup/restore-password'],
    }),
    password_command: z
      .string()
      .min(1)
      .nullish()
      .meta({
        description: 'A shell command that prints the password within 30 seconds.',
        examples: ['pass show db1/restore'],
      }),
    allow_restore: z
      .boolean()
      .nullish()
      .meta({
        description: 'Whether `restore` may write to any database at all. Default: false.',
        examples: [true],
      }),
  })
  .nullish()
  .meta({
    description:
      "Where `restore` may write; a database's own block replaces that of the top level as a whole.",
    examples: [{ url: 'postgres://restorer@localhost/shop_restored', allow_restore: true }],
  })

const percent = z.number().min(0).max(100).nullish()

const shrinkGuard = z
  .looseObject({
    enabled: z
      .boolean()
      .nullish()
      .meta({ description: 'false: nothing is held. Default: true.', examples: [false] }),
    rows_percent: percent.meta({
      description:
        'The share of its rows that a global or local table may lose, if it had 20 or more; losing all is always held. Default: 50.',
      examples: [50],
    }),
    objects_percent: percent.meta({
      description:
        'The share of its objects that a database may lose, if it had 10 or more; losing all is always held. Default: 50.',
      examples: [50],
    }),
  })
  .nullish()
  .meta({
    description:
      "When a run is held (status 3) because too much is gone; a database's own block wins over that of the top level.",
    examples: [{ rows_percent: 80 }],
  })

const leakGuard = z
  .looseObject({
    enabled: z
      .boolean()
      .nullish()
      .meta({ description: 'false: nothing is held. Default: true.', examples: [false] }),
    allow: z
      .array(z.string().min(1))
      .nullish()
      .meta({
        description:
          'What may be committed although it looks like a secret: table.column, table, schema.table.column, or an object with its kind (function app.login); names or patterns.',
        examples: [['settings.value', 'function app.login']],
      }),
  })
  .nullish()
  .meta({
    description:
      "When a run is held (status 3) because something new looks like a secret; a database's own block wins over that of the top level.",
    examples: [{ allow: ['settings.value'] }],
  })

const textPolicies = {
  definers: z
    .union([
      z.string().regex(/^(?:keep|strip)$/),
      z.record(
        z.string().regex(new RegExp(`^${visible}+@${visible}*$`)),
        z.string().regex(new RegExp(`^${visible}+@[^@]+$`)),
      ),
    ])
    .nullish()
    .meta({
      description:
        'Whom views, routines, triggers, events and packages belong to: keep; strip (a restore makes them those of the restoring account); or account → account that is written instead. Default: keep.',
      examples: [{ 'app@localhost': 'owner@localhost' }, 'strip'],
    }),
  partitions: z
    .enum(['keep', 'strip', 'rotate'])
    .nullish()
    .meta({
      description:
        'Partitions of tables: keep them in the definition; strip them; or rotate: ranges and lists stand in a file of their own, which alone is no reason for a commit. Default: keep.',
      examples: ['rotate'],
    }),
  event_starts: z
    .enum(['keep', 'strip'])
    .nullish()
    .meta({
      description:
        'STARTS of recurring events, which servers set to the time of creation: keep or strip. Default: keep.',
      examples: ['strip'],
    }),
}

const maskText = z.string().meta({
  description: 'What stands for every value, also where it reads like another mask.',
  examples: ['hash'],
})

const mask = z
  .record(text, z.union([z.string(), z.looseObject({ text: maskText })]).nullable())
  .nullish()
  .meta({
    description:
      "Columns of global tables whose values the backup directory must not hold: table.column or schema.table.column (the table may be a pattern) → hash, null, or a text ({text: hash} for a text that reads like one of these). A database's own entries win over those of the top level.",
    examples: [{ 'users.email': 'hash', 'users.phone': null, 'public.users.name': 'N. N.' }],
  })

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
