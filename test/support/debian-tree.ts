import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { debianTree } from '../../scripts/setup/places.mjs'

/** Whether the set-up could unpack this tree of packages. */
export function hasDebianTree(name: string): boolean {
  return existsSync(join(debianTree(name), 'complete'))
}

/** The command of a program in a tree of packages, by the tree's own loader and libraries. */
export function treeCommand(name: string, path: string): readonly string[] {
  if (!hasDebianTree(name)) throw new Error(`${path} is not installed: run "npm run setup"`)
  const tree = debianTree(name)
  const libraries = join(tree, 'usr', 'lib')
  const triplet = readdirSync(libraries).find((entry) => entry.endsWith('-linux-gnu')) ?? ''
  // Older releases have some libraries, the loader among them, in /lib.
  const shared = [join(libraries, triplet), join(tree, 'lib', triplet)].filter((place) =>
    existsSync(place),
  )
  const loader = shared
    .flatMap((place) => readdirSync(place).map((entry) => join(place, entry)))
    .find((file) => /\/ld-linux[^/]*\.so[^/]*$/.test(file))
  const places = [...shared, join(libraries, 'mysql')]
  return [loader ?? '', '--library-path', places.join(':'), join(tree, path)]
}
