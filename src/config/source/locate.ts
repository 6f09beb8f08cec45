import { readFileSync } from 'node:fs'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Document, type ParsedNode } from 'yaml'
import type { SourcePosition } from '../../lib/decoded.ts'
import { splitPath } from '../../lib/field-path.ts'
import { parseDocuments, type Item } from './parse-text.ts'
import { hashText, splitDocuments } from './split-documents.ts'

/** An object of a file, and the way back to where it was written; another one as soon as it says or stands otherwise. */
export interface FoundObject<T> extends Item<T> {
  readonly file: string
  /**
   * The position of a field by its path, or of the nearest field around it that was written; `undefined` when the file
   * says something else by now.
   */
  locate(path: string): SourcePosition | undefined
}

/** Adds the way back to the items of a file; those that have it stay the same objects. */
export type PlaceItems<T> = (file: string, items: readonly Item<T>[]) => readonly FoundObject<T>[]

/**
 * Makes what finds positions by reading the file once more: most objects are never asked for one. What was found is
 * kept with the value that it was asked of.
 */
export const createPlacing = <T extends object>(read = readText): PlaceItems<T> => {
  const known = new WeakMap<T, Map<string, PiecePosition>>()
  const open = createCache<OpenFile>()
  const locate = (item: FoundObject<T>, path: string): SourcePosition | undefined => {
    const { file, line } = item
    const positions = known.get(item.read) ?? new Map<string, PiecePosition>()
    const opened = (): OpenFile => open(file, () => openText(read(file)))
    const position = positions.get(path) ?? findPosition(opened(), item, path)
    if (position === undefined) return undefined
    known.set(item.read, positions.set(path, position))
    return { file, line: line + position.line, column: position.col }
  }
  const Placed = placedClass(locate)
  return (file, items) => items.map((item) => (item instanceof Placed ? item : new Placed(file, item)))
}

/** A class, since a function for each of thousands of objects would take as much memory as the rest of it. */
const placedClass = <T>(locate: (item: FoundObject<T>, path: string) => SourcePosition | undefined) =>
  class Placed implements FoundObject<T> {
    readonly read: T
    readonly hash: string
    readonly line: number
    readonly document: number
    readonly prefix: string
    readonly file: string

    constructor(file: string, { read, hash, line, document, prefix }: Item<T>) {
      this.read = read
      this.hash = hash
      this.line = line
      this.document = document
      this.prefix = prefix
      this.file = file
    }

    locate(path: string): SourcePosition | undefined {
      return locate(this, path)
    }
  }

/** As the parser counts: both from 1, in the piece. */
interface PiecePosition {
  readonly line: number
  readonly col: number
}

/** A file while its objects are asked for positions: its pieces by their first lines, each parsed when it is asked for. */
type OpenFile = (line: number) => OpenPiece | undefined

interface OpenPiece {
  readonly hash: string
  readonly documents: readonly Document.Parsed[]
  readonly lines: LineCounter
}

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Gone, or no longer ours to read; that is told elsewhere.
    return ''
  }
}

const openText = (text: string): OpenFile => {
  const pieces = new Map(splitDocuments(text).map((piece) => [piece.line, piece.text]))
  const parsed = createCache<OpenPiece>()
  return (line) => {
    const piece = pieces.get(line)
    if (piece === undefined) return undefined
    return parsed(String(line), () => {
      const lines = new LineCounter()
      return { hash: hashText(piece), documents: parseDocuments(piece, lines), lines }
    })
  }
}

/**
 * Keeps what was made last until the turn ends: questions about one object come together, and a parsed text takes
 * twenty times the text's memory.
 */
const createCache = <V extends object>(): ((key: string, make: () => V) => V) => {
  let last: { readonly key: string; readonly value: V } | undefined
  return (key, make) => {
    if (last?.key === key) return last.value
    if (last === undefined) queueMicrotask(() => (last = undefined))
    last = { key, value: make() }
    return last.value
  }
}

const findPosition = (open: OpenFile, item: Item<unknown>, path: string): PiecePosition | undefined => {
  const piece = open(item.line)
  const document = piece?.documents[item.document]
  if (piece === undefined || document === undefined || piece.hash !== item.hash) return undefined
  return piece.lines.linePos(findOffset(document, joinPaths(item.prefix, path)))
}

const joinPaths = (prefix: string, path: string): string =>
  prefix === '' || path === '' || path.startsWith('[') ? `${prefix}${path}` : `${prefix}.${path}`

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
