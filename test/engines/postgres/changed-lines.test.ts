import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { servers } from '../../support/servers.ts'
import { differingLines, heldSnapshot } from './round-trip.ts'

const shop = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE TABLE customers (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email text UNIQUE, mood mood DEFAULT 'ok');
  CREATE TABLE notes (customer integer, note text);
  CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
  CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE VIEW names AS SELECT name FROM customers;`

/** A change that a reviewer sees as one line more, and that line. */
const oneLine: readonly (readonly [title: string, change: string, line: string])[] = [
  ['a column at the end', 'ALTER TABLE customers ADD COLUMN age integer', '  age integer,'],
  [
    'a column with all there is',
    `ALTER TABLE customers ADD COLUMN age smallint DEFAULT 3 NOT NULL`,
    '  age smallint DEFAULT 3 NOT NULL,',
  ],
  [
    'a computed column',
    'ALTER TABLE customers ADD COLUMN size integer GENERATED ALWAYS AS (length(name)) STORED',
    '  size integer GENERATED ALWAYS AS (length(name)) STORED,',
  ],
  [
    'a check',
    'ALTER TABLE customers ADD CHECK (id > 0)',
    '  CONSTRAINT customers_id_check CHECK ((id > 0)),',
  ],
  [
    'a unique constraint',
    'ALTER TABLE customers ADD UNIQUE (name)',
    '  CONSTRAINT customers_name_key UNIQUE (name),',
  ],
  [
    'an index',
    'CREATE INDEX ON customers (mood)',
    'CREATE INDEX customers_mood_idx ON public.customers USING btree (mood);',
  ],
  [
    'a foreign key',
    'ALTER TABLE notes ADD FOREIGN KEY (customer) REFERENCES customers',
    'ALTER TABLE public.notes ADD CONSTRAINT notes_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id);',
  ],
  [
    'a grant',
    'GRANT SELECT ON customers TO pg_monitor',
    'GRANT SELECT ON TABLE public.customers TO pg_monitor;',
  ],
  [
    'a grant on a column',
    'GRANT SELECT (name) ON customers TO pg_monitor',
    'GRANT SELECT (name) ON TABLE public.customers TO pg_monitor;',
  ],
  [
    'a policy',
    'CREATE POLICY own ON customers USING (name = CURRENT_USER)',
    'CREATE POLICY own ON public.customers USING ((name = CURRENT_USER));',
  ],
  [
    'row security',
    'ALTER TABLE customers ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE public.customers ENABLE ROW LEVEL SECURITY;',
  ],
  [
    'a trigger',
    'CREATE TRIGGER w BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION watch()',
    'CREATE TRIGGER w BEFORE UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION public.watch();',
  ],
  [
    'a comment',
    `COMMENT ON COLUMN customers.name IS 'who'`,
    `COMMENT ON COLUMN public.customers.name IS 'who';`,
  ],
  [
    'a statistics target',
    'ALTER TABLE customers ALTER name SET STATISTICS 500',
    'ALTER TABLE ONLY public.customers ALTER COLUMN name SET STATISTICS 500;',
  ],
  [
    'a rule',
    'CREATE RULE r AS ON DELETE TO customers DO INSTEAD NOTHING',
    '    ON DELETE TO public.customers DO INSTEAD NOTHING;',
  ],
]

/** What can't be one line, and all that it is. */
const more: readonly (readonly [title: string, change: string, lines: readonly string[]])[] = [
  [
    'a column of a table that nothing closes: its former last line gets a comma',
    'ALTER TABLE notes ADD COLUMN at date',
    ['-  note text', '+  note text,', '+  at date'],
  ],
  [
    'NOT NULL belongs to its column',
    'ALTER TABLE notes ALTER note SET NOT NULL',
    ['-  note text', '+  note text NOT NULL'],
  ],
  [
    'a default belongs to its column',
    `ALTER TABLE notes ALTER note SET DEFAULT ''`,
    ['-  note text', `+  note text DEFAULT ''::text`],
  ],
]

describe.each(['postgres15', 'postgres18'] as const)(
  '%s: what a reviewer sees of a change',
  (name) => {
    const server = servers()[name]
    const databases: string[] = []

    afterAll(() => {
      for (const database of databases) dropDatabase(server, database)
    })

    const linesOf = async (database: string): Promise<readonly string[]> => {
      const { schema } = await heldSnapshot(server.url(database))
      expect(schema.notCaptured).toEqual([])
      return schema.objects.flatMap(({ sql, sqlAfterRows = '' }) =>
        (sql + sqlAfterRows).split('\n'),
      )
    }

    const changedLines = async (change: string): Promise<readonly string[]> => {
      const database = createDatabase(server)
      databases.push(database)
      runSql(server, database, shop)
      const before = await linesOf(database)
      runSql(server, database, change)
      return differingLines(before, await linesOf(database))
    }

    test.each(oneLine)('%s is one line more', async (title, change, line) => {
      const lines = await changedLines(change)
      // The server breaks the line of a rule itself.
      expect(title === 'a rule' ? lines.slice(1) : lines).toEqual([`+${line}`])
    })

    test.each(more)('%s', async (_, change, lines) => {
      expect(await changedLines(change)).toEqual(lines)
    })

    test('an index or a column of a partitioned table is a line in each of its files', async () => {
      expect(await changedLines('CREATE INDEX ON events (what)')).toEqual([
        '+CREATE INDEX events_what_idx ON public.events USING btree (what);',
        '+CREATE INDEX events_2024_what_idx ON public.events_2024 USING btree (what);',
      ])
    })

    test('a table is written as a careful person would', async () => {
      const database = createDatabase(server)
      databases.push(database)
      runSql(server, database, shop)
      const { schema } = await heldSnapshot(server.url(database))
      expect(schema.objects.find((object) => object.name === 'customers')?.sql).toBe(
        `CREATE TABLE public.customers (
  id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  name text NOT NULL,
  email text,
  mood public.mood DEFAULT 'ok'::public.mood,
  CONSTRAINT customers_email_key UNIQUE (email),
  CONSTRAINT customers_pkey PRIMARY KEY (id)
);
ALTER TABLE public.customers OWNER TO postgres;
`,
      )
    })
  },
)
