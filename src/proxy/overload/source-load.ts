import { RequestQueue } from './request-queue.ts'
import type { WaitingRequest } from './waiting-request.ts'

/** What one client identity has open, under way and waiting, over all its connections to this process. */
export class SourceLoad {
  readonly principal: string
  connections = 0
  tunnels = 0
  /** Exchanges under way. */
  requests = 0
  readonly queue: RequestQueue
  /** Loop time that it may take before others have their turn; below 0 it has had more than that. */
  deficitMs = 0
  /** It has its place among those with somebody waiting. */
  isInRing = false
  /** When a request of it that had waited began. */
  servedMs = Number.NEGATIVE_INFINITY

  constructor(principal: string, waitMs?: number) {
    this.principal = principal
    this.queue = new RequestQueue(waitMs)
  }
}

/** A request that knows whose it is. */
export interface Applicant extends WaitingRequest {
  readonly load: SourceLoad
}
