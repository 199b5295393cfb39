import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ObjectKey } from '../../src/model.ts'

const checkout = dirname(dirname(import.meta.dirname))

/** Where the databases of others lie: SCHEMA_BACKUP_CORPORA, or `shared/corpora` beside the checkout. */
export const corporaDirectory =
  process.env['SCHEMA_BACKUP_CORPORA'] ?? join(dirname(checkout), 'shared', 'corpora')

if (!existsSync(corporaDirectory)) {
  throw new Error(`${corporaDirectory} is not there: set SCHEMA_BACKUP_CORPORA to the directory.`)
}

/** A change of the third run, and the table in whose file it must show. */
interface Change {
  readonly sql: string
  readonly table: ObjectKey
}

/** A database that nobody here wrote, and what the test does to it. */
export interface Corpus {
  readonly engine: 'postgres' | 'mariadb' | 'sqlite'
  /** The file below the directory of its engine. */
  readonly file: string
  /** Tables in the list `local`; in `ephemeral` stands the table of `column`; all others are in `global`. */
  readonly local: readonly string[]
  /** Puts the canary in front of the first run; may add rows to tables that have none. */
  readonly plant: string
  readonly column: Change
  readonly globalRow: Change
  readonly localRow: Change
}

/** A value that may stand in no file, commit or object of the shared repository. */
export const canary = 'canary-7c1f0b9d'

function table(name: string, schema?: string): ObjectKey {
  return { kind: 'table', name, ...(schema === undefined ? {} : { schema }) }
}

