/** How names of one engine are found among those of another: naming habits differ, and a wrong guess must not happen. */

/** Folds of a name, from the strictest to the widest. */
const folds: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toLowerCase().replaceAll('_', ''),
]

/**
 * The candidate that a name means: the same name, else the only one that differs in case alone, else in case and
 * underscores (`AlbumId`, `album_id`); all that it could mean when there are several, none when there is none.
 */
export function matchName<T>(
  name: string,
  candidates: readonly T[],
  nameOf: (candidate: T) => string,
): readonly T[] {
  for (const fold of folds) {
    const found = candidates.filter((candidate) => fold(nameOf(candidate)) === fold(name))
    if (found.length > 0) return found
  }
  return []
}
