import type { Decoded } from './decoded.ts'

/** The part of OpenAPI v3 that a CRD may hold. */
export interface JsonSchema {
  readonly [key: string]: unknown
}

/**
 * A description of a value that decodes it, documents it and becomes a CRD's schema.
 * `decode` never throws; each issue names its field by a path that starts with `path`.
 */
export interface Schema<T> {
  readonly decode: (value: unknown, path: string) => Decoded<T>
  readonly json: JsonSchema
}
