import type { Explanation } from '../../snapshot/explain.ts'

/** What an explanation comes to. */
export interface Verdict {
  /** Somebody would answer: a backend, or a filter in its place. */
  readonly isServed: boolean
  /** For people, in a few words. */
  readonly text: string
}

/**
 * The verdict on a request or connection. Files need not say which endpoints there are; a running waypoint knows
 * (`isLive`), and without any it is 503.
 */
export const verdictOf = (explanation: Explanation, isLive: boolean): Verdict => {
  const { outcome, status, tunnel, backends, reasons } = explanation
  const isConnection = status === undefined && (tunnel === 'tcp' || tunnel === 'tls' || explanation.path === undefined)
  const refused = (why: string): Verdict => ({
    isServed: false,
    text: `${isConnection ? 'refused' : (status ?? 500)}: ${why}`,
  })
  switch (outcome) {
    case 'unbound':
      return refused('no Service or Pod of this waypoint has that address')
    case 'bad-path':
      return refused('the path cannot be normalised')
    case 'closed':
      if (status === 405) return refused('a tunnel inside of the tunnel is not supported')
      return refused(
        saidOf(reasons, /^refused with \d+: /) ?? 'closed until what is wrong with its objects is put right',
      )
    case 'denied':
      return refused(saidOf(reasons, /^denied: /) ?? 'an AuthorizationPolicy denies it, or none allows it')
    case 'no-match':
      return refused('its port has routes, and none of them fits')
    case 'pass-through':
    case 'match': {
      if (status !== undefined) return refused('the rule has no backend, and no filter that answers in its place')
      const usable = backends.filter(({ isInvalid, weight }) => isInvalid !== true && weight > 0)
      if (backends.length > 0 && usable.length === 0) return refused('no backend of the rule can be used')
      const isEmpty = usable.length > 0 && usable.every(({ endpoints }) => endpoints === 0)
      if (isLive && isEmpty)
        return { isServed: false, text: '503: nobody stands behind it, no backend has an endpoint' }
      const text = outcome === 'match' ? formatRule(explanation) : 'passes through: no route applies'
      return { isServed: true, text: isEmpty ? `${text}; of its endpoints the files say nothing` : text }
    }
  }
}

/** The reason that begins so, without its beginning. */
const saidOf = (reasons: readonly string[], start: RegExp): string | undefined =>
  reasons.find((reason) => start.test(reason))?.replace(start, '')

const formatRule = ({ route, rule }: Explanation): string =>
  `${route ?? 'a route'}${rule === undefined ? '' : `, rule ${rule}`}`
