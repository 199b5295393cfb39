import { kindWords, type ObjectKey, type TableName } from '../../model.ts'

/** `app.users`, for people. */
export function tableText(table: TableName): string {
  return table.schema === undefined ? table.name : `${table.schema}.${table.name}`
}

/** `the function app.f(integer)`, for people. */
export function objectText(key: ObjectKey): string {
  if (key.kind === 'database') return "the database's settings"
  const signature = key.signature === undefined ? '' : `(${key.signature})`
  return `the ${kindWords(key.kind)} ${tableText(key)}${signature}`
}
