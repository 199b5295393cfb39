import { ExpectedError } from '../../../src/errors.ts'
import { postgres } from '../../../src/engines/postgres/index.ts'
import type { FillRequest, LoadRequest, Target } from '../../../src/engines/target.ts'
import type { DbObject } from '../../../src/model.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import type { Server } from '../../support/servers.ts'
import { blocks } from './restore.ts'

/** Two tables, one with an identity, a computed column, a foreign key and a trigger. */
export const shop = `
  CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer CONSTRAINT of_customer REFERENCES customer,
    total numeric(6,2) CHECK (total >= 0), twice numeric GENERATED ALWAYS AS (total * 2) STORED, changed integer DEFAULT 0);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := NEW.changed + 1; RETURN NEW; END';
  CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TABLE orders ENABLE ALWAYS TRIGGER touch;
  INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob'); INSERT INTO orders (customer, total) VALUES (1, 10), (2, 20);`

/** Rows for a table of the schema public. */
export const inPublic = (name: string, columns: readonly string[]): LoadRequest => ({
  table: { schema: 'public', name },
  columns,
})
/** Rows in blocks that cut everything. */
export const csv = (text: string): AsyncIterable<Uint8Array> => blocks(Buffer.from(text), 3)

/** The object of a table in the schema public. */
export function tableObject(name: string, columns: string): DbObject {
  return {
    kind: 'table',
    schema: 'public',
    name,
    sql: `CREATE TABLE public.${name} (${columns});\n`,
    dependsOn: [],
  }
}

/** The expected failure that a promise ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<ExpectedError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ExpectedError) return error
  throw new Error('it did not fail as expected', { cause: error })
}

/** Databases of one test file on one server. */
export class Databases {
  readonly #server: Server
  readonly #names: string[] = []

  constructor(server: Server) {
    this.#server = server
  }

  make(...scripts: readonly string[]): string {
    const database = createDatabase(this.#server)
    this.#names.push(database)
    for (const script of scripts) runSql(this.#server, database, script)
    return database
  }

  async fill<T>(
    database: string,
    request: FillRequest,
    use: (target: Target) => Promise<T>,
  ): Promise<T> {
    await using opened = await postgres.open({ url: this.#server.url(database), environment: {} })
    return await opened.fill(request, use)
  }

  dropAll(): void {
    for (const database of this.#names) dropDatabase(this.#server, database)
  }
}
