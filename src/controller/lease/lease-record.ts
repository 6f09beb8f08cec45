import { textAt, valueAt, type LiveObject } from '../manifest.ts'

/** How a leader is found; Kubernetes' own controllers have the same. */
export interface LeaseTimes {
  /** How long others wait for a leader that is silent. Default 15,000. */
  readonly leaseMs: number
  /** How long a leader goes on that cannot renew; less than `leaseMs`, so that there are never two. Default 10,000. */
  readonly renewMs: number
  /** Between tries. Default 2000. */
  readonly retryMs: number
}

export const defaultLeaseTimes: LeaseTimes = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2000 }

/** A Lease as it was last seen to change; clocks of machines differ, so that only our own is asked. */
export interface SeenLease {
  /** Whatever was in its `spec`, as one text. */
  readonly spec: string
  readonly seenAtMs: number
}

/** What to do about a Lease. */
export type LeaseStep =
  | { readonly kind: 'take'; readonly isRenewal: boolean }
  | { readonly kind: 'wait'; readonly holder: string }

/** Notes when a Lease was last seen to be another. */
export const observeLease = (lease: LiveObject, before: SeenLease | undefined, nowMs: number): SeenLease => {
  const spec = JSON.stringify(lease['spec'] ?? {})
  return before?.spec === spec ? before : { spec, seenAtMs: nowMs }
}

/** Whether we may hold a Lease: it is ours, nobody's, or of somebody who has been silent for as long as was said there. */
export const judgeLease = (lease: LiveObject, seen: SeenLease, me: string, nowMs: number): LeaseStep => {
  const holder = textAt(lease, 'spec', 'holderIdentity')
  if (holder === me) return { kind: 'take', isRenewal: true }
  const seconds = valueAt(lease, 'spec', 'leaseDurationSeconds')
  const leaseMs = typeof seconds === 'number' ? seconds * 1000 : defaultLeaseTimes.leaseMs
  if (holder === '' || nowMs >= seen.seenAtMs + leaseMs) return { kind: 'take', isRenewal: false }
  return { kind: 'wait', holder }
}

/** `spec` of a Lease that we hold. */
export const heldSpec = (
  before: LiveObject | undefined,
  { me, nowMs, leaseMs }: { readonly me: string; readonly nowMs: number; readonly leaseMs: number },
): Readonly<Record<string, unknown>> => {
  const now = formatMicroTime(nowMs)
  const isRenewal = textAt(before, 'spec', 'holderIdentity') === me
  const transitions = valueAt(before, 'spec', 'leaseTransitions')
  const count = typeof transitions === 'number' ? transitions : 0
  return {
    holderIdentity: me,
    leaseDurationSeconds: Math.round(leaseMs / 1000),
    acquireTime: isRenewal ? textAt(before, 'spec', 'acquireTime') || now : now,
    renewTime: now,
    leaseTransitions: before === undefined ? 0 : isRenewal ? count : count + 1,
  }
}

/** `spec` of a Lease that was ours and may be anybody's. */
export const releasedSpec = (before: LiveObject, nowMs: number): Readonly<Record<string, unknown>> => {
  const transitions = valueAt(before, 'spec', 'leaseTransitions')
  const now = formatMicroTime(nowMs)
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: typeof transitions === 'number' ? transitions : 0,
  }
}

/** Kubernetes' MicroTime. */
const formatMicroTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
