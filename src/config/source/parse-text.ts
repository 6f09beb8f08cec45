import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type ParsedNode } from 'yaml'
import type { Issue, SourcePosition } from '../../lib/decoded.ts'
import { splitPath } from '../../lib/field-path.ts'
import { isPlainObject } from '../../lib/schema.ts'

/** One object as it was written, and the way back to where. The same text gives the same `value` again, by identity. */
export interface RawObject {
  readonly value: unknown
  readonly file: string
  /** The position of a field by its path, or of the nearest field around it that was written. */
  readonly locate: (path: string) => SourcePosition | undefined
}

/** A text read as YAML or JSON: all of its objects, or what is wrong with it. */
export type ParsedText =
  | { readonly ok: true; readonly objects: readonly RawObject[]; readonly pieces: Pieces }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** Pieces of text between `---` lines that were read before, by their text. */
export type Pieces = ReadonlyMap<string, Piece>

interface Piece {
  readonly values: readonly unknown[]
  readonly issues: readonly PieceIssue[]
  readonly find: Find
}

interface PieceIssue {
  readonly message: string
  /** From 0, in the piece. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** Aliases multiply what a small text stands for; this many copies are more than any configuration needs. */
const maxAliasCount = 1000

/**
 * Reads a text of one or more documents. Pieces that `known` has are not parsed again. Documents of kind List give
 * their items. Duplicate keys, unknown aliases and alias bombs are issues, never guesses.
 */
export const parseText = (file: string, text: string, known: Pieces): ParsedText => {
  const pieces = new Map<string, Piece>()
  const objects: RawObject[] = []
  const issues: Issue[] = []
  for (const { text: part, line } of splitDocuments(text)) {
    const piece = pieces.get(part) ?? known.get(part) ?? parsePiece(part)
    pieces.set(part, piece)
    issues.push(
      ...piece.issues.map((issue) => ({
        message: issue.message,
        position: { file, line: line + issue.line + 1, column: issue.column },
      })),
    )
    const { find } = piece
    const locateIn = (document: number, prefix: string) => (path: string) => {
      const found = find(
        document,
        prefix === '' ? path : `${prefix}${path === '' || path.startsWith('[') ? '' : '.'}${path}`,
      )
      return found === undefined ? undefined : { file, line: line + found.line, column: found.col }
    }
    piece.values.forEach((value, document) => objects.push(...unfoldList({ value, file, locateIn, document })))
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, objects, pieces }
}

/** `kubectl get -o yaml` wraps what it found in a List. */
const unfoldList = ({
  value,
  file,
  locateIn,
  document,
}: {
  readonly value: unknown
  readonly file: string
  readonly document: number
  readonly locateIn: (document: number, prefix: string) => RawObject['locate']
}): readonly RawObject[] => {
  if (value === null || value === undefined) return []
  if (!isPlainObject(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) {
    return [{ value, file, locate: locateIn(document, '') }]
  }
  const items = Array.isArray(value['items']) ? value['items'] : []
  return items.map((item: unknown, index) => ({ value: item, file, locate: locateIn(document, `items[${index}]`) }))
}

/**
 * Cuts a text before each `---` line, so that a change costs only its own document. Such a line always ends a
 * document (YAML 1.2, 9.1.2). Directives and `...` lines make documents depend on each other: then nothing is cut.
 */
const splitDocuments = (text: string): readonly { readonly text: string; readonly line: number }[] => {
  if (/^(?:%|\.\.\.(?:\s|$))/m.test(text)) return [{ text, line: 0 }]
  const cuts = [...text.matchAll(/^---(?=\s|$)/gm)].map((match) => match.index)
  let line = 0
  return [0, ...cuts.filter((cut) => cut > 0)].map((start, index, starts) => {
    const part = text.slice(start, starts[index + 1])
    const piece = { text: part, line }
    line += countLines(part)
    return piece
  })
}

const countLines = (text: string): number => {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

const parsePiece = (text: string): Piece => {
  const find = createFinder(text)
  const lines = new LineCounter()
  const at = (offset: number): { readonly line: number; readonly column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: line - 1, column: col }
  }
  try {
    const documents = parseDocuments(text, lines)
    const issues = documents.flatMap((document) =>
      document.errors.map((error) => ({ message: withoutQuotes(error.message), ...at(error.pos[0]) })),
    )
    if (issues.length > 0) return { values: [], issues, find }
    return { values: documents.map((document): unknown => document.toJS({ maxAliasCount })), issues: [], find }
  } catch (error) {
    // The parser recurses, so that deep nesting ends the stack; alias bombs and unknown aliases show when it converts.
    const why =
      error instanceof RangeError ? 'nested too deeply' : error instanceof Error ? error.message : String(error)
    return { values: [], issues: [{ message: withoutQuotes(why), line: 0, column: 1 }], find }
  }
}

/** The parser quotes tags and aliases: a password that begins with `!` or `*` and is not in quotes is one to it. */
const withoutQuotes = (message: string): string =>
  message.replace(
    /^(Unresolved (?:tag|alias)[^:]*|Block scalar header[^:]*|[^:]*: alias): [^]*$/,
    '$1 (a value in need of quotes?)',
  )

const parseDocuments = (text: string, lineCounter: LineCounter): readonly Document.Parsed[] => {
  const parsed = parseAllDocuments(text, {
    lineCounter,
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  return Array.isArray(parsed) ? parsed : []
}

type Find = (document: number, path: string) => PiecePosition | undefined

/** As the parser counts: both from 1. */
interface PiecePosition {
  readonly line: number
  readonly col: number
}

interface Parsed {
  readonly documents: readonly Document.Parsed[]
  readonly lines: LineCounter
}

/**
 * Looks positions up in a text, which is parsed once more for the first question: most texts are never asked. What was
 * found is kept, the parsed text, which takes twenty times the text's memory, only until it is collected.
 */
const createFinder = (text: string): Find => {
  const known = new Map<string, PiecePosition | undefined>()
  let parsed: WeakRef<Parsed> | undefined
  const parse = (): Parsed => {
    const lines = new LineCounter()
    const fresh = { documents: parseDocuments(text, lines), lines }
    parsed = new WeakRef(fresh)
    return fresh
  }
  return (document, path) => {
    const key = `${document} ${path}`
    if (known.has(key)) return known.get(key)
    const { documents, lines } = parsed?.deref() ?? parse()
    const root = documents[document]
    const found = root === undefined ? undefined : lines.linePos(findOffset(root, path))
    known.set(key, found)
    return found
  }
}

/** Where a field's key (or an item) begins; as deep as the path can be followed. */
const findOffset = (document: Document.Parsed, path: string): number => {
  let node: ParsedNode | null = document.contents
  let offset = node?.range[0] ?? 0
  for (const segment of splitPath(path)) {
    const resolved: unknown = isAlias(node) ? node.resolve(document) : node
    const step = stepInto(resolved, segment)
    if (step === undefined) break
    offset = step.offset
    node = step.node
  }
  return offset
}

const stepInto = (
  node: unknown,
  segment: string | number,
): { readonly node: ParsedNode | null; readonly offset: number } | undefined => {
  if (isSeq<ParsedNode>(node) && typeof segment === 'number') {
    const item = node.items[segment]
    return item === undefined ? undefined : { node: item, offset: item.range[0] }
  }
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return undefined
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
  return pair === undefined ? undefined : { node: pair.value, offset: pair.key.range[0] }
}
