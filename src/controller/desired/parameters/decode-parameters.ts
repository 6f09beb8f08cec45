import { parse } from 'yaml'
import type { Decoded, Issue } from '../../../lib/decoded.ts'
import { nearestWord } from '../../../lib/nearest.ts'
import { formatFound, isPlainObject } from '../../../lib/schema.ts'
import { mapAt, valueAt, type Json, type JsonObject } from '../../manifest.ts'

/** The objects that can be changed, by their keys in a ConfigMap: Istio's. */
export const parts = [
  'deployment',
  'service',
  'serviceAccount',
  'horizontalPodAutoscaler',
  'podDisruptionBudget',
] as const

export type Part = (typeof parts)[number]

/** What a ConfigMap changes in the objects of a Gateway; `null`: there is no such object. */
export type Parameters = { readonly [key in Part]?: JsonObject | null }

/** Some objects can be done without. */
const dispensable: ReadonlySet<string> = new Set<Part>(['horizontalPodAutoscaler', 'podDisruptionBudget'])

/** What is ours to say: who the objects are, and which Pods belong to them. */
const reserved: readonly (readonly string[])[] = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'ownerReferences'],
  ['metadata', 'finalizers'],
  ['spec', 'selector'],
  ['spec', 'scaleTargetRef'],
  ['status'],
]

/** The labels by which our objects and Pods are found. */
const reservedLabel = /^(?:gateway\.networking\.k8s\.io\/|app\.kubernetes\.io\/managed-by$|istio\.io\/dataplane-mode$)/

/** Reads the `data` of a ConfigMap of parameters; `source` names it: `ConfigMap shop/sizes`. */
export const decodeParameters = (data: Readonly<Record<string, string>>, source: string): Decoded<Parameters> => {
  const issues: Issue[] = []
  const patches: Record<string, JsonObject | null> = {}
  for (const [key, text] of Object.entries(data)) {
    const part = parts.find((name) => name === key)
    if (part === undefined) {
      const near = nearestWord(key, parts)
      const message = near === undefined ? 'unknown key' : `unknown key; did you mean ${near}?`
      issues.push({ object: source, message, path: `data.${key}`, expected: `one of ${parts.join(', ')}` })
      continue
    }
    const patch = readPatch(text)
    if (typeof patch === 'string') issues.push({ object: source, message: patch, path: `data.${key}` })
    else if (patch === null && !dispensable.has(part)) {
      issues.push({ object: source, message: 'cannot be done without', path: `data.${key}`, found: 'null' })
    } else {
      if (patch !== null) issues.push(...checkPatch(patch, source, key))
      patches[part] = patch
    }
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, value: patches }
}

/** The patch, `null` where the text says so, or what is wrong with it. */
const readPatch = (text: string): JsonObject | null | string => {
  try {
    // What YAML makes of a text is JSON, for keys are strings and no tags are known.
    const value = parse(text, { stringKeys: true, maxAliasCount: 100, logLevel: 'error', prettyErrors: false }) as Json
    if (value === null && text.trim() === '') return {}
    if (value === null || isPlainObject(value)) return value
    return `wrong value: found ${formatFound(value)}, expected the fields to change, as in a manifest`
  } catch (error) {
    return `no YAML: ${error instanceof Error ? error.message : String(error)}`
  }
}

const checkPatch = (patch: JsonObject, source: string, key: string): readonly Issue[] => {
  const found = reserved.filter((path) => has(patch, path)).map((path) => path.join('.'))
  const labels = [
    ['metadata', 'labels'],
    ['spec', 'template', 'metadata', 'labels'],
  ].flatMap((path) =>
    labelsAt(patch, path)
      .filter((label) => reservedLabel.test(label))
      .map((label) => `${path.join('.')}["${label}"]`),
  )
  const around = keepers.filter((path) => isTakenAway(patch, path)).map((path) => path.join('.') || 'all of it')
  return [...found, ...labels, ...around].map((path) => ({
    object: source,
    message: 'is not for parameters to change: the waypoint is found by it',
    path: `data.${key}: ${path}`,
  }))
}

/** What holds something that is ours to say, which would go with it. */
const keepers: readonly (readonly string[])[] = [
  [],
  ['metadata'],
  ['metadata', 'labels'],
  ['spec'],
  ['spec', 'template'],
  ['spec', 'template', 'metadata'],
  ['spec', 'template', 'metadata', 'labels'],
]

/** Any value but fields to merge takes the place of what is there. */
const isTakenAway = (patch: JsonObject, path: readonly string[]): boolean => {
  const value = valueAt(patch, ...path)
  return value !== undefined && (!isPlainObject(value) || value['$patch'] !== undefined)
}

const has = (patch: JsonObject, path: readonly string[]): boolean => valueAt(patch, ...path) !== undefined

const labelsAt = (patch: JsonObject, path: readonly string[]): readonly string[] => Object.keys(mapAt(patch, ...path))
