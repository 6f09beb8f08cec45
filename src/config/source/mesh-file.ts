import { readFileSync } from 'node:fs'
import type { Clock } from '../../lib/clock.ts'
import type { Issue, SourcePosition } from '../../lib/decoded.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { decodeMeshConfig, type DecodedMesh } from '../objects/mesh-config/mesh-config.ts'
import { openFileSource, readFileSet, type FileSet, type FileSource } from './files.ts'
import { MISSING } from './list-files.ts'
import { createPlacing, type FoundObject } from './locate.ts'
import { parseText } from './parse-text.ts'

/** What a file with a MeshConfig says, or what is wrong with it. */
export type MeshFile = ({ readonly ok: true } & DecodedMesh) | { readonly ok: false; readonly issues: readonly Issue[] }

/** A document as it was written. */
interface Written {
  readonly value: unknown
}

const decode = (value: unknown): Written => ({ value })

/** Reads a MeshConfig, by itself or as Istio's ConfigMap has it (`data.mesh`), and tells of it again when it changes. */
export const openMeshFile = (options: {
  readonly path: string
  readonly onRead: (file: MeshFile) => void
  readonly clock?: Clock
}): FileSource => {
  const { path, onRead, clock } = options
  const onSet = (set: FileSet<Written>): void => onRead(readSet(set, path))
  return openFileSource({ paths: [path], decode, onSet, ...(clock === undefined ? {} : { clock }) })
}

/** The same, once. */
export const readMeshFile = (path: string): MeshFile => readSet(readFileSet([path], decode), path)

const readSet = ({ objects, issues }: FileSet<Written>, path: string): MeshFile => {
  if (issues.length > 0) return { ok: false, issues: issues.map(explainMissing) }
  const [found, second] = objects
  if (second !== undefined) {
    const position = second.locate('')
    const message = `${path} has ${objects.length} documents, and a MeshConfig is one`
    return { ok: false, issues: [{ message, ...(position === undefined ? {} : { position }) }] }
  }
  if (found === undefined) return decodePlaced(undefined, () => undefined)
  const { value } = found.read
  if (!isPlainObject(value) || value['kind'] !== 'ConfigMap') return decodePlaced(value, (field) => found.locate(field))
  const text = isPlainObject(value['data']) ? value['data']['mesh'] : undefined
  return typeof text === 'string' ? readText(text, found) : withoutMesh(found)
}

/** It is no file of objects. */
const explainMissing = (issue: Issue): Issue =>
  issue.message === MISSING
    ? {
        ...issue,
        message:
          "no such file: --mesh-config names Istio's MeshConfig as YAML, or its ConfigMap, " +
          'as kubectl get configmap istio -n istio-system -o yaml writes it',
      }
    : issue

const decodePlaced = (value: unknown, locate: (path: string) => SourcePosition | undefined): MeshFile => {
  const decoded = decodeMeshConfig(value)
  const placed = (issues: readonly Issue[]): readonly Issue[] =>
    issues.map((issue) => {
      const position = locate(issue.path ?? '')
      return position === undefined ? issue : { ...issue, position }
    })
  if (!decoded.ok) return { ok: false, issues: placed(decoded.issues) }
  return { ok: true, ...decoded.value, faults: placed(decoded.value.faults) }
}

const withoutMesh = (found: FoundObject<Written>): MeshFile => {
  const position = found.locate('data')
  const issue = { message: 'is missing', path: 'data.mesh', found: 'nothing', expected: 'a MeshConfig as a text' }
  return { ok: false, issues: [position === undefined ? issue : { ...issue, position }] }
}

/** The text of a ConfigMap is a document of its own; its lines are told as lines of the file. */
const readText = (text: string, found: FoundObject<Written>): MeshFile => {
  const place = placeIn(found)
  const parsed = parseText(found.file, text, { decode })
  if (!parsed.ok) return { ok: false, issues: parsed.issues.map((issue) => moved(issue, place)) }
  const [item] = createPlacing<Written>(() => text)(found.file, parsed.items)
  return decodePlaced(item?.read.value, (field) => place(item?.locate(field)))
}

const moved = (issue: Issue, place: ReturnType<typeof placeIn>): Issue => {
  const position = place(issue.position)
  return position === undefined ? issue : { ...issue, position }
}

/** From a position in `data.mesh` to one in the file; a text that is no block of lines has but one. */
const placeIn = (
  found: FoundObject<Written>,
): ((position: SourcePosition | undefined) => SourcePosition | undefined) => {
  const key = found.locate('data.mesh')
  if (key === undefined) return () => undefined
  const lines = linesOf(found.file)
  if (!/:\s*\|[0-9+-]*\s*(?:#.*)?$/.test(lines[key.line - 1] ?? '')) return () => key
  const indent = (lines.slice(key.line).find((line) => line.trim() !== '') ?? '').search(/\S|$/)
  return (position) =>
    position === undefined
      ? key
      : { ...position, line: key.line + position.line, column: indent + Math.max(position.column, 1) }
}

const linesOf = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
