import { z } from 'zod'
import { exampleUrl } from './finding.ts'

/** The blocks of the configuration file, each with what editors show of it; schema.ts puts them together. */

/** A character class without control characters; editors know no \p{Cc}. */
export const visible = String.raw`[^\u0000-\u001f\u007f-\u009f]`

/** A line of text without control characters. */
export const text = z
  .string()
  .min(1)
  .regex(new RegExp(`^${visible}*$`))

const statements = z.array(z.string().min(1)).nullish()

const tables = z.array(z.string().min(1)).nullish()

/** The four lists of tables. */
export const categories = {
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

/** SQL around the read. */
export const statementLists = {
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

/** The URL of a database. */
export const url = z
  .string()
  .min(1)
  .meta({
    description:
      'The URL of the database, `scheme://user@host:port/name`, or `scheme:path` for a file. Missing parts come from the files and variables of the vendor.',
    examples: [exampleUrl],
  })

/** How snapshots are proven. */
export const verify = z
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

/** Where a restore may write. */
export const restore = z
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

/** When a loss is implausible. */
export const shrinkGuard = z
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

/** What looks like a secret and is none. */
export const leakGuard = z
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

/** How definitions are written. */
export const textPolicies = {
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

/** Columns whose values never reach the backup directory. */
export const mask = z
  .record(text, z.union([z.string(), z.looseObject({ text: maskText })]).nullable())
  .nullish()
  .meta({
    description:
      "Columns of global tables whose values the backup directory must not hold: table.column or schema.table.column (the table may be a pattern) → hash, null, or a text ({text: hash} for a text that reads like one of these). A database's own entries win over those of the top level.",
    examples: [{ 'users.email': 'hash', 'users.phone': null, 'public.users.name': 'N. N.' }],
  })
