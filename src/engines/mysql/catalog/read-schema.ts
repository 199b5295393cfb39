import type { DbObject, NotCaptured, Schema, TextPolicies } from '../../../model.ts'
import type { Client } from '../client.ts'
import { invisibleObjects, readGrants } from '../privileges.ts'
import type { Server } from '../session.ts'
import { readAccounts } from './accounts.ts'
import { readDatabase } from './database.ts'
import { listTables, type ListedTable } from './list.ts'
import { readLibraries } from './libraries.ts'
import { readForeignServers, withServers } from './foreign-servers.ts'
import { readEvents, readRoutines } from './routines.ts'
import { readSequences } from './sequences.ts'
import { readTables, type MysqlTable } from './tables.ts'
import { asShown } from './text-policies.ts'
import { readTriggers } from './triggers.ts'
import { readVersions } from './versions.ts'
import { readViews } from './views.ts'

/** A schema whose tables know what reading their rows needs. */
export interface MysqlSchema extends Schema {
  readonly tables: ReadonlyMap<string, MysqlTable>
}

const typesOfTables = ['BASE TABLE', 'SYSTEM VERSIONED']

/** Reads every object of the session's database; its definitions are written as `texts` says. */
export async function readSchema(
  client: Client,
  server: Server,
  texts: TextPolicies = asShown,
): Promise<MysqlSchema> {
  const listed = await listTables(client, server)
  const database = await readDatabase(client, server)
  const tables = await readTables(client, server, ofTypes(listed, typesOfTables), texts)
  const programTexts = { databaseCollation: database.collation, texts }
  const triggers = await readTriggers(client, server, programTexts)
  const sequences = await readSequences(client, server, ofTypes(listed, ['SEQUENCE']))
  const libraries = await readLibraries(client, server)
  const routines = await readRoutines(
    client,
    server,
    programTexts,
    libraries.libraries.map(({ name }) => name),
  )
  const events = await readEvents(client, server, programTexts)
  const views = await readViews(client, server, ofTypes(listed, ['VIEW']), {
    views: names(ofTypes(listed, ['VIEW'])),
    tables: names(ofTypes(listed, typesOfTables)),
    sequences: names(ofTypes(listed, ['SEQUENCE'])),
    functions: names(routines.objects.filter((object) => object.kind === 'function')),
    packages: names(routines.objects.filter((object) => object.kind === 'package')),
    texts,
  })
  const whole = tables.tables.map((table) => withTriggers(table, triggers.sqlByTable))
  const own: readonly DbObject[] = [
    database.object,
    ...sequences.sequences,
    ...whole,
    ...libraries.libraries,
    ...routines.objects,
    ...views.views,
    ...events.objects,
  ]
  const servers = await readForeignServers(client, own)
  const accounts = await readAccounts(client, server, own, texts)
  const objects = [...own, ...servers.servers, ...accounts.accounts].map((object) =>
    withServers(object, servers.serversByTable),
  )
  const parts = [tables, triggers, sequences, libraries, routines, events, views, servers, accounts]
  return {
    product: server.product,
    serverVersion: server.version,
    versions: { ...(await readVersions(client, server, objects)), ...accounts.elsewhere },
    objects,
    tables: new Map(whole.map((table) => [table.name, table])),
    notCaptured: [
      ...parts.flatMap((part) => part.notCaptured),
      ...unknownKinds(listed),
      ...invisibleObjects(await readGrants(client), server),
    ],
    warnings: [database, tables, triggers, routines, events, views, accounts].flatMap(
      ({ warnings }) => warnings,
    ),
  }
}

function ofTypes(listed: readonly ListedTable[], types: readonly string[]): readonly ListedTable[] {
  return listed.filter((table) => types.includes(table.type))
}

function names(items: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(items.map((item) => item.name))
}

function withTriggers(table: MysqlTable, sqlByTable: ReadonlyMap<string, string>): MysqlTable {
  const sqlAfterRows = sqlByTable.get(table.name)
  return sqlAfterRows === undefined ? table : { ...table, sqlAfterRows }
}

function unknownKinds(listed: readonly ListedTable[]): NotCaptured[] {
  const known = [...typesOfTables, 'VIEW', 'SEQUENCE']
  return listed
    .filter((table) => !known.includes(table.type))
    .map(({ name, type }) => ({
      kind: type.toLowerCase(),
      name,
      reason: 'this kind is not saved yet',
    }))
}
