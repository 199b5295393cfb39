import { ExpectedError } from '../errors.ts'
import type { ObjectKey } from '../model.ts'
import { readDatabaseObjects } from './database-file.ts'
import { databaseFiles, keyOf } from './layout.ts'
import { readObject, writeObject } from './object-file.ts'
import type { StoredObject } from './object-file.ts'

/** One object's definition as it stands in a file, for comparing. */
export interface ObjectText {
  readonly key: ObjectKey
  readonly text: string
  /** The key columns of a table's rows. */
  readonly orderBy: readonly string[]
}

/**
 * The objects whose definitions stand in a file; none when it holds none. Old files can be of any age or changed by
 * hand: one that can't be read is one object, whole.
 */
export function objectTexts(path: string, text: string): readonly ObjectText[] {
  if (path === databaseFiles.objects) {
    const whole = { key: { kind: 'database', name: path }, text, orderBy: [] } as const
    const objects = readOr(() => readDatabaseObjects(text), undefined)
    return objects?.map((object) => textOf(object)) ?? [whole]
  }
  const found = keyOf(path)
  if (found?.part !== 'sql') return []
  const object = readOr(() => readObject(found.key, text), undefined)
  return [{ key: found.key, text, orderBy: object?.orderBy ?? [] }]
}

function textOf(object: StoredObject): ObjectText {
  const { kind, schema, name } = object
  return {
    key: { kind, name, ...(schema === undefined ? {} : { schema }) },
    text: writeObject(object),
    orderBy: [],
  }
}

function readOr<T, U>(read: () => T, fallback: U): T | U {
  try {
    return read()
  } catch (error) {
    if (error instanceof ExpectedError) return fallback
    throw error
  }
}
