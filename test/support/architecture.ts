import { posix } from 'node:path'
import ts from 'typescript'

/** Path below the checkout (`src/git/commit.ts`) → text of the file. */
export type Sources = ReadonlyMap<string, string>

/**
 * What each room may import besides itself (docs/architecture.md). A room is a folder of src/ or a file right in it.
 * `*`: every room but the two at the door, `cli` and `index`.
 */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  model: [],
  errors: [],
  csv: ['errors'],
  'secret-words': [],
  engines: ['model', 'errors', 'csv', 'secret-words'],
  files: ['model', 'errors', 'csv'],
  review: ['model', 'errors', 'csv', 'secret-words'],
  git: ['model', 'errors'],
  config: ['model', 'errors'],
  ops: ['model', 'errors'],
  progress: ['model', 'commands'],
  'command-line': [],
  commands: ['*'],
  index: ['*'],
  cli: ['*'],
}

/** Packages that belong to one room alone; a path where the room is not enough. */
const ownersOfPackages: Readonly<Record<string, readonly string[]>> = {
  'isomorphic-git': ['src/git/'],
  pg: ['src/engines/'],
  'pg-copy-streams': ['src/engines/'],
  mysql2: ['src/engines/'],
  // The lock of a run is a database file: it is the only lock that the kernel frees at once.
  'node:sqlite': ['src/engines/', 'src/files/lock.ts'],
  commander: ['src/command-line.ts', 'src/cli.ts'],
  '@secretlint/core': ['src/review/'],
  '@secretlint/profiler': ['src/review/'],
  '@secretlint/secretlint-rule-preset-recommend': ['src/review/'],
}

const engineName = /postgres|pgsql|mysql|mariadb|sqlite/i

/** Every broken rule of the architecture, as a sentence that begins with the file. */
export function violations(sources: Sources): readonly string[] {
  const files = [...sources].map(([path, text]) => readFile(path, text))
  return [
    ...files.flatMap(brokenImports),
    ...files.flatMap(brokenOwners),
    ...files.flatMap(engineNames),
    ...files.flatMap(processUses),
    ...cycles(files),
  ]
}

interface SourceFile {
  readonly path: string
  readonly room: string
  /** Import specifiers as written, dynamic and type-only ones too. */
  readonly specifiers: readonly string[]
  /** The same, of imports that remain when the types are gone. */
  readonly atRunTime: readonly string[]
  readonly identifiers: readonly string[]
  readonly strings: readonly string[]
}

function readFile(path: string, text: string): SourceFile {
  const specifiers: string[] = []
  const atRunTime: string[] = []
  const identifiers: string[] = []
  const strings: string[] = []
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node)
    if (specifier !== undefined) {
      specifiers.push(specifier.text)
      if (!isTypeOnly(node)) atRunTime.push(specifier.text)
    }
    if (ts.isIdentifier(node)) identifiers.push(node.text)
    else if (isText(node) && specifierOf(node.parent) !== node) strings.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  const room = path.split('/')[1]?.replace(/\.ts$/, '') ?? ''
  return { path, room, specifiers, atRunTime, identifiers, strings }
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const specifier = node.moduleSpecifier
    return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier : undefined
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [specifier] = node.arguments
    return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier : undefined
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return ts.isStringLiteralLike(node.argument.literal) ? node.argument.literal : undefined
  }
  return undefined
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) {
    return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  }
  return ts.isImportTypeNode(node) || (ts.isExportDeclaration(node) && node.isTypeOnly)
}

function isText(node: ts.Node): node is ts.LiteralLikeNode {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node) ||
    ts.isRegularExpressionLiteral(node)
  )
}

function roomOf(file: SourceFile, specifier: string): string | undefined {
  return targetOf(file, specifier)?.split('/')[1]?.replace(/\.ts$/, '')
}

function targetOf(file: SourceFile, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined
}

function brokenImports(file: SourceFile): readonly string[] {
  const allowed = allowedImports[file.room]
  if (allowed === undefined) return [`${file.path} is in a room that no rule names`]
  return file.specifiers.flatMap((specifier) => {
    const target = roomOf(file, specifier)
    if (target === undefined || target === file.room || allowed.includes(target)) return []
    if (allowed.includes('*') && target !== 'cli' && target !== 'index') return []
    return [`${file.path} imports ${specifier}, and ${file.room} may not import ${target}`]
  })
}

function brokenOwners(file: SourceFile): readonly string[] {
  return file.specifiers.flatMap((specifier) => {
    const name = Object.keys(ownersOfPackages).find(
      (candidate) => specifier === candidate || specifier.startsWith(`${candidate}/`),
    )
    const owners = name === undefined ? undefined : ownersOfPackages[name]
    if (owners === undefined || owners.some((owner) => file.path.startsWith(owner))) return []
    return [`${file.path} imports ${specifier}, which belongs to ${owners.join(' and ')}`]
  })
}

/** A name or a word of its own; a sentence for people or a whole URL as an example may say which engines there are. */
function engineNames(file: SourceFile): readonly string[] {
  if (file.room === 'engines') return []
  const words = file.strings.filter((text) => !/\s|:\/\/[\w.]/.test(text.trim()))
  return [...file.identifiers, ...words]
    .filter((word) => engineName.test(word))
    .map((word) => `${file.path} names an engine: ${word}`)
}

function processUses(file: SourceFile): readonly string[] {
  if (file.path === 'src/cli.ts') return []
  const modules = file.specifiers.filter((name) => /^(node:)?(process|console)$/.test(name))
  const names = file.identifiers.filter((name) => name === 'process' || name === 'console')
  return [...new Set([...modules, ...names])].map((name) => `${file.path} uses ${name}`)
}

/** Imports of types alone vanish before the program runs and make no cycle. */
function cycles(files: readonly SourceFile[]): readonly string[] {
  const targets = new Map(
    files.map((file) => [
      file.path,
      file.atRunTime.flatMap((specifier) => targetOf(file, specifier) ?? []),
    ]),
  )
  const finished = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push(`${[...trail.slice(trail.indexOf(path)), path].join(' → ')} is a cycle`)
      return
    }
    if (finished.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path])
    finished.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
  return found
}
