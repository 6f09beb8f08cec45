import type { Clock } from '../lib/clock.ts'
import type { KubeFailure, KubeResult } from './failure.ts'

export interface Patience {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  /** How long it may take in all. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks again for as long as the server says that it is busy and when to come back, as kubectl does: what it answers so it
 * has not looked at. What would come too late is not waited for.
 */
export const askPatiently = async <T>(
  ask: () => Promise<KubeResult<T>>,
  { clock, deadlineMs, signal }: Patience,
): Promise<KubeResult<T>> => {
  const lastMs = clock.monotonicMs() + deadlineMs
  for (;;) {
    const answer = await ask()
    const waitMs = answer.ok ? undefined : waitOf(answer.failure)
    if (waitMs === undefined || signal?.aborted === true || clock.monotonicMs() + waitMs > lastMs) return answer
    await pause(waitMs, clock, signal)
  }
}

const waitOf = ({ status, retryAfterMs }: KubeFailure): number | undefined =>
  status === 429 || status === 503 ? retryAfterMs : undefined

const pause = async (waitMs: number, clock: Patience['clock'], signal: AbortSignal | undefined): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(waitMs, resolve)
  signal?.addEventListener('abort', () => resolve(), { once: true })
  await promise
  cancel()
}
