import { ExpectedError, exitStatus } from '../errors.ts'
import type { Engine } from './engine.ts'

/** URL scheme → engine, loaded when used. A new engine is one folder and its lines here. */
const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  mariadb: async () => (await import('./mysql/index.ts')).mysql,
  mysql: async () => (await import('./mysql/index.ts')).mysql,
  postgres: async () => (await import('./postgres/index.ts')).postgres,
  postgresql: async () => (await import('./postgres/index.ts')).postgres,
  sqlite: async () => (await import('./sqlite/index.ts')).sqlite,
}

/** The URL schemes that can be configured; those of `ofFiles` are followed by a path, the others by a server. */
export const urlSchemes: { readonly all: readonly string[]; readonly ofFiles: readonly string[] } =
  {
    all: Object.keys(engines),
    ofFiles: ['sqlite'],
  }

/** The engine for a database URL; throws ExpectedError `unknown-scheme`. */
export async function engineFor(url: string): Promise<Engine> {
  const scheme = schemeOf(url)
  const load = Object.hasOwn(engines, scheme) ? engines[scheme] : undefined
  if (load === undefined) {
    throw new ExpectedError(
      'unknown-scheme',
      `No engine reads "${scheme}:" URLs.`,
      `Write a URL that begins with one of: ${urlSchemes.all.join(', ')}.`,
      { status: exitStatus.configuration },
    )
  }
  return await load()
}

/** What a product calls itself in a snapshot → the scheme of its engine. */
const products: Readonly<Record<string, string>> = {
  MariaDB: 'mariadb',
  MySQL: 'mysql',
  PostgreSQL: 'postgres',
  SQLite: 'sqlite',
}

/** The engine that a snapshot was made by; throws ExpectedError `unknown-product`. */
export async function engineOfProduct(product: string): Promise<Engine> {
  const scheme = Object.hasOwn(products, product) ? products[product] : undefined
  if (scheme !== undefined) return await engineFor(`${scheme}:`)
  throw new ExpectedError(
    'unknown-product',
    `No engine writes scripts for "${product}".`,
    `Correct product in database.yaml; it is one of: ${Object.keys(products).join(', ')}.`,
  )
}

function schemeOf(url: string): string {
  return url.slice(0, Math.max(0, url.indexOf(':'))).toLowerCase()
}
