import { formatRank } from '../model/precedence.ts'
import { describeField, findMisfit, FITS } from './match.ts'
import type { MatchField } from './match.ts'
import type { MatchPlan, MatchRequest, Resolution, RouteIndexes } from './snapshot.ts'

/** Why a request was resolved as it was; `resolve` fills it, in the order in which things were decided. */
export interface Reasons {
  routeSet: {
    readonly kind: 'producer' | 'consumer' | 'none'
    readonly sourceNamespace: string | undefined
    /** Matches in the set. */
    readonly entries: number
  }
  /** The match that won; `undefined` on pass-through and when none fitted. */
  winner: MatchPlan | undefined
  /** All other matches of the set, in order of precedence. */
  lost: Candidate[]
  /** Set when the Service or the winning rule refuses the request. */
  closed: { readonly status: number; readonly reason: string } | undefined
  /** Backends of the winning rule whose share is answered with a failure. */
  invalid: { readonly ref: string; readonly weight: number; readonly status: number; readonly reason: string }[]
}

/** A match that did not win. */
export interface Candidate {
  readonly plan: MatchPlan
  /** The first field that did not hold; `undefined` when all hold and the winner takes precedence. */
  readonly failed: MatchField | undefined
}

/** Reasons with nothing in them, to be given to `resolve`. */
export const createReasons = (): Reasons => ({
  routeSet: { kind: 'none', sourceNamespace: undefined, entries: 0 },
  winner: undefined,
  lost: [],
  closed: undefined,
  invalid: [],
})

/** Notes what each entry of a table had to say to a request that was resolved by it. */
export const explainTable = (
  table: RouteIndexes,
  decided: { readonly request: MatchRequest; readonly resolution: Resolution; readonly reasons: Reasons },
): void => {
  const { request, resolution, reasons } = decided
  for (const plan of table.entries) {
    if (plan === resolution) continue
    const misfit = findMisfit(plan, request)
    reasons.lost.push({ plan, failed: misfit === FITS ? undefined : describeField(plan, misfit) })
  }
  if (resolution.kind !== 'match') return
  reasons.winner = resolution
  reasons.closed ??= resolution.rule.closed
  for (const backend of resolution.rule.backends) if (backend.kind === 'invalid') reasons.invalid.push(backend)
}

/**
 * Reasons as lines for people; of the candidates that lost at most `maxLost` (default 20) are told. Before them stands
 * how the winner is carried out, when that is given.
 */
export const formatReasons = (
  reasons: Reasons,
  { maxLost = 20, carriedOut = [] }: { readonly maxLost?: number; readonly carriedOut?: readonly string[] } = {},
): readonly string[] => {
  const lines = [formatRouteSet(reasons)]
  const { winner, closed, lost } = reasons
  if (winner !== undefined) lines.push(`${formatPlan(winner)} matches: ${formatRank(winner.match)}`)
  else if (reasons.routeSet.kind !== 'none') lines.push('no match fits: 404')
  if (closed !== undefined) lines.push(`refused with ${closed.status}: ${closed.reason}`)
  for (const { ref, weight, status, reason } of reasons.invalid) {
    const becomes = weight === 0 ? 'gets no request' : `is answered with ${status}`
    lines.push(`backend ${ref} (weight ${weight}) ${becomes}: ${reason}`)
  }
  lines.push(...carriedOut)
  for (const candidate of lost.slice(0, maxLost)) lines.push(formatCandidate(candidate))
  if (lost.length > maxLost) lines.push(`and ${lost.length - maxLost} more that did not win`)
  return lines
}

const formatRouteSet = ({ routeSet }: Reasons): string => {
  const client = routeSet.sourceNamespace === undefined ? 'a client of unknown namespace' : routeSet.sourceNamespace
  const matches = `${routeSet.entries} match${routeSet.entries === 1 ? '' : 'es'}`
  switch (routeSet.kind) {
    case 'none':
      return `no routes for ${client}: passes through to the Service's endpoints`
    case 'producer':
      return `the Service's own routes apply to ${client} (${matches})`
    case 'consumer':
      return `consumer routes of ${client} apply instead of the Service's own (${matches})`
  }
}

const formatCandidate = ({ plan, failed }: Candidate): string =>
  failed === undefined
    ? `${formatPlan(plan)} fits too, with less precedence: ${formatRank(plan.match)}`
    : `${formatPlan(plan)} does not fit: ${failed.name} is not ${failed.wanted}`

const formatPlan = (plan: MatchPlan): string => `${plan.rule.route} rule ${plan.rule.name}`
