import type { NotCaptured } from '../../../model.ts'
import { compareText, literal } from '../quote.ts'
import type { CatalogSession } from '../session.ts'
import { readEntries, type Entries } from './census-entries.ts'
import { listCatalogs, temporary, type StrangeCatalog } from './census-catalogs.ts'
import { readOutsideChanges } from './outside-changes.ts'
import type { Address, Captured, CatalogContext, Refused } from './parts.ts'

/** Why an entry needs no line in the report. */
type Account = 'captured' | 'refused' | 'member'

/** An entry in words. */
interface Named {
  readonly entry: Address
  readonly kind: string
  readonly name: string
}

type Accounts = (entry: Address) => Account | undefined

/** An entry is accounted for when a file holds it, or what it is a part of, or when an extension brings it. */
function accountsOf(
  entries: Entries,
  objects: readonly Captured[],
  refused: readonly Refused[],
): Accounts {
  const known = new Map<Address, Account | undefined>([
    ...refused.map(({ address }) => [address, 'refused'] as const),
    ...objects.flatMap(({ addresses }) => addresses.map((entry) => [entry, 'captured'] as const)),
  ])
  const accountOf = (entry: Address): Account | undefined => {
    if (known.has(entry)) return known.get(entry)
    // What stands for itself in a circle stands for nothing.
    known.set(entry, undefined)
    const found = (entries.parents.get(entry) ?? [])
      .map((parent) => {
        if (!parent.startsWith('pg_extension:')) return accountOf(parent)
        return isOfServer(parent) || known.get(parent) === 'captured' ? 'member' : undefined
      })
      .find((account) => account !== undefined)
    known.set(entry, found)
    return found
  }
  return accountOf
}

/** Whether an entry is there in every new database. */
function isOfServer(entry: Address): boolean {
  return Number(entry.slice(entry.indexOf(':') + 1)) < 16384
}

/** Entries that nothing accounts for, without those that are parts of such an entry. */
function unaccounted(entries: Entries, accountOf: Accounts): readonly Address[] {
  const missing = new Set(entries.all.filter((entry) => accountOf(entry) === undefined))
  return [...missing].filter(
    (entry) => !(entries.parents.get(entry) ?? []).some((parent) => missing.has(parent)),
  )
}

const words: Readonly<Record<string, string>> = { 'default acl': 'default privileges' }

/** What the server calls entries; those that only a temporary object uses are left out. */
async function nameEntries(
  session: CatalogSession,
  entries: readonly Address[],
): Promise<readonly Named[]> {
  if (entries.length === 0) return []
  const values = entries.map((entry) => {
    const [catalog = '', number = ''] = entry.split(':')
    return `(${literal(catalog)}, ${number}::oid)`
  })
  const rows = await session.query<{ catalog: string; oid: number; kind: string; name: string }>(
    'what no file holds',
    `SELECT l.catalog, l.oid, coalesce(i.type, l.catalog) AS kind, coalesce(i.identity, l.oid::text) AS name
     FROM (VALUES ${values.join(', ')}) l(catalog, oid), pg_identify_object(('pg_catalog.' || l.catalog)::regclass, l.oid, 0) i
     WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = ('pg_catalog.' || l.catalog)::regclass AND d.objid = l.oid AND (
       (d.refclassid = 'pg_class'::regclass AND d.refobjid IN ${temporary.relations})
       OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN ${temporary.types})
       OR (d.refclassid = 'pg_proc'::regclass AND d.refobjid IN ${temporary.routines})))`,
  )
  return rows.map(({ catalog, oid, kind, name }) => ({
    entry: `${catalog}:${oid}`,
    kind: words[kind] ?? kind,
    name,
  }))
}

function largeObjects(count: number): NotCaptured[] {
  if (count === 0) return []
  const name = `${count} large ${count === 1 ? 'object' : 'objects'}`
  return [{ kind: 'large objects', name, reason: noFile }]
}

const noFile = 'No file of a snapshot holds it; pg_dump keeps it.'

