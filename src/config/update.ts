import type { Issue } from '../lib/decoded.ts'
import type { Condition } from '../model/condition.ts'
import type { Model } from '../model/model.ts'

/** What one complete set of objects came to; posted from the configuration thread to whoever serves it. */
export interface ConfigUpdate {
  /** Counts up by one with each complete set that was translated. */
  readonly generation: number
  readonly model: Model
  readonly conditions: readonly Condition[]
  /** Documents that could not be read: the last good version of their file stays in force. */
  readonly issues: readonly Issue[]
  /** Objects in the set. */
  readonly objects: number
}
