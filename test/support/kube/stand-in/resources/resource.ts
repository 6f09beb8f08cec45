import type { Mistake } from '../failure.ts'
import type { JsonObject } from '../json.ts'
import type { Shape } from '../apply/shape.ts'

/** A kind of objects that the server keeps. */
export interface Resource {
  /** Empty for Kubernetes' core. */
  readonly group: string
  /** Those that are served; objects of one are objects of all. */
  readonly versions: readonly [string, ...string[]]
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly isNamespaced: boolean
  /** Whether `status` is a subresource, which a write of the object itself does not touch. */
  readonly hasStatus: boolean
  /** Whether `metadata.generation` counts changes of what is wanted. */
  readonly hasGeneration: boolean
  /** Whether a PUT has to say which version it replaces. */
  readonly needsVersion: boolean
  readonly isCustom: boolean
  readonly shape: Shape
  /** The object with what the server fills in; `before` is what it replaces. */
  readonly complete: (object: JsonObject, before: JsonObject | undefined) => JsonObject
  readonly check: (object: JsonObject, before: JsonObject | undefined) => readonly Mistake[]
}

/** What tells resources apart. */
export const resourceKey = ({ group, plural }: Pick<Resource, 'group' | 'plural'>): string => `${group}/${plural}`

export const apiVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)
