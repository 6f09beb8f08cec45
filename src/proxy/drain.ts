import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Tunnels } from './entry/tunnels.ts'
import type { HboneServer } from './hbone/server.ts'

/** Between the two GOAWAYs: long enough for tunnels that were being opened when the first one was sent. */
const SECOND_STEP_MS = 1000
const CHECK_MS = 25
/** For what is said last to get out; a client that reads nothing has no longer. */
const LAST_WORDS_MS = 1100

export interface DrainParts {
  readonly server: HboneServer
  readonly tunnels: Pick<Tunnels, 'closeIdle' | 'giveUp'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Ends a listener in good order (RFC 9113 section 6.8): no new connections and a first GOAWAY; then the final one;
 * tunnels in use finish their exchange, whose answer says `connection: close`; idle ones are ended at half the time;
 * what is left at the deadline is given up.
 */
export const drainServer = async (parts: DrainParts, deadlineMs: number): Promise<void> => {
  const { server, tunnels, clock } = parts
  const startedMs = clock.monotonicMs()
  const secondStepMs = Math.min(SECOND_STEP_MS, deadlineMs / 4)
  server.announceDrain()
  let step: 'announced' | 'final' | 'idle-closed' = 'announced'
  while (server.openConnections > 0) {
    await after(clock, CHECK_MS)
    const elapsedMs = clock.monotonicMs() - startedMs
    if (elapsedMs >= deadlineMs) return giveUp(parts, `the waypoint ends, and the ${deadlineMs} ms to drain are over`)
    if (step === 'announced' && elapsedMs >= secondStepMs) {
      step = 'final'
      server.finishDrain()
    }
    if (step === 'final' && elapsedMs >= deadlineMs / 2) {
      step = 'idle-closed'
      tunnels.closeIdle()
    }
  }
}

/** Whoever is left is told why, in whole frames: HTTP/2 inside of tunnels first, since it goes through them. */
const giveUp = async ({ server, tunnels, clock, log }: DrainParts, why: string): Promise<void> => {
  const { openConnections, openTunnels } = server
  log.warn(`${openTunnels} tunnels on ${openConnections} connections are given up: ${why}`)
  tunnels.giveUp(why)
  await after(clock, CHECK_MS)
  server.giveUp(why)
  for (let waitedMs = 0; server.openConnections > 0 && waitedMs < LAST_WORDS_MS; waitedMs += CHECK_MS) {
    await after(clock, CHECK_MS)
  }
  server.destroy()
}

const after = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
