import { LineCounter, parseAllDocuments, type Document } from 'yaml'
import type { Issue } from '../../lib/decoded.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { hashText, splitDocuments } from './split-documents.ts'

/**
 * One object of a text: what was made of it, and what it takes to find it again. Neither the text nor what the parser
 * made of it is kept, which would take ten times as much memory.
 */
export interface Item<T> {
  readonly read: T
  /** Of the piece of text that it stands in. */
  readonly hash: string
  /** The piece's first line in the text, from 0. */
  readonly line: number
  /** Which document of the piece it is, from 0. */
  readonly document: number
  /** Where in the document it stands: `items[3]` of a List; else empty. */
  readonly prefix: string
}

/** A text read as YAML or JSON: all of its objects, or what is wrong with it. */
export type ParsedText<T> =
  | { readonly ok: true; readonly items: readonly Item<T>[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

export interface ParseOptions<T> {
  /** Makes of an object, as it was written, what is kept of it. */
  readonly decode: (value: unknown) => T
  /** Pieces that stand in these items are not parsed again, and give the very same values. */
  readonly known?: readonly Item<T>[]
}

/** Aliases multiply what a small text stands for; this many copies are more than any configuration needs. */
const maxAliasCount = 1000

/**
 * Reads a text of one or more documents. Documents of kind List give their items. Duplicate keys, unknown aliases and
 * alias bombs are issues, never guesses.
 */
export const parseText = <T>(file: string, text: string, { decode, known = [] }: ParseOptions<T>): ParsedText<T> => {
  const knownPieces = Map.groupBy(known, (item) => item.hash)
  const items: Item<T>[] = []
  const issues: Issue[] = []
  for (const { text: part, line } of splitDocuments(text)) {
    const hash = hashText(part)
    const before = knownPieces.get(hash)
    if (before !== undefined) {
      items.push(...moveTo(before, line))
      continue
    }
    const piece = parsePiece(part)
    for (const { message, line: inPiece, column } of piece.issues) {
      issues.push({ message, position: { file, line: line + inPiece + 1, column } })
    }
    piece.values.forEach((value, document) => {
      for (const { object, prefix } of unfoldList(value)) {
        items.push({ read: decode(object), hash, line, document, prefix })
      }
    })
  }
  // A list that grew has room for half as many again.
  return issues.length > 0 ? { ok: false, issues } : { ok: true, items: items.slice() }
}

/** The items of a piece where it stands now, the very same where it stood; it may have stood in several places. */
const moveTo = <T>(items: readonly Item<T>[], line: number): readonly Item<T>[] => {
  const there = items.filter((item) => item.line === line)
  if (there.length > 0) return there
  return items.filter((item) => item.line === items[0]?.line).map((item) => ({ ...item, line }))
}

/** `kubectl get -o yaml` wraps what it found in a List. */
const unfoldList = (value: unknown): readonly { readonly object: unknown; readonly prefix: string }[] => {
  if (value === null || value === undefined) return []
  if (!isPlainObject(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) {
    return [{ object: value, prefix: '' }]
  }
  const { items } = value
  // It is none, whatever its kind sounds like: to pass over it could leave out a policy, and say nothing of it.
  if (!Array.isArray(items)) return [{ object: value, prefix: '' }]
  return items.map((object: unknown, index) => ({ object, prefix: `items[${index}]` }))
}

interface ParsedPiece {
  readonly values: readonly unknown[]
  readonly issues: readonly PieceIssue[]
}

interface PieceIssue {
  readonly message: string
  /** From 0, in the piece. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

const parsePiece = (text: string): ParsedPiece => {
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
    if (issues.length > 0) return { values: [], issues }
    return { values: documents.map((document): unknown => document.toJS({ maxAliasCount })), issues: [] }
  } catch (error) {
    // The parser recurses, so that deep nesting ends the stack; alias bombs and unknown aliases show when it converts.
    const why =
      error instanceof RangeError ? 'nested too deeply' : error instanceof Error ? error.message : String(error)
    return { values: [], issues: [{ message: withoutQuotes(why), line: 0, column: 1 }] }
  }
}

/** The parser quotes tags and aliases: a password that begins with `!` or `*` and is not in quotes is one to it. */
const withoutQuotes = (message: string): string =>
  message.replace(
    /^(Unresolved (?:tag|alias)[^:]*|Block scalar header[^:]*|[^:]*: alias): [^]*$/,
    '$1 (a value in need of quotes?)',
  )

/** The documents of a text as the parser sees them. */
export const parseDocuments = (text: string, lineCounter: LineCounter): readonly Document.Parsed[] => {
  const parsed = parseAllDocuments(text, {
    lineCounter,
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  return Array.isArray(parsed) ? parsed : []
}
