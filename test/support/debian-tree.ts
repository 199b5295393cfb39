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
  const loaders = readdirSync(join(libraries, triplet))
  const loader = loaders.find((entry) => /^ld-linux.*\.so/.test(entry)) ?? ''
  const places = [join(libraries, triplet), join(libraries, 'mysql')]
  return [join(libraries, triplet, loader), '--library-path', places.join(':'), join(tree, path)]
}
