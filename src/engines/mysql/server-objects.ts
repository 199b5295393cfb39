import type { DbObject } from '../../model.ts'
import { accountNamed, accountSql, type AccountName } from './catalog/account-name.ts'
import { isDenied } from './catalog/describe.ts'
import type { Client } from './client.ts'
import { escaped } from './drop-grants.ts'
import { naming, type Versions } from './fill-errors.ts'
import { setSecrets } from './fill-secrets.ts'
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
    await setSecrets(this.client, object, what)
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

/** A query that gives a row when the account or server is there. */
export function lookup(object: DbObject): string {
  if (object.kind === 'foreign_server') {
    return `SELECT 1 AS found FROM mysql.servers WHERE server_name = ${quoteText(object.name)}`
  }
  const { user, host = '' } = accountOf(object)
  return `SELECT 1 AS found FROM mysql.user WHERE user = ${quoteText(user)} AND host = ${quoteText(host)}`
}

/** The statement that drops an account or server, which may be gone already: taken back with a fill that failed. */
export function dropStatement(object: DbObject): string {
  if (object.kind === 'foreign_server') return `DROP SERVER IF EXISTS ${quoteName(object.name)}`
  return `DROP ${isRole(object) ? 'ROLE' : 'USER'} IF EXISTS ${accountSql(accountOf(object))}`
}

function accountOf(object: DbObject): AccountName {
  return accountNamed(object.name, isRole(object))
}

function isRole({ sql }: DbObject): boolean {
  return /^CREATE ROLE/m.test(sql)
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
