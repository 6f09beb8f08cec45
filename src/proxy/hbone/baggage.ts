import type { Source } from '../../filter/record.ts'
import { parseSpiffeId } from '../../model/identity.ts'
import type { SpiffeId } from '../../model/identity.ts'

/** What `baggage` says of the client, as far as metrics use it. */
interface Baggage {
  readonly cluster: string | undefined
  readonly namespace: string | undefined
  readonly workload: string | undefined
  readonly canonicalName: string | undefined
  readonly canonicalRevision: string | undefined
  readonly app: string | undefined
  readonly version: string | undefined
}

/** Longest value believed: a label in every metric must not be at the mercy of a peer. */
const MAX_VALUE_LENGTH = 253
const WORKLOAD_KEY = /^k8s\.(deployment|pod|job|cronjob)\.name$/

/**
 * Reads Istio's baggage: comma separated `k=v` without percent encoding, several headers joined, unknown keys ignored
 * (waypoint contract 1.4). It names things for people; nothing that decides may rest on it.
 */
export const parseBaggage = (text: string): Baggage => {
  const found = new Map<string, string>()
  for (const entry of text.split(',').slice(0, 64)) {
    const equals = entry.indexOf('=')
    if (equals <= 0) continue
    const key = entry.slice(0, equals).trim()
    const value = entry.slice(equals + 1).trim()
    if (value === '' || value.length > MAX_VALUE_LENGTH) continue
    found.set(WORKLOAD_KEY.test(key) ? 'workload' : key, value)
  }
  return {
    cluster: found.get('k8s.cluster.name'),
    namespace: found.get('k8s.namespace.name'),
    workload: found.get('workload'),
    canonicalName: found.get('service.name'),
    canonicalRevision: found.get('service.version'),
    app: found.get('app.name'),
    version: found.get('app.version'),
  }
}

/** The caller as telemetry sees it: the certificate first, `baggage` only where its namespace agrees with it. */
export const describeSource = (principal: SpiffeId, address: string, baggageText: string | undefined): Source => {
  const parts = parseSpiffeId(principal)
  const claimed = baggageText === undefined ? undefined : parseBaggage(baggageText)
  const baggage = claimed !== undefined && claimed.namespace === parts?.namespace ? claimed : undefined
  return {
    principal,
    namespace: parts?.namespace,
    serviceAccount: parts?.serviceAccount,
    address,
    workload: baggage?.workload,
    canonicalName: baggage?.canonicalName,
    canonicalRevision: baggage?.canonicalRevision,
    app: baggage?.app,
    version: baggage?.version,
    cluster: baggage?.cluster,
  }
}
