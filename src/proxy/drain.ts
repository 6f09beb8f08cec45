import type { Clock } from '../lib/clock.ts'
import type { HboneServer } from './hbone/server.ts'

/** Between the two GOAWAYs: long enough for tunnels that were being opened when the first one was sent. */
const SECOND_STEP_MS = 1000
const CHECK_MS = 25

/**
 * Ends a listener in good order (RFC 9113 section 6.8): no new connections and a first GOAWAY; then the final one;
 * tunnels in use finish their exchange, whose answer says `connection: close`; idle ones are ended at half the time;
 * what is left at the deadline is cut.
 */
export const drainServer = async (
  parts: { readonly server: HboneServer; readonly closeIdle: () => void; readonly clock: Clock },
  deadlineMs: number,
): Promise<void> => {
  const { server, closeIdle, clock } = parts
  const startedMs = clock.monotonicMs()
  const secondStepMs = Math.min(SECOND_STEP_MS, deadlineMs / 4)
  server.announceDrain()
  let step: 'announced' | 'final' | 'idle-closed' = 'announced'
  while (server.openConnections > 0) {
    await new Promise<void>((resolve) => clock.after(CHECK_MS, resolve))
    const elapsedMs = clock.monotonicMs() - startedMs
    if (elapsedMs >= deadlineMs) return server.destroy()
    if (step === 'announced' && elapsedMs >= secondStepMs) {
      step = 'final'
      server.finishDrain()
    }
    if (step === 'final' && elapsedMs >= deadlineMs / 2) {
      step = 'idle-closed'
      closeIdle()
    }
  }
}
