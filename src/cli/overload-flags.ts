/** The flags of `fairway run` that say how much it takes on. */
import { DURATION_FORM, formatDuration, parseDuration } from '../lib/duration.ts'
import { STANDING_WAIT_MS } from '../proxy/overload/request-queue.ts'
import type { OverloadLimits } from '../proxy/overload/overload.ts'
import { decodeInteger, usageError, type FlagValues } from './arguments.ts'

const MAX_WAIT_MS = 10_000
const MAX_COUNT = 1e9

export const overloadFlags = {
  'max-requests': {
    type: 'string',
    value: 'N',
    default: '0',
    help: 'requests under way in each worker, beyond: 503; default 0: any number',
  },
  'max-tunnels': {
    type: 'string',
    value: 'N|auto',
    default: 'auto',
    help: 'tunnels open in each worker, 0 for any number; default auto: by memory, at most 100000',
  },
  'overload-wait': {
    type: 'string',
    value: 'DURATION',
    default: formatDuration(STANDING_WAIT_MS),
    help: `time a request may wait for its turn in an overload, 0s for any; default ${formatDuration(STANDING_WAIT_MS)}`,
  },
} as const

/** What the flags ask for; throws `CliError` (64) for what cannot be meant. */
export const decodeOverload = (flags: FlagValues<typeof overloadFlags>): OverloadLimits => {
  const count = (name: 'max-requests' | 'max-tunnels'): number =>
    decodeInteger(name, flags[name], { min: 0, max: MAX_COUNT })
  const waitMs = parseDuration(flags['overload-wait'])
  if (waitMs === undefined || waitMs > MAX_WAIT_MS) {
    const wanted = `${DURATION_FORM} of at most ${formatDuration(MAX_WAIT_MS)}`
    throw usageError(`--overload-wait ${JSON.stringify(flags['overload-wait'])} is not ${wanted}`)
  }
  return {
    maxRequests: count('max-requests'),
    ...(flags['max-tunnels'] === 'auto' ? {} : { maxTunnels: count('max-tunnels') }),
    waitMs,
  }
}
