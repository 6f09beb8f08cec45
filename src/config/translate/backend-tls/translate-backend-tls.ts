import type { EndpointSet } from '../../../model/endpoint.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { formatFaults } from '../conditions.ts'
import type { BackendTlsPolicyObject } from '../../objects/backend-tls-policy.ts'
import { findTargets, type TargetFault, type TargetLookups } from '../policy/find-targets.ts'
import { choosePolicies, type TlsTarget } from './choose-policies.ts'
import { createCertificateReader, type Certificates, type ReadCertificates } from './read-certificates.ts'

/** How the applications behind a Service port are spoken to, or why they are not. */
export type PortTls = Pick<EndpointSet, 'tls' | 'closed'>

/** What becomes of one policy. */
export interface PolicyOutcome {
  readonly policy: Entry<BackendTlsPolicyObject>
  readonly targets: readonly TlsTarget[]
  readonly targetFaults: readonly TargetFault[]
  /** Empty for a policy that trusts the system's roots. */
  readonly certificates: Certificates
  /** Why it cannot be carried out, with Gateway API's reason for `Accepted`. */
  readonly failure: Failure | undefined
}

interface Failure {
  readonly reason: 'Invalid' | 'NoValidCACertificate'
  readonly message: string
  readonly path: string
}

export interface BackendTlsPolicies {
  /** The target that counts, by `NAMESPACE/NAME:PORT`. */
  readonly chosen: ReadonlyMap<string, TlsTarget>
  /** By the same key. */
  readonly ports: ReadonlyMap<string, PortTls>
  readonly outcomes: readonly PolicyOutcome[]
}

/**
 * The BackendTLSPolicies as what each Service port needs. One that cannot be carried out closes its ports: its backends
 * would otherwise be spoken to without the TLS, or without the check of the name, that somebody asked for.
 */
export const translateBackendTls = (catalog: Catalog, entries: TargetLookups['entries']): BackendTlsPolicies => {
  const read = createCertificateReader(catalog)
  const lookups = { services: catalog.services, entries }
  const outcomes = catalog.backendTlsPolicies.map((policy) => judge(policy, lookups, read))
  const chosen = choosePolicies(outcomes.flatMap(({ targets }) => targets))
  const tlsOf = new Map(outcomes.map((outcome) => [outcome.policy.object, portTls(outcome)]))
  const ports = new Map<string, PortTls>()
  for (const [key, { policy }] of chosen) ports.set(key, tlsOf.get(policy) ?? {})
  return { chosen, ports, outcomes }
}

const judge = (
  policy: Entry<BackendTlsPolicyObject>,
  lookups: TargetLookups,
  read: ReadCertificates,
): PolicyOutcome => {
  const { object } = policy
  const { targets, faults: targetFaults } = findTargets(object, lookups)
  const ca = object.validation?.ca ?? 'System'
  const certificates = ca === 'System' ? { pems: [], faults: [] } : read(ca, object.metadata.namespace)
  const failure = failureOf(policy, certificates)
  return { policy, targets, targetFaults, certificates, failure }
}

const failureOf = ({ object }: Entry<BackendTlsPolicyObject>, { pems, faults }: Certificates): Failure | undefined => {
  const [defect] = object.defects
  if (defect !== undefined) {
    return { reason: 'Invalid', message: formatFaults(object.defects), path: defect.path ?? 'spec' }
  }
  const [fault] = faults
  if (fault === undefined || pems.length > 0) return undefined
  const message = faults.map((each) => `${each.path}: ${each.message}`).join('; ')
  return { reason: 'NoValidCACertificate', message, path: fault.path }
}

const portTls = ({ policy, certificates, failure }: PolicyOutcome): PortTls => {
  const { metadata, validation } = policy.object
  const closed = (why: string): PortTls => ({
    closed: `BackendTLSPolicy ${metadata.namespace}/${metadata.name}: ${why}`,
  })
  if (failure !== undefined) return closed(failure.message)
  if (validation === undefined) return closed('it says nothing of whom to trust')
  const { hostname, subjectAltNames, ca } = validation
  return { tls: { hostname, subjectAltNames, ca: ca === 'System' ? ca : certificates.pems } }
}
