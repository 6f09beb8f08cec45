import type { CredentialKind, CredentialStatus } from '../credentials.ts'
import type { CertificateView } from './certificate-view.ts'
import type { CredentialReport, RevocationView, TrustRootView } from './credential-report.ts'
import { findCertTroubles } from './cert-troubles.ts'

/** What `GET /certs` answers and `fairway certs -o json` prints. Dates are ISO 8601, times whole seconds. */
export interface CertsDocument {
  /** Who we are; absent as long as there is no certificate. */
  readonly identity?: string
  /** Ours first; peers of the others are let in as well. */
  readonly trustDomains: readonly string[]
  readonly source: SourceView
  readonly validity?: ValidityView
  readonly chain: readonly CertificateView[]
  readonly trustRoots: readonly TrustRootView[]
  /** In force; without any, nobody looks whether a certificate was revoked. */
  readonly revocationLists: readonly RevocationView[]
  readonly stolen?: StolenView
  /** What somebody should see to; empty when all is well. */
  readonly troubles: readonly string[]
}

/** Where the certificate comes from, and how that goes. */
export interface SourceView {
  readonly kind: CredentialKind
  /** The folder, or the address of the CA. */
  readonly place?: string
  readonly waitingFor?: string
  /** Absent, as all that follows, of a folder that no waypoint watches. */
  readonly rotations?: number
  readonly failures?: number
  readonly lastFailure?: { readonly at: string; readonly message: string }
  readonly nextRenewal?: string
}

/** Of the whole chain: it is as good as the one of its certificates that ends first. */
export interface ValidityView {
  readonly from: string
  readonly until: string
  /** Negative: it has ended. */
  readonly remainingSeconds: number
  /** Since the leaf was made. */
  readonly lifetimeSeconds: number
}

/** How long somebody who has our certificate and its key could be us. */
export interface StolenView {
  /** Who steals them now. */
  readonly until: string
  readonly forSeconds: number
  /** Who steals them on the day they are made. */
  readonly forSecondsAtMost: number
  /** Whether anything but the end of the certificate could end it: `revocation-list` where such lists are in force here. */
  readonly endsEarlierBy: 'revocation-list' | 'nothing'
}

export interface CertsSubject {
  /** Absent: there are none yet. */
  readonly report: CredentialReport | undefined
  /** Of a folder that no waypoint watches its kind is all there is. */
  readonly status: CredentialStatus | Pick<CredentialStatus, 'kind'>
  readonly place?: string
  readonly trustDomains: readonly string[]
}

/** Puts together what is known at `nowMs`. */
export const createCertsDocument = (subject: CertsSubject, nowMs: number): CertsDocument => {
  const { report, status, place, trustDomains } = subject
  const source = viewSource(status, place)
  const { chain = [], trustRoots = [], revocationLists = [] } = report ?? {}
  const validity = validityOf(chain, nowMs)
  const [identity] = chain[0]?.names ?? []
  return {
    ...(identity === undefined ? {} : { identity }),
    trustDomains,
    source,
    ...(validity === undefined ? {} : { validity }),
    chain,
    trustRoots,
    revocationLists,
    ...(validity === undefined ? {} : { stolen: stolenOf(validity, revocationLists) }),
    troubles:
      report === undefined ? [whyNone(status)] : [...failing(status, nowMs), ...findCertTroubles(report, nowMs)],
  }
}

/** From the youngest beginning to the first end. */
export const validityOf = (chain: readonly CertificateView[], nowMs: number): ValidityView | undefined => {
  const [leaf] = chain
  if (leaf === undefined) return undefined
  const untilMs = Math.min(...chain.map(({ notAfter }) => Date.parse(notAfter)))
  const fromMs = Math.max(...chain.map(({ notBefore }) => Date.parse(notBefore)))
  const madeMs = Date.parse(leaf.notBefore)
  return {
    from: new Date(fromMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    remainingSeconds: Math.floor((untilMs - nowMs) / 1000),
    lifetimeSeconds: Math.round((untilMs - madeMs) / 1000),
  }
}

/** Nobody who asks for certificates waits longer than a minute after a failure, and then says so again. */
const FAILING_MS = 120_000

const failing = ({ lastFailure, hasRecovered }: Partial<CredentialStatus>, nowMs: number): readonly string[] =>
  lastFailure === undefined || hasRecovered || nowMs - lastFailure.atMs > FAILING_MS
    ? []
    : [`the next certificate cannot be had, or not all of it: ${lastFailure.message}`]

const whyNone = ({ waitingFor, lastFailure }: Partial<CredentialStatus>): string => {
  const what = waitingFor === undefined ? '' : `, waiting for ${waitingFor}`
  return `there is no certificate yet${what}${lastFailure === undefined ? '' : `: ${lastFailure.message}`}`
}

const stolenOf = (validity: ValidityView, lists: readonly RevocationView[]): StolenView => ({
  until: validity.until,
  forSeconds: Math.max(0, validity.remainingSeconds),
  forSecondsAtMost: validity.lifetimeSeconds,
  endsEarlierBy: lists.length === 0 ? 'nothing' : 'revocation-list',
})

const viewSource = (status: CertsSubject['status'], place: string | undefined): SourceView => {
  if (!('rotations' in status)) return { kind: status.kind, ...(place === undefined ? {} : { place }) }
  const { kind, waitingFor, rotations, failures, lastFailure, nextRenewalMs } = status
  return {
    kind,
    ...(place === undefined ? {} : { place }),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    rotations,
    failures,
    ...(lastFailure === undefined
      ? {}
      : { lastFailure: { at: new Date(lastFailure.atMs).toISOString(), message: lastFailure.message } }),
    ...(nextRenewalMs === undefined ? {} : { nextRenewal: new Date(nextRenewalMs).toISOString() }),
  }
}
