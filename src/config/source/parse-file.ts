import { LineCounter, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type { Issue, SourcePosition } from '../../lib/decoded.ts'
import { splitPath } from '../../lib/field-path.ts'
import { readObject } from '../objects/read-object.ts'
import type { ReadObject } from '../objects/read-object.ts'

/** One object of a file and where its fields stand. */
export interface FileObject {
  readonly read: ReadObject
  readonly locate: (path: string) => SourcePosition
}

/** A file read whole, or what made that impossible. */
export type ParsedFile =
  | { readonly ok: true; readonly objects: readonly FileObject[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** A document as it was parsed, its lines counted from its own start. */
export type ParsedDocument =
  | { readonly ok: true; readonly objects: readonly ParsedObject[] }
  | { readonly ok: false; readonly faults: readonly { readonly message: string; readonly at: LineAt }[] }

interface ParsedObject {
  readonly read: ReadObject
  readonly locate: (path: string) => LineAt
}

interface LineAt {
  readonly line: number
  readonly column: number
}

/** Aliases may multiply a document; more than this is an attack or an accident. */
const MAX_ALIASES = 100

/**
 * Reads a file of one or more documents, YAML or JSON. `known` holds the documents of the file's version before by
 * their text, so that only what changed is parsed; it is replaced by those of this version.
 */
export const parseFile = (file: string, text: string, known: Map<string, ParsedDocument>): ParsedFile => {
  const objects: FileObject[] = []
  const issues: Issue[] = []
  const parsed = new Map<string, ParsedDocument>()
  for (const chunk of splitDocuments(text)) {
    const document = known.get(chunk.text) ?? parseOne(chunk.text)
    parsed.set(chunk.text, document)
    const place = ({ line, column }: LineAt): SourcePosition => ({ file, line: line + chunk.firstLine, column })
    if (document.ok) {
      for (const { read, locate } of document.objects) objects.push({ read, locate: (path) => place(locate(path)) })
    } else {
      for (const { message, at } of document.faults) issues.push({ message, position: place(at) })
    }
  }
  known.clear()
  for (const [key, document] of parsed) known.set(key, document)
  return issues.length > 0 ? { ok: false, issues } : { ok: true, objects }
}

/** At `---` in the first column, which inside a document can stand nowhere (YAML 1.2 section 9.1.2). */
const splitDocuments = (text: string): readonly { readonly text: string; readonly firstLine: number }[] => {
  const chunks: { text: string; firstLine: number }[] = []
  let lines: string[] = []
  let firstLine = 0
  const close = (): void => {
    if (lines.some((line) => line.trim() !== '' && !line.startsWith('#'))) {
      chunks.push({ text: lines.join('\n'), firstLine })
    }
  }
  const all = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [index, line] of all.entries()) {
    if (/^---(?:\s|$)/.test(line)) {
      close()
      // What follows on the same line belongs to the document; the marker itself is blanked to keep columns.
      lines = [`   ${line.slice(3)}`]
      firstLine = index
    } else if (/^\.\.\.(?:\s|$)/.test(line)) {
      close()
      lines = []
      firstLine = index + 1
    } else lines.push(line)
  }
  close()
  return chunks
}

const parseOne = (text: string): ParsedDocument => {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true })
  const lineAt = (offset: number): LineAt => {
    const { line, col } = lineCounter.linePos(offset)
    return { line, column: col }
  }
  if (document.errors.length > 0) {
    const faults = document.errors.map((error) => ({
      message: `not valid YAML: ${error.message}`,
      at: lineAt(error.pos[0]),
    }))
    return { ok: false, faults }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, faults: [{ message: `not valid YAML: ${message}`, at: { line: 1, column: 1 } }] }
  }
  if (value === null || value === undefined) return { ok: true, objects: [] }
  const locate = (prefix: readonly (string | number)[]) => (path: string) =>
    lineAt(findOffset(document, [...prefix, ...splitPath(path)]))
  return {
    ok: true,
    objects: expandList(value).map(({ body, prefix }) => ({ read: readObject(body), locate: locate(prefix) })),
  }
}

/** `kubectl get -o yaml` writes a List; its items are the objects. */
const expandList = (
  value: unknown,
): readonly { readonly body: unknown; readonly prefix: readonly (string | number)[] }[] => {
  const isList =
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'List' && 'items' in value
  if (!isList || !Array.isArray(value.items)) return [{ body: value, prefix: [] }]
  return value.items.map((body: unknown, index) => ({ body, prefix: ['items', index] }))
}

/** Where the value at a path begins, or that of the nearest one around it that exists. */
const findOffset = (document: Document, path: readonly (string | number)[]): number => {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
      return Number(node.range[0])
  }
  return 0
}