async function missingObjects(
  session: CatalogSession,
  entries: Entries,
  accountOf: Accounts,
): Promise<NotCaptured[]> {
  const missing = unaccounted(entries, accountOf)
  const isLarge = (entry: Address): boolean => entry.startsWith('pg_largeobject:')
  const others = missing.filter((entry) => !isLarge(entry))
  return [
    ...(await nameEntries(session, others)).map(({ kind, name }) => ({
      kind,
      name,
      reason: noFile,
    })),
    ...largeObjects(missing.filter(isLarge).length),
  ]
}

/** What is attached to captured objects and no catalog file asked for: comments, labels, needed extensions. */
async function missingAttachments(
  context: CatalogContext,
  accountOf: Accounts,
): Promise<NotCaptured[]> {
  const { comments, labels, extensions } = context
  const attachments = {
    comment: comments,
    'security label': labels,
    'dependency on an extension': extensions,
  }
  const missing: NotCaptured[] = []
  for (const [word, map] of Object.entries(attachments)) {
    const entries = new Set(map.unasked().map((key) => key.slice(0, key.lastIndexOf(':'))))
    const captured = [...entries].filter((entry) => accountOf(entry) === 'captured')
    for (const { kind, name } of await nameEntries(context.session, captured))
      missing.push({ kind: word, name: `${kind} ${name}`, reason: noFile })
  }
  return missing
}

/** Catalogs of a later version of the server, or of an extension, that hold something. */
async function strangeEntries(
  session: CatalogSession,
  strange: readonly (StrangeCatalog & { readonly quoted: string })[],
): Promise<NotCaptured[]> {
  const questions = strange
    .filter(({ may_read }) => may_read)
    .map(
      ({ name, quoted, has_oid }) =>
        `SELECT ${literal(name)} AS name WHERE EXISTS (SELECT FROM ${quoted} o ${has_oid ? 'WHERE o.oid >= 16384' : ''})`,
    )
  const filled =
    questions.length === 0
      ? []
      : await session.query<{ name: string }>(
          'catalogs that are not known',
          questions.join('\nUNION ALL\n'),
        )
  const names = new Set(filled.map(({ name }) => name))
  return strange
    .filter(({ name, may_read }) => !may_read || names.has(name))
    .map(({ name }) => ({
      kind: 'catalog',
      name,
      reason: 'The server has objects of a kind that this version of schema_backup does not know.',
    }))
}

/**
 * Holds every entry of every catalog against what the catalog files read, and names what is missing. Names only: options
 * can hold passwords.
 */
export async function readCensus(
  context: CatalogContext,
  objects: readonly Captured[],
  refused: readonly Refused[],
): Promise<readonly NotCaptured[]> {
  const { session } = context
  const { known, strange } = await listCatalogs(session)
  const entries = await readEntries(session, known)
  const accountOf = accountsOf(entries, objects, refused)
  const found = [
    ...refused.map(({ kind, name, reason }) => ({ kind, name, reason })),
    ...(await missingObjects(session, entries, accountOf)),
    ...(await missingAttachments(context, accountOf)),
    ...(await strangeEntries(session, strange)),
    ...(await readOutsideChanges(session)),
  ]
  return found.sort(
    (left, right) => compareText(left.kind, right.kind) || compareText(left.name, right.name),
  )
}

/** What users made in a database, as the server names it; what a new one has is not among it. */
export async function listObjects(session: CatalogSession): Promise<readonly Named[]> {
  const { known } = await listCatalogs(session)
  const parts = new Set(known.filter(({ isPart }) => isPart === true).map(({ name }) => name))
  const entries = await readEntries(session, known)
  const whole = entries.all.filter((entry) => {
    const [catalog = ''] = entry.split(':')
    return !parts.has(catalog) && !entries.parents.has(entry)
  })
  const named = await nameEntries(session, whole)
  // An index is part of its table, by a dependency of the weaker kind.
  return named.filter(({ kind }) => kind !== 'index')
}
