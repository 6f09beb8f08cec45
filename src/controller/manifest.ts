/**
 * The controller: makes Gateways real, and says what became of the objects of a cluster. What it decides is pure
 * (`desired/`, `reconcile/`, `status/`); the data path must never enter.
 */
import { createHash } from 'node:crypto'
import { isPlainObject } from '../lib/schema.ts'

/** What may stand in a manifest. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

/** An object as it is written to the API server; nothing in it is `undefined`. */
export interface Manifest extends JsonObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ManifestMetadata
}

export interface ManifestMetadata extends JsonObject {
  readonly name: string
}

/** An object as the API server gives it. */
export type LiveObject = Readonly<Record<string, unknown>>

/** What the controller calls itself where fields have owners. */
export const FIELD_MANAGER = 'fairway-controller'

/** The label that says whose an object is, and its value on ours. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const MANAGER = 'fairway'

/** On what we made: a hash of what was applied last, so that what is no longer wanted is seen after a restart too. */
export const APPLIED_HASH = 'fairway.dev/applied-hash'

/** `KIND/NAMESPACE/NAME`, with an empty namespace for objects of the cluster. */
export const keyOfManifest = ({ kind, metadata }: Manifest): string =>
  `${kind}/${typeof metadata['namespace'] === 'string' ? metadata['namespace'] : ''}/${metadata.name}`

/** Where a manifest's object is; one of the cluster has no namespace. */
export const nameOfManifest = ({ metadata }: Manifest): { readonly namespace?: string; readonly name: string } => {
  const { namespace, name } = metadata
  return typeof namespace === 'string' ? { namespace, name } : { name }
}

/** Reads a path of a live object; `undefined` where there is nothing. */
export const valueAt = (object: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isPlainObject(value) ? value[key] : undefined), object)

/** The text at a path of a live object, else `''`. */
export const textAt = (object: unknown, ...path: readonly string[]): string => {
  const value = valueAt(object, ...path)
  return typeof value === 'string' ? value : ''
}

/** The list at a path of a live object, else an empty one. */
export const listAt = (object: unknown, ...path: readonly string[]): readonly unknown[] => {
  const value = valueAt(object, ...path)
  return Array.isArray(value) ? value : []
}

/** The map at a path of a manifest, else an empty one. */
export const mapAt = (manifest: Json | undefined, ...path: readonly string[]): JsonObject => {
  let found = manifest
  for (const key of path) found = isPlainObject(found) ? found[key] : undefined
  return isPlainObject(found) ? found : {}
}

/** The texts of a map at a path (labels, annotations); what is no text is left out. */
export const textsAt = (object: unknown, ...path: readonly string[]): Readonly<Record<string, string>> => {
  const value = valueAt(object, ...path)
  if (!isPlainObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  )
}

/** A short hash of a manifest, by its content and not by the order of its keys. */
export const hashOf = (value: Json): string =>
  createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex').slice(0, 16)

const sortKeys = (_key: string, value: unknown): unknown =>
  isPlainObject(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
    : value
