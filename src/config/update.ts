import type { Issue } from '../lib/decoded.ts'
import type { Condition } from '../model/condition.ts'
import type { Model } from '../model/model.ts'

/** What one complete set of objects came to; posted from the configuration thread to whoever serves it. */
export interface ConfigUpdate {
  /** Counts up by one with each complete set that was translated. */
  readonly generation: number
  readonly model: Model
  readonly conditions: readonly Condition[]
  /** Files that could not be read or parsed: their last good objects stay in force. */
  readonly issues: readonly Issue[]
  /**
   * What is wrong with single objects of readable files: fields and values that no kind knows, unknown kinds, objects
   * declared twice. What each came to is in `conditions`.
   */
  readonly objectIssues: readonly Issue[]
  /** What should be known of the MeshConfig, and is no fault. */
  readonly notes: readonly string[]
  /** Objects in the set. */
  readonly objects: number
}
