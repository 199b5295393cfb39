import { randomBytes } from 'node:crypto'
import type { ConnectionRequest } from '../../../src/engines/connection.ts'
import { createDatabase, dropDatabase, runSql } from '../databases.ts'
import type { Server } from '../servers.ts'
import type { BadRequest, TestDatabase } from './subject.ts'

/** A request as config/ makes it: the password is no part of the URL. */
export function requestFor(
  server: Server,
  database: string,
  account: { readonly user: string; readonly password: string } = server,
): ConnectionRequest {
  const url = new URL(server.url(database))
  url.username = encodeURIComponent(account.user)
  url.password = ''
  return { url: url.href, password: account.password, environment: {} }
}

/** An account whose name nobody else uses. */
export function newAccount(): { readonly user: string; readonly password: string } {
  return { user: `contract_${randomBytes(6).toString('hex')}`, password: 'canary-limited' }
}

/** A database on a server, with what the products have in common. */
export function serverDatabase(
  server: Server,
  dump: (name: string) => string,
  dropAccounts: () => void,
): TestDatabase {
  const name = createDatabase(server)
  return {
    name,
    request: requestFor(server, name),
    run: (sqlText) => runSql(server, name, sqlText),
    dump: () => dump(name),
    recreate() {
      dropDatabase(server, name)
      createDatabase(server, name)
    },
    remove() {
      dropDatabase(server, name)
      dropAccounts()
    },
  }
}

/** What can be wrong with the way to a database on a server. */
export function badServerRequests(server: Server, database: string): readonly BadRequest[] {
  const right = requestFor(server, database)
  const changed = (change: (url: URL) => void): ConnectionRequest => {
    const url = new URL(right.url)
    change(url)
    return { ...right, url: url.href }
  }
  return [
    {
      title: 'a wrong password',
      request: { ...right, password: 'canary-wrong' },
      code: /^authentication-failed$/,
    },
    {
      title: 'an unknown user',
      request: changed((url) => {
        url.username = 'nobody_of_this_name'
      }),
      code: /^authentication-failed$/,
    },
    {
      title: 'a port that nobody listens at',
      request: changed((url) => {
        url.port = '1'
      }),
      code: /^connection-refused$/,
    },
    {
      title: 'an unknown host',
      request: changed((url) => {
        url.hostname = 'no-such-host.invalid'
      }),
      code: /^host-unknown$/,
    },
    {
      title: 'an unknown database',
      request: changed((url) => {
        url.pathname = '/no_such_database'
      }),
      code: /^unknown-database$/,
    },
  ]
}
