import type { Lane } from '../../bench/load/lane.ts'
import type { Connection } from './connection.ts'

/** A place for one request at a time. */
export interface Seat {
  readonly lane: Lane
  readonly connection: Connection
  readonly isUsable: () => boolean
  readonly send: () => void
  /** Nobody waits for its answer any more. */
  readonly giveUp: () => void
}
