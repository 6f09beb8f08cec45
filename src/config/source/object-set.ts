import type { Issue, SourcePosition } from '../../lib/decoded.ts'

/** All objects there are at one moment, and what could not be read. */
export interface ObjectSet<T> {
  readonly objects: readonly SetObject<T>[]
  readonly issues: readonly Issue[]
}

/** One of them; another one as soon as it says or stands otherwise. */
export interface SetObject<T> {
  readonly read: T
  /** Where it was found, for messages. */
  readonly file: string
  /** The position of a field by its path, or of the nearest field around it; `undefined` where it is not known. */
  locate(path: string): SourcePosition | undefined
}
