import { literal } from '../quote.ts'
import {
  address,
  commentStatements,
  isNoMember,
  roleName,
  stateWords,
  type Captured,
  type CatalogContext,
  type Reading,
} from './parts.ts'

interface EventTriggerRow {
  oid: number
  name: string
  quoted: string
  owner: string
  event: string
  tags: string[] | null
  function: string
  state: string
}

const query = `
  SELECT e.oid, e.evtname::text AS name, quote_ident(e.evtname) AS quoted, ${roleName('e.evtowner')} AS owner,
    e.evtevent::text AS event, e.evttags AS tags, e.evtfoid::regproc::text AS function, e.evtenabled::text AS state
  FROM pg_event_trigger e
  WHERE ${isNoMember('pg_event_trigger', 'e.oid')}
  ORDER BY e.evtname COLLATE "C"`

function eventTriggerFrom(context: CatalogContext, row: EventTriggerRow): Captured {
  const entry = address('pg_event_trigger', row.oid)
  const target = `EVENT TRIGGER ${row.quoted}`
  const tags = row.tags?.map(literal).join(',\n    ')
  const state = row.state === 'O' ? undefined : stateWords[row.state]
  return {
    kind: 'event_trigger',
    name: row.name,
    sql: [],
    // It would run at whatever else a restore makes.
    afterRows: [
      [
        `CREATE ${target} ON ${row.event}`,
        ...(tags === undefined ? [] : [`  WHEN TAG IN (\n    ${tags}\n  )`]),
        `  EXECUTE FUNCTION ${row.function}();`,
      ].join('\n'),
      ...(state === undefined ? [] : [`ALTER ${target} ${state};`]),
      `ALTER ${target} OWNER TO ${row.owner};`,
      ...commentStatements(context, target, entry),
    ],
    addresses: [entry],
    lateAddresses: [entry],
  }
}

/** The event triggers. https://www.postgresql.org/docs/current/sql-createeventtrigger.html */
export async function readEventTriggers(context: CatalogContext): Promise<Reading> {
  const rows = await context.session.query<EventTriggerRow>('event triggers', query)
  return { objects: rows.map((row) => eventTriggerFrom(context, row)) }
}
