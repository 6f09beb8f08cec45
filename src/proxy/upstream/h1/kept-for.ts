import type { HeaderList } from '../../../http/header-list.ts'

/** Idle sessions are looked at once a second, and idle since the first look: what is kept is two seconds older at most. */
const UNSEEN_MS = 2000

/**
 * For how long an endpoint keeps an idle connection, as it is seen from here, by its `Keep-Alive: timeout=5` (RFC 2068
 * section 19.7.1.1; Node, Apache and nginx say it): a request that crosses its end is lost, and a POST for good.
 */
export const keptForMs = (headers: HeaderList): number => {
  const [, seconds] = /(?:^|[,\s])timeout\s*=\s*"?([0-9]{1,6})\b/i.exec(headers.getLower('keep-alive') ?? '') ?? []
  return seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Number(seconds) * 1000 - UNSEEN_MS)
}
