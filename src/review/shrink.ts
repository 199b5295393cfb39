/** Two counts → whether so much is gone that it was hardly meant: the wrong database, a lost privilege, an emptied table. */

/** When a loss is implausible, in percent of what was there. */
export interface ShrinkLimits {
  readonly rowsPercent: number
  readonly objectsPercent: number
}

/** How many there were in the last snapshot, and are now. */
export interface Counts {
  readonly before: number
  readonly after: number
}

/** Of fewer than these, a single one is a large share. */
const fewestForShare = { rows: 20, objects: 10 }

/** Whether all are gone, or a larger share than the limit. */
export function isShrunken(
  { before, after }: Counts,
  things: keyof typeof fewestForShare,
  limits: ShrinkLimits,
): boolean {
  if (after >= before) return false
  if (after === 0) return true
  const limitPercent = things === 'rows' ? limits.rowsPercent : limits.objectsPercent
  return before >= fewestForShare[things] && (before - after) * 100 > before * limitPercent
}
