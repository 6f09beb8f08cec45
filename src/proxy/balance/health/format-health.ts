import { formatDuration } from '../../../lib/duration.ts'
import { joinHostPort } from '../../../lib/ip.ts'
import type { EndpointHealth } from './endpoint-health.ts'

/** A line for the log about an endpoint whose state has changed: what it is now, and why. */
export const formatTurn = ({ endpoint, state, detail, untilMs, sinceMs }: EndpointHealth): string => {
  const { address, port, workload } = endpoint
  const name = workload.name === undefined ? '' : ` of ${workload.namespace ?? ''}/${workload.name}`
  const who = `endpoint ${joinHostPort(address, port)}${name}`
  return state === 'healthy'
    ? `${who} is healthy again`
    : `${who} is ejected for ${formatDuration(Math.round(untilMs - sinceMs))}: ${detail}`
}

/** Why an endpoint has fewer requests than others, or none; `undefined` when it has not. */
export const formatHealth = (health: EndpointHealth, nowMs: number): string | undefined => {
  const { state, share, detail, untilMs, restsUntilMs } = health
  switch (state) {
    case 'ejected':
      return `ejected for another ${formatDuration(Math.max(1, Math.ceil(untilMs - nowMs)))}: ${detail}`
    case 'probation': {
      const what = health.needsDial ? 'until it can be connected to' : 'with one request at a time'
      return `on probation, ${what}: ${detail}`
    }
    case 'healthy': {
      if (share === 1) return undefined
      const why = restsUntilMs > nowMs ? 'it asked for rest' : 'it starts slowly'
      return `given ${Math.round(share * 100)} % of its share: ${why}`
    }
  }
}
