import type { Condition } from '../../model/condition.ts'

/** What the types of conditions say, for the reference. */
export const conditionTypeMeanings: Readonly<Record<Condition['type'], string>> = {
  Accepted: 'True: the object is understood and carried out, at least in part',
  ResolvedRefs: 'True: everything that the object refers to was found and may be used',
  Programmed:
    'True: it is in force; of a Gateway: a replica is ready; of Filters and Apps: a waypoint runs this very version',
  Conflicted: 'True: another object has the place of a part of it',
  PartiallyInvalid: 'True: a part of it is not carried out; the message says which, and what happens instead',
  Shadowed: 'True: another rule takes everything that one of its rules could match (ours)',
  Healthy: 'False: a filter failed too often, and is not called for a while (ours)',
  Bypassed: 'True: traffic may pass by it; the message says how (ours)',
}

/** A reason, the types of condition that have it, and what it means. */
export interface ReasonMeaning {
  readonly types: readonly Condition['type'][]
  readonly meaning: string
}

/** Every reason that conditions have. Names are Gateway API's where it has one. */
export const reasonMeanings: Readonly<Record<string, ReasonMeaning>> = {
  Accepted: { types: ['Accepted'], meaning: 'nothing is wrong' },
  Active: { types: ['Healthy'], meaning: 'the filter is called' },
  AddressConflict: { types: ['Conflicted'], meaning: 'an older ServiceEntry, or a Service, has one of its addresses' },
  BackendNotFound: { types: ['ResolvedRefs'], meaning: 'a backend or mirror is not there: its share is answered 500' },
  Conflicted: {
    types: ['Accepted', 'Conflicted'],
    meaning: 'another kind of route has the port, or an older policy the target: this object is without effect there',
  },
  Expired: { types: ['Programmed'], meaning: 'the time that it was written for (`until`) is past: it does nothing' },
  FilterNotFound: { types: ['ResolvedRefs'], meaning: 'an extensionRef names a filter that is not there' },
  FilterNotReady: { types: ['ResolvedRefs'], meaning: 'an extensionRef names a filter that is not in force' },
  HostConflict: { types: ['Conflicted'], meaning: 'an older ServiceEntry, or a Service, has one of its hosts' },
  IncompatibleFilters: { types: ['Accepted'], meaning: 'filters of a rule exclude each other: the rule answers 500' },
  Invalid: {
    types: ['Accepted', 'Programmed'],
    meaning: 'a field is wrong or missing; the message says where, what was found and what was expected',
  },
  InvalidCACertificateRef: {
    types: ['ResolvedRefs'],
    meaning: 'a ConfigMap with roots is not there, or has no certificate that can be read',
  },
  InvalidKind: { types: ['ResolvedRefs'], meaning: 'a reference to a kind that cannot stand there' },
  InvalidParameters: {
    types: ['Accepted'],
    meaning: 'parametersRef leads nowhere, or to a ConfigMap with values that are not understood',
  },
  InvalidRouteKinds: { types: ['ResolvedRefs'], meaning: 'a listener allows kinds of routes that a waypoint has not' },
  ListenersNotValid: {
    types: ['Accepted'],
    meaning: 'a listener cannot be carried out, or none is that of a waypoint',
  },
  NeverMatches: {
    types: ['Shadowed', 'PartiallyInvalid'],
    meaning:
      'another rule takes everything that this one could match, or no request has such a path; of an AuthorizationPolicy: nothing that may come fits a rule',
  },
  NoConflicts: { types: ['Conflicted'], meaning: 'no other listener has its place' },
  NoMatchingParent: {
    types: ['Accepted'],
    meaning:
      'the Service, its port, or the Gateway’s section that parentRefs names is not there; a label asks for a Gateway that is no waypoint',
  },
  NoMirror: { types: ['Accepted'], meaning: 'a MirrorComparison names a route without a mirror that it could compare' },
  NoResources: { types: ['Programmed'], meaning: 'no replica of the waypoint is ready' },
  NoValidCACertificate: { types: ['Accepted'], meaning: 'none of the roots of a BackendTLSPolicy can be used: 503' },
  NotAllowedByListeners: { types: ['Accepted'], meaning: 'the Gateway does not allow objects of that namespace' },
  NotFound: {
    types: ['Accepted'],
    meaning: 'the Gateway that this waypoint should be, or that a label asks for, is not among the objects',
  },
  Pending: {
    types: ['Accepted', 'Programmed'],
    meaning: 'nothing is wrong, and it is not so far: a replica starts, or a write is tried again',
  },
  PortUnavailable: { types: ['Accepted'], meaning: 'a listener wants another port than 15008, or one that is taken' },
  Probation: {
    types: ['Healthy'],
    meaning: 'the filter is called for a few requests, to see whether it is well again',
  },
  Programmed: { types: ['Programmed'], meaning: 'nothing is wrong' },
  ProtocolConflict: { types: ['Conflicted'], meaning: 'another listener has the port of this one' },
  Quarantined: { types: ['Healthy'], meaning: 'the filter failed too often, and is not called for a while' },
  Refused: { types: ['Programmed'], meaning: 'a version of a filter failed its trial; the one before goes on' },
  ResolvedRefs: { types: ['ResolvedRefs'], meaning: 'nothing is wrong' },
  SupportedVersion: { types: ['Accepted'], meaning: 'of a GatewayClass: the CRDs of Gateway API have a known version' },
  TargetNotFound: {
    types: ['Accepted', 'PartiallyInvalid', 'Programmed'],
    meaning: 'a target is not there, is not bound to this waypoint, or has nothing that a filter could act on',
  },
  UndeclaredPort: {
    types: ['Bypassed'],
    meaning: 'a port says nothing of what it speaks, and TLS passes by what asks of requests there',
  },
  UnsupportedAddress: { types: ['Accepted'], meaning: 'a Gateway asks for an address that cannot be given' },
  UnsupportedKind: { types: ['Accepted'], meaning: 'a kind of our group that this version does not know' },
  UnsupportedProtocol: {
    types: ['Accepted', 'ResolvedRefs'],
    meaning: 'a listener that is not HBONE, or a backend whose appProtocol is not carried out',
  },
  UnsupportedValue: {
    types: ['Accepted', 'PartiallyInvalid'],
    meaning: 'a field or value that is understood and not carried out: what it describes is closed',
  },
  UnsupportedVersion: { types: ['Accepted'], meaning: 'of a GatewayClass: CRDs of Gateway API of another version' },
}
