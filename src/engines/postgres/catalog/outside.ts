import type { CatalogSession } from '../session.ts'
import { readChangedPrivileges } from './initial-privileges.ts'
import { readOutsideLabels } from './labels.ts'
import type { CatalogContext } from './parts.ts'

/** The statements that give objects of extensions and of the server the labels and privileges that users changed. */
export async function readOutside(session: CatalogSession): Promise<CatalogContext['outside']> {
  const labels = await readOutsideLabels(session)
  const privileges = await readChangedPrivileges({ session })
  const owners = new Set([...labels.keys(), ...privileges.keys()])
  return new Map(
    [...owners].map((owner) => [
      owner,
      [...(labels.get(owner) ?? []), ...(privileges.get(owner) ?? [])],
    ]),
  )
}
