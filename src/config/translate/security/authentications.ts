import type { RequestAuthentication } from '../../../model/security/authentication.ts'
import type { RequestAuthenticationObject } from '../../objects/request-authentication/request-authentication.ts'
import type { ServicePortObject } from '../../objects/service.ts'
import type { Entry } from '../catalog.ts'
import {
  attachPolicies,
  hasNoTargets,
  keyOf,
  translateAttached,
  type Attachment,
  type TranslatedPolicies,
} from './attachment.ts'
import { formatUndeclared } from '../service/undeclared-ports.ts'
import { protocolOf } from '../service/port-protocol.ts'
import { tcpPortsOf } from '../service/service-facts.ts'
import type { TargetScope } from './resolve-targets.ts'

/** What the RequestAuthentications of a set come to. */
export type Authentications = TranslatedPolicies<RequestAuthentication>

/** Translates RequestAuthentications, which come sorted by key. */
export const translateAuthentications = (
  objects: readonly Entry<RequestAuthenticationObject>[],
  scope: TargetScope,
): Authentications =>
  translateAttached(attachPolicies(objects, scope).map(tellWithoutTargets), scope, {
    policyOf: (object) => ({ key: keyOf(object), rules: object.rules }),
    notesOf: (attachment) => ({ texts: notesOf(attachment, scope), reason: 'UnsupportedValue' }),
  })

/** The issuers whose tokens are verified on a Service, by its key. */
export const createIssuersOf = ({
  policies,
  inForce,
}: Pick<Authentications, 'policies' | 'inForce'>): ((service: string) => readonly string[]) => {
  const issuers = new Map(policies.map(({ key, rules }) => [key, rules.map(({ issuer }) => issuer)]))
  return (service) => (inForce.services.get(service) ?? []).flatMap((key) => issuers.get(key) ?? [])
}

/** A ztunnel carries out policies without targets, but looks at no token. */
const tellWithoutTargets = (
  attachment: Attachment<RequestAuthenticationObject>,
): Attachment<RequestAuthenticationObject> => {
  if (!hasNoTargets(attachment)) return attachment
  const message = 'nobody carries it out: a waypoint takes policies with targetRefs only, and a ztunnel sees no tokens'
  return { ...attachment, targets: { ...attachment.targets, faults: [{ message, path: 'spec' }] } }
}

const notesOf = (
  { policy: { object }, targets }: Attachment<RequestAuthenticationObject>,
  { bound }: TargetScope,
): readonly string[] => {
  if (object.rules.length === 0) return ['spec.jwtRules is empty: no token is looked at']
  const named = object.target.kind === 'refs' ? object.target.refs : []
  const kindOf = (key: string): string => (bound.get(key)?.object.entry === undefined ? 'Service' : 'host')
  // Of all Services of a waypoint some will be databases; who names one means something by it.
  const silent = targets.services.filter((key) => {
    const service = bound.get(key)?.object
    const isNamed = named.some(({ kind, name }) =>
      kind === 'Service' ? key.endsWith(`/${name}`) : kind === 'ServiceEntry' && service?.entry?.ref.name === name,
    )
    // The TLS of a Service may be ours (BackendTLSPolicy), that of an entry is the client's.
    const isSilent = (port: ServicePortObject): boolean =>
      protocolOf(port) === 'tcp' || (service?.entry !== undefined && protocolOf(port) === 'tls')
    return isNamed && service !== undefined && tcpPortsOf(service).every(isSilent)
  })
  const undeclared = formatUndeclared(
    targets.services.flatMap((key) => {
      const service = bound.get(key)?.object
      return service === undefined ? [] : [{ service, ports: tcpPortsOf(service) }]
    }),
  )
  const passed =
    undeclared === undefined
      ? []
      : [`${undeclared}, so TLS is carried there as bytes and no token is looked at: declare HTTP (appProtocol)`]
  return [
    ...object.notes,
    ...passed,
    ...silent.map((key) => `no port of ${kindOf(key)} ${key} speaks HTTP: no token is looked at there`),
  ]
}
