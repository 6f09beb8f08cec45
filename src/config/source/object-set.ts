import type { Issue, SourcePosition } from '../../lib/decoded.ts'
import type { ReadBrief } from '../objects/read-object.ts'

/** All objects there are at one moment, and what could not be read. */
export interface ObjectSet<T> {
  readonly objects: readonly SetObject<T>[]
  readonly issues: readonly Issue[]
}

/** One of them; another one as soon as it says or stands otherwise. */
export interface SetObject<T> {
  readonly read: T
  /** There when `read` is made anew whenever nobody has it any more: the same as long as somebody does. */
  readonly brief?: ReadBrief | undefined
  /** Where it was found, for messages. */
  readonly file: string
  /** The position of a field by its path, or of the nearest field around it; `undefined` where it is not known. */
  locate(path: string): SourcePosition | undefined
}
