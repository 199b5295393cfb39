import {
  LineCounter,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type YAMLMap,
  type YAMLError,
} from 'yaml'
import type { Finding } from './finding.ts'
import { groupBy } from './group.ts'

/** The keys and indexes that lead to a value. */
export type ValuePath = readonly PropertyKey[]

/** A YAML file that was read, and where its values stand. */
export interface YamlFile {
  /** The content as plain data; undefined when it can't be made. */
  readonly data: unknown
  readonly findings: readonly Finding[]
  /** `file:line:column` of a value, or of the nearest thing around it that is in the file. */
  where(path: ValuePath): string
  /** `file:line:column` of a key. */
  whereKey(path: ValuePath): string
}

/** Reads YAML and finds what is wrong with it as YAML. No message quotes the file's values. */
export function parseYaml(file: string, text: string): YamlFile {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, {
    lineCounter,
    logLevel: 'silent',
    merge: true,
    prettyErrors: false,
    uniqueKeys: false,
  })
  const whereOffset = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset)
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`
  }
  const [document, second] = 'empty' in documents ? [] : documents
  const findings = document === undefined ? [] : documentFindings(document, second, whereOffset)
  const usable = document !== undefined && !findings.some((finding) => finding.fatal)
  const plain = usable ? toPlain(document) : undefined
  if (plain === excessive) {
    findings.push({
      where: `${file}:1:1`,
      message: 'expected fewer or simpler aliases',
      fatal: true,
    })
  }
  const root = document?.contents ?? null
  const place = (path: ValuePath) => locate(root, path)
  return {
    data: plain === excessive ? undefined : plain,
    findings: findings.map(({ where, message, write }) => ({
      where,
      message,
      ...(write === undefined ? {} : { write }),
    })),
    where: (path) => whereOffset(place(path).value),
    whereKey: (path) => whereOffset(place(path).key),
  }
}

interface DocumentFinding extends Finding {
  /** Nothing can be said about the file's content. */
  readonly fatal: boolean
}

type WhereOffset = (offset: number) => string

function documentFindings(
  document: Document.Parsed,
  second: Document.Parsed | undefined,
  where: WhereOffset,
): DocumentFinding[] {
  // What follows on the same line has most often the same cause.
  const firsts = [...groupBy(document.errors, (error) => lineOf(where(error.pos[0]))).values()]
  const findings = firsts.flatMap((errors) =>
    errors.slice(0, 1).map((error) => ({ ...syntaxFinding(error, where), fatal: true })),
  )
  if (second !== undefined) {
    findings.push({
      where: where(second.range[0]),
      message: 'expected one document, found a second one after "---"; leave one in the file',
      fatal: true,
    })
  }
  return [...findings, ...nodeFindings(document, where)]
}

function lineOf(where: string): number {
  return Number(where.split(':').at(-2))
}

const syntaxMessages: Readonly<Record<string, readonly [message: string, write?: string]>> = {
  BAD_INDENT: ['expected the indentation of the lines around it', 'global:\n  - countries'],
  BAD_DQ_ESCAPE: ['expected a known escape after "\\" in double quotes; single quotes need none'],
  BAD_SCALAR_START: [
    'expected quotes around a value that begins with this character',
    'host: "@db1"',
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    'expected one "key: value" a line, indented like its neighbours; quote a value that holds ": "',
  ],
  BLOCK_IN_FLOW: ['expected "]" or "}" before a new line of the block begins'],
  MISSING_CHAR: ['expected a closing quote or bracket, or a ":" or "," before this'],
  MULTILINE_IMPLICIT_KEY: ['expected "key: value" on one line', 'host: db1.example.org'],
  TAB_AS_INDENT: ['expected blanks as indentation, found a tab', 'global:\n  - countries'],
  UNEXPECTED_TOKEN: ['expected the end of the value here'],
}

function syntaxFinding(error: YAMLError, where: WhereOffset): Finding {
  // A tab where a key belongs has no code of its own.
  const code = /\btabs?\b/i.test(error.message) ? 'TAB_AS_INDENT' : error.code
  const [message, write] = syntaxMessages[code] ?? [`expected YAML here (${code})`]
  return { where: where(error.pos[0]), message, ...(write === undefined ? {} : { write }) }
}

function nodeFindings(document: Document.Parsed, where: WhereOffset): DocumentFinding[] {
  const findings: DocumentFinding[] = []
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      const message = `expected an anchor "&${alias.source}" before the alias "*${alias.source}"; quote a text that begins with "*"`
      findings.push({
        where: where(startOf(alias)),
        message,
        write: `- "*${alias.source}"`,
        fatal: true,
      })
    },
    Map(_, map) {
      findings.push(...repeatedKeys(map, where))
    },
  })
  return findings
}

/** Keys are compared as the texts that they become: `1` and `"1"` are the same. */
function repeatedKeys(map: YAMLMap, where: WhereOffset): DocumentFinding[] {
  const scalars = map.items
    .map(({ key }) => key)
    .filter((key) => isScalar<string | number | boolean | null>(key))
  const byText = groupBy(scalars, (key) => String(key.value ?? ''))
  byText.delete('<<')
  return [...byText].flatMap(([text, [first, ...others]]) =>
    others.map((key) => ({
      where: where(startOf(key)),
      message: `expected each key once, found \`${text}\` again (first in line ${lineOf(where(startOf(first)))})`,
      fatal: false,
    })),
  )
}

const excessive = Symbol('excessive aliases')

function toPlain(document: Document.Parsed): unknown {
  try {
    return document.toJS()
  } catch (error) {
    if (error instanceof ReferenceError) return excessive
    throw error
  }
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0
}

/** Offsets of the value at a path and of its key; those of what is around it where the path leaves the file. */
function locate(root: unknown, path: ValuePath): { key: number; value: number } {
  let place = { key: startOf(root), value: startOf(root) }
  let node = root
  for (const segment of path) {
    const next = child(node, segment)
    if (next === undefined) return place
    place = { key: startOf(next.key), value: startOf(next.value) }
    // An alias's own place is where the value is used; what is inside it stands at the anchor.
    node = next.value
  }
  return place

  function child(parent: unknown, segment: PropertyKey) {
    const inside = isAlias(parent) ? anchored(root, parent.source) : parent
    if (isSeq(inside) && typeof segment === 'number') {
      const item = inside.items[segment]
      return item === undefined ? undefined : { key: item, value: item }
    }
    if (!isMap(inside)) return undefined
    const pair = inside.items.findLast(
      ({ key }) => isScalar(key) && String(key.value) === String(segment),
    )
    return pair === undefined ? undefined : { key: pair.key, value: pair.value ?? pair.key }
  }
}

function anchored(root: unknown, name: string): unknown {
  let found: unknown
  visit(root as Node, (_, node) => {
    if (isPair(node) || isAlias(node)) return
    if (node instanceof Object && 'anchor' in node && node.anchor === name) found = node
  })
  return found
}
