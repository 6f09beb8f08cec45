import type { Condition } from '../../../model/condition.ts'
import type { RequestAuthentication } from '../../../model/security/authentication.ts'
import type { RequestAuthenticationObject } from '../../objects/request-authentication/request-authentication.ts'
import type { Entry } from '../catalog.ts'
import {
  attachmentConditions,
  attachPolicies,
  closedBy,
  inForce,
  isCarriedOut,
  keyOf,
  servesPods,
  type Attachment,
  type ClosedByPolicies,
  type PoliciesInForce,
} from './attachment.ts'
import { protocolOf } from '../service/port-protocol.ts'
import { tcpPortsOf } from '../service/service-facts.ts'
import type { TargetScope } from './resolve-targets.ts'

/** What the RequestAuthentications of a set come to. */
export interface Authentications {
  /** Those that are in force on anything, sorted by key. */
  readonly policies: readonly RequestAuthentication[]
  readonly inForce: PoliciesInForce
  readonly closed: ClosedByPolicies
  readonly conditions: readonly Condition[]
}

/** Translates RequestAuthentications, which come sorted by key. */
export const translateAuthentications = (
  objects: readonly Entry<RequestAuthenticationObject>[],
  scope: TargetScope,
): Authentications => {
  const hasPods = servesPods(scope)
  const attachments = attachPolicies(objects, scope).map(tellWithoutTargets)
  return {
    policies: attachments
      .filter((attachment) => isCarriedOut(attachment, hasPods))
      .map(({ policy: { object } }) => ({ key: keyOf(object), rules: object.rules })),
    inForce: inForce(attachments),
    closed: closedBy(attachments),
    conditions: attachments.flatMap((attachment) =>
      attachmentConditions(attachment, { hasPods, notes: notesOf(attachment, scope) }),
    ),
  }
}

/** A ztunnel carries out policies without targets, but looks at no token. */
const tellWithoutTargets = (
  attachment: Attachment<RequestAuthenticationObject>,
): Attachment<RequestAuthenticationObject> => {
  const { kind } = attachment.policy.object.target
  if (kind !== 'none' && kind !== 'selector') return attachment
  const message = 'nobody carries it out: a waypoint takes policies with targetRefs only, and a ztunnel sees no tokens'
  return { ...attachment, targets: { ...attachment.targets, faults: [{ message, path: 'spec' }] } }
}

const notesOf = (
  { policy: { object }, targets }: Attachment<RequestAuthenticationObject>,
  { bound }: TargetScope,
): readonly string[] => {
  if (object.rules.length === 0) return ['spec.jwtRules is empty: no token is looked at']
  const named = object.target.kind === 'refs' ? object.target.refs : []
  // Of all Services of a waypoint some will be databases; who names one means something by it.
  const silent = targets.services.filter((key) => {
    const isNamed = named.some(({ kind, name }) => kind === 'Service' && key.endsWith(`/${name}`))
    const service = bound.get(key)?.object
    return isNamed && service !== undefined && tcpPortsOf(service).every((port) => protocolOf(port) === 'tcp')
  })
  return [...object.notes, ...silent.map((key) => `no port of Service ${key} speaks HTTP: no token is looked at there`)]
}
