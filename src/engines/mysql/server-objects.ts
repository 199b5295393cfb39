import { ExpectedError } from '../../errors.ts'
import type { DbObject } from '../../model.ts'
import { accountSql } from './catalog/account-text.ts'
import { isDenied } from './catalog/describe.ts'
import type { Client } from './client.ts'
import { escaped } from './drop-grants.ts'
import { naming, type Versions } from './fill-errors.ts'
import { runScript } from './fill-session.ts'
import { isToken, joinTokens, quoteName, quoteText, tokenize } from './lexer.ts'
import { nameOfObject } from './object-script.ts'
import { splitStatements } from './split.ts'

/** Whether an object belongs to the whole server: one that is there stays as it is. */
export function isOfServer({ kind }: Pick<DbObject, 'kind'>): boolean {
  return kind === 'role' || kind === 'foreign_server'
}

/** Makes accounts and foreign servers that are not there yet, and takes them back when the fill fails. */
export class ServerObjects {
  private readonly made: string[] = []
  private readonly client: Client
  private readonly versions: Versions

  constructor(client: Client, versions: Versions) {
    this.client = client
    this.versions = versions
  }

  async create(object: DbObject): Promise<void> {
    // Who may not look may not make one either, and the server's answer to that says what is missing.
    if (object.sql === '' || (await isThere(this.client, object)) === true) return
    const what = nameOfObject(object)
    await runScript(this.client, object.sql, what, this.versions)
    this.made.push(dropStatement(object))
    if (object.sqlSecrets === undefined) return
    try {
      for (const statement of splitStatements(object.sqlSecrets)) await this.client.query(statement)
    } catch (error) {
      throw secretRefused(what, error)
    }
  }

  async takeBack(): Promise<void> {
    for (const statement of this.made.splice(0).toReversed()) await this.client.query(statement)
  }
}

/** Whether the server has an account or foreign server; undefined when the account may not look. */
export async function isThere(client: Client, object: DbObject): Promise<boolean | undefined> {
  try {
    const [found] = await client.query(lookup(object))
    return found !== undefined
  } catch (error) {
    if (isDenied(error)) return undefined
    throw error
  }
}

/** The server's text could quote the statement. */
function secretRefused(what: string, error: unknown): unknown {
  if (!(error instanceof ExpectedError) || error.code !== 'server-error') return error
  return new ExpectedError(
    'secrets-refused',
    `${what}: the server refused the statement that sets its password.`,
    'Look at its .secrets.sql in the private directory: the server may lack the plugin that it was made for.',
    { cause: error.cause },
  )
}

/** A query that gives a row when the account or server is there. */
export function lookup({ kind, name }: DbObject): string {
  if (kind === 'foreign_server') {
    return `SELECT 1 AS found FROM mysql.servers WHERE server_name = ${quoteText(name)}`
  }
  const { user, host } = partsOf(name)
  return `SELECT 1 AS found FROM mysql.user WHERE user = ${quoteText(user)} AND host = ${quoteText(host)}`
}

/** The statement that drops an account or server, which may be gone already: taken back with a fill that failed. */
export function dropStatement({ kind, name, sql }: DbObject): string {
  if (kind === 'foreign_server') return `DROP SERVER IF EXISTS ${quoteName(name)}`
  return `DROP ${/^CREATE ROLE/m.test(sql) ? 'ROLE' : 'USER'} IF EXISTS ${accountSql(partsOf(name))}`
}

/** Hosts hold no @. */
function partsOf(name: string): { readonly user: string; readonly host: string } {
  const [, user = name, host = ''] = /^(.*)@([^@]*)$/s.exec(name) ?? []
  return { user, host }
}

/** Unknown table, routine, column. */
const missingThings = new Set([1146, 1305, 1054])

/** Makes an account's grants on the database: those on what was left out of the restore are left out with it. */
export async function makeGrants(
  client: Client,
  { what, sql }: { readonly what: string; readonly sql: string },
  database: string,
): Promise<void> {
  for (const statement of splitStatements(sql)) {
    await naming(what, async () => {
      try {
        await client.query(onDatabase(statement, database))
      } catch (error) {
        const { errno } = (error as { readonly cause?: { readonly errno?: number } }).cause ?? {}
        if (!missingThings.has(errno ?? 0)) throw error
      }
    })
  }
}

/** `ON *` is the current database as a pattern, in which `_` would stand for every character. */
function onDatabase(statement: string, database: string): string {
  const tokens = tokenize(statement)
  const pattern = quoteName(escaped(database))
  const words = tokens.filter(({ kind }) => kind !== 'space' && kind !== 'comment')
  const on = words.findIndex((token) => isToken(token, 'ON'))
  const target = words[on + 1]
  if (target?.text !== '*' || !isToken(words[on + 2], 'TO')) return statement
  return joinTokens(
    tokens.map((token) => (token === target ? { ...token, text: `${pattern}.*` } : token)),
  )
}