/** The script of a corpus. */
export function scriptOf(engine: string, file: string): string {
  const bytes = readFileSync(join(corporaDirectory, engine, file))
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

export const corpora: readonly Corpus[] = [
  {
    engine: 'postgres',
    file: 'chinook.sql.gz',
    local: ['public.customer', 'public.employee'],
    plant: `UPDATE customer SET email = '${canary}-1' WHERE customer_id = 1;`,
    column: {
      sql: 'ALTER TABLE genre ADD COLUMN note text;',
      table: table('genre', 'public'),
    },
    globalRow: {
      sql: "UPDATE artist SET name = 'Changed' WHERE artist_id = 7;",
      table: table('artist', 'public'),
    },
    localRow: {
      sql: `UPDATE customer SET email = '${canary}-2' WHERE customer_id = 2;`,
      table: table('customer', 'public'),
    },
  },
  {
    engine: 'postgres',
    file: 'pagila.sql.gz',
    local: ['public.customer', 'public.staff', 'public.address'],
    plant: `UPDATE customer SET email = '${canary}-1' WHERE customer_id = 1;`,
    column: {
      sql: 'ALTER TABLE language ADD COLUMN note text;',
      table: table('language', 'public'),
    },
    globalRow: {
      sql: 'UPDATE payment SET amount = 1.23 WHERE payment_id = (SELECT min(payment_id) FROM payment_p2022_03);',
      table: table('payment_p2022_03', 'public'),
    },
    localRow: {
      sql: `UPDATE customer SET email = '${canary}-2' WHERE customer_id = 2;`,
      table: table('customer', 'public'),
    },
  },
  {
    engine: 'postgres',
    file: 'adventureworks.sql.gz',
    local: ['person.phonenumbertype'],
    plant: `INSERT INTO person.phonenumbertype (name) VALUES ('${canary}-1');
INSERT INTO person.contacttype (name) VALUES ('Buyer'), ('Seller');`,
    column: {
      sql: 'ALTER TABLE humanresources.shift ADD COLUMN note text;',
      table: table('shift', 'humanresources'),
    },
    globalRow: {
      sql: "UPDATE person.contacttype SET name = 'Owner' WHERE name = 'Seller';",
      table: table('contacttype', 'person'),
    },
    localRow: {
      sql: `INSERT INTO person.phonenumbertype (name) VALUES ('${canary}-2');`,
      table: table('phonenumbertype', 'person'),
    },
  },
  {
    engine: 'postgres',
    file: 'temporal.sql.gz',
    local: ['public.cluster_metadata_info'],
    plant: `INSERT INTO cluster_metadata_info VALUES (1, '${canary}-1', '\\x00', 'json', 1);`,
    column: {
      sql: 'ALTER TABLE shards ADD COLUMN note text;',
      table: table('shards', 'public'),
    },
    globalRow: {
      sql: "INSERT INTO queue_metadata VALUES (7, '\\xff00', 'proto', 1);",
      table: table('queue_metadata', 'public'),
    },
    localRow: {
      sql: `INSERT INTO cluster_metadata_info VALUES (2, '${canary}-2', '\\x00', 'json', 1);`,
      table: table('cluster_metadata_info', 'public'),
    },
  },
  {
    engine: 'postgres',
    file: 'temporal-visibility.sql.gz',
    // The corpus has one table: two are added so that each category has one.
    local: ['public.person'],
    plant: `CREATE TABLE person (id integer PRIMARY KEY, name text); CREATE TABLE setting (key text PRIMARY KEY);
INSERT INTO person VALUES (1, '${canary}-1');`,
    column: {
      sql: 'ALTER TABLE executions_visibility ADD COLUMN note text;',
      table: table('executions_visibility', 'public'),
    },
    globalRow: {
      sql: "INSERT INTO setting VALUES ('new');",
      table: table('setting', 'public'),
    },
    localRow: {
      sql: `INSERT INTO person VALUES (2, '${canary}-2');`,
      table: table('person', 'public'),
    },
  },
  {
    engine: 'mariadb',
    file: 'chinook.sql.gz',
    local: ['Customer', 'Employee'],
    plant: `UPDATE Customer SET Email = '${canary}-1' WHERE CustomerId = 1;`,
    column: { sql: 'ALTER TABLE Genre ADD COLUMN note text;', table: table('Genre') },
    globalRow: {
      sql: "UPDATE Artist SET Name = 'Changed' WHERE ArtistId = 7;",
      table: table('Artist'),
    },
    localRow: {
      sql: `UPDATE Customer SET Email = '${canary}-2' WHERE CustomerId = 2;`,
      table: table('Customer'),
    },
  },
  {
    engine: 'mariadb',
    file: 'sakila.sql.gz',
    local: ['customer', 'staff', 'address'],
    plant: `UPDATE customer SET email = '${canary}-1' WHERE customer_id = 1;`,
    column: { sql: 'ALTER TABLE language ADD COLUMN note text;', table: table('language') },
    globalRow: {
      sql: "UPDATE category SET name = 'Changed' WHERE category_id = 1;",
      table: table('category'),
    },
    localRow: {
      sql: `UPDATE customer SET email = '${canary}-2' WHERE customer_id = 2;`,
      table: table('customer'),
    },
  },
  {
    engine: 'sqlite',
    file: 'chinook.db',
    local: ['Customer', 'Employee'],
    plant: `UPDATE Customer SET Email = '${canary}-1' WHERE CustomerId = 1;`,
    column: { sql: 'ALTER TABLE Genre ADD COLUMN note text;', table: table('Genre') },
    globalRow: {
      sql: "UPDATE Artist SET Name = 'Changed' WHERE ArtistId = 7;",
      table: table('Artist'),
    },
    localRow: {
      sql: `UPDATE Customer SET Email = '${canary}-2' WHERE CustomerId = 2;`,
      table: table('Customer'),
    },
  },
  {
    engine: 'sqlite',
    file: 'datasette.db',
    local: ['roadside_attractions'],
    plant: `UPDATE roadside_attractions SET address = '${canary}-1' WHERE pk = 1;`,
    column: {
      sql: 'ALTER TABLE [select] ADD COLUMN note text;',
      table: table('select'),
    },
    globalRow: {
      sql: "UPDATE [table/with/slashes.csv] SET content = 'changed';",
      table: table('table/with/slashes.csv'),
    },
    localRow: {
      sql: `UPDATE roadside_attractions SET address = '${canary}-2' WHERE pk = 2;`,
      table: table('roadside_attractions'),
    },
  },
  {
    engine: 'sqlite',
    file: 'northwind.sql.gz',
    local: ['Customers', 'Employees'],
    plant: `UPDATE Customers SET Phone = '${canary}-1' WHERE CustomerID = 'ALFKI';`,
    column: { sql: 'ALTER TABLE Shippers ADD COLUMN note text;', table: table('Shippers') },
    globalRow: {
      sql: "UPDATE Regions SET RegionDescription = 'Changed' WHERE RegionID = 2;",
      table: table('Regions'),
    },
    localRow: {
      sql: `UPDATE Customers SET Phone = '${canary}-2' WHERE CustomerID = 'ANATR';`,
      table: table('Customers'),
    },
  },
]
