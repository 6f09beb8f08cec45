/**
 * From unknown to typed objects, field by field, one object at a time. What an object means together with others, and
 * where it was found, must never enter this room.
 */
import type { Issue } from '../../lib/decoded.ts'
import { nearestWord } from '../../lib/nearest.ts'
import * as s from '../../lib/schema.ts'
import { hideFound } from '../../lib/secrets/hide-found.ts'
import type { ObjectRef } from '../../model/model.ts'
import { isUnrelated, knownKinds, type KnownKind, type KubeObject } from './kinds.ts'
import { decodeMetadata, type Metadata } from './metadata.ts'

/** What became of one document. */
export type ReadObject =
  /** Usable; `issues` may still name parts that are not, or that are ignored. */
  | { readonly state: 'typed'; readonly ref: ObjectRef; readonly object: KubeObject; readonly issues: readonly Issue[] }
  /** Of a known kind, but unusable. */
  | { readonly state: 'broken'; readonly ref: ObjectRef; readonly issues: readonly Issue[] }
  /** Of a kind that nothing is done with. */
  | { readonly state: 'unsupported'; readonly ref: ObjectRef; readonly issues: readonly Issue[] }
  /** Of a kind that never concerns a proxy (Deployment, ServiceAccount, …). */
  | { readonly state: 'unrelated'; readonly ref: ObjectRef; readonly issues: readonly Issue[] }
  /** No Kubernetes object at all. */
  | { readonly state: 'unreadable'; readonly ref: undefined; readonly issues: readonly Issue[] }

/** What can be said of an object that is usable and has no issues, where reading it takes time. */
export interface ReadBrief {
  readonly kind: string
  /** False when none of its texts is this one. */
  readonly mentions: (text: string) => boolean
}

const typeMeta = s.object(
  {
    apiVersion: s.string({ pattern: /([a-z0-9.-]+\/)?v[a-z0-9]+/, describe: 'an API version like v1 or GROUP/v1' }),
    kind: s.string({ pattern: /[A-Za-z0-9]{1,63}/, describe: 'the name of a kind' }),
  },
  { unknownFields: 'ignore' },
)

/** Reads one object; never throws. No issue shows what its place or its form calls a secret. */
export const readObject = (value: unknown): ReadObject => {
  const read = readAny(value)
  const { issues } = read
  return issues.length === 0 ? read : { ...read, issues: issues.map((issue) => hideFound(issue, value)) }
}

const readAny = (value: unknown): ReadObject => {
  if (!s.isPlainObject(value)) {
    // A key or a token in a file of the wrong name is a document that is one text.
    const what = Array.isArray(value) ? 'an array' : `a ${typeof value}`
    const issue = { message: `no Kubernetes object but ${what}`, expected: 'an object with apiVersion and kind' }
    return { state: 'unreadable', ref: undefined, issues: [issue] }
  }
  const type = typeMeta.decode(value, '')
  if (!type.ok) return { state: 'unreadable', ref: undefined, issues: type.issues }
  const { apiVersion, kind } = type.value
  const [group, version] = apiVersion.includes('/') ? splitOnce(apiVersion) : ['', apiVersion]
  const known = knownKinds.get(kind)
  const ref = referTo(value, kind, known?.scope ?? 'namespace')
  if (isUnrelated(group, kind)) return { state: 'unrelated', ref, issues: [] }
  if (known === undefined || known.group !== group) {
    const defect = unknownKind(apiVersion, kind, known)
    const meant = guardMeantBy(group, kind)
    if (meant !== undefined) return readKnown(value, { ref, known: meant, defects: [defect] })
    return { state: 'unsupported', ref, issues: [defect] }
  }
  if (known.versions.includes(version)) return readKnown(value, { ref, known, defects: [] })
  const defect = unknownKind(apiVersion, kind, known)
  return known.onUnknownVersion === 'close'
    ? readKnown(value, { ref, known, defects: [defect] })
    : { state: 'unsupported', ref, issues: [defect] }
}

/**
 * What a slip of the pen in its group or kind would make of a policy that refuses: nothing at all. Others have kinds of the
 * same names, so that the group has to be nearly ours too.
 */
const guardMeantBy = (group: string, kind: string): KnownKind | undefined => {
  const nearest = nearestWord(kind, knownKinds.keys()) ?? kind
  const known = knownKinds.get(nearest)
  if (known?.onUnknownVersion !== 'close') return undefined
  return group === '' || nearestWord(group, [known.group]) !== undefined ? known : undefined
}

interface Reading {
  readonly ref: ObjectRef
  readonly known: KnownKind
  readonly defects: readonly Issue[]
}

const readKnown = (body: Readonly<Record<string, unknown>>, { ref, known, defects }: Reading): ReadObject => {
  const warnings: Issue[] = []
  const metadata = decodeMetadata(body['metadata'], known.scope, warnings)
  // What is a defect of a policy is told of as such.
  const lost = metadata.ok || known.onUnknownVersion !== 'close' ? [] : namespaceIssues(body, metadata.issues)
  if (!metadata.ok) {
    warnings.push(...metadata.issues.filter((issue) => !lost.includes(issue)))
    if (known.onBadMetadata === 'reject') return { state: 'broken', ref, issues: warnings }
  }
  // Others carry it out: of mutual TLS between Pods (PeerAuthentication) ztunnel decides.
  if (known.decode === undefined) return { state: 'unrelated', ref, issues: [] }
  const decoded = known.decode({
    metadata: metadata.ok ? metadata.value : bareMetadata(ref, lost.length > 0),
    body,
    warnings,
    defects: lost.length === 0 ? defects : [...defects, ...lost],
  })
  if (!decoded.ok) return { state: 'broken', ref, issues: [...warnings, ...decoded.issues] }
  return { state: 'typed', ref, object: decoded.value, issues: warnings }
}

const bareMetadata = ({ namespace, name }: ObjectRef, isNamespaceUnknown: boolean): Metadata => ({
  namespace,
  name,
  labels: {},
  annotations: {},
  owners: [],
  ...(isNamespaceUnknown ? { isNamespaceUnknown: true as const } : {}),
})

/** Those that leave nobody knowing what namespace the object is of. */
const namespaceIssues = (body: Readonly<Record<string, unknown>>, issues: readonly Issue[]): readonly Issue[] => {
  const { metadata } = body
  const written = s.isPlainObject(metadata) ? metadata['namespace'] : metadata
  // To Kubernetes this is as if it were not there.
  if (written === undefined || written === null || written === '') return []
  return issues.filter(({ path }) => path === 'metadata.namespace' || path === 'metadata')
}

const supported = 'a kind that is in docs/concepts/configuration.md'

/** Kinds of Istio's that others read, and what says the same here. */
const inPlaceOf: ReadonlyMap<string, string> = new Map([
  ['VirtualService', 'HTTPRoute'],
  ['DestinationRule', 'BackendPolicy or BackendTLSPolicy'],
  ['EnvoyFilter', 'Filter'],
  ['WasmPlugin', 'Filter'],
  ['TrafficExtension', 'Filter'],
  ['ProxyConfig', 'a flag of fairway run'],
  ['WorkloadGroup', 'a WorkloadEntry'],
])

/** Kinds that mean nothing to any waypoint, and why. */
const ofOthers: ReadonlyMap<string, string> = new Map([
  ['networking.istio.io/Sidecar', 'it is about proxies beside Pods, and a waypoint knows what its Services need'],
  ['gateway.networking.k8s.io/UDPRoute', 'ztunnel takes UDP past every waypoint'],
])

const unknownKind = (apiVersion: string, kind: string, known: KnownKind | undefined): Issue => {
  if (known !== undefined) {
    const versions = known.versions.map((version) => (known.group === '' ? version : `${known.group}/${version}`))
    return {
      message: `${kind} is not known in ${apiVersion}`,
      path: 'apiVersion',
      found: apiVersion,
      expected: `one of ${versions.join(', ')}`,
    }
  }
  const instead = apiVersion.includes('istio.io/') ? inPlaceOf.get(kind) : undefined
  if (instead !== undefined) {
    const message = `${kind} is not read: ${instead} is in its place (docs/guides/migrate-from-envoy-waypoint.md)`
    return { message, path: 'kind', found: kind, expected: instead }
  }
  const why = ofOthers.get(`${apiVersion.split('/')[0]}/${kind}`)
  if (why !== undefined) {
    return { message: `${kind} is not carried out: ${why}`, path: 'kind', found: kind, expected: supported }
  }
  const nearest = nearestWord(kind, knownKinds.keys())
  const guess = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return { message: `unknown kind ${kind}${guess}`, path: 'kind', found: kind, expected: nearest ?? supported }
}

/** Names the object even when its metadata is wrong, as far as they can be told. */
const referTo = (body: Readonly<Record<string, unknown>>, kind: string, scope: 'cluster' | 'namespace'): ObjectRef => {
  const metadata = s.isPlainObject(body['metadata']) ? body['metadata'] : {}
  const text = (value: unknown, fallback: string): string =>
    typeof value === 'string' && value !== '' ? value : fallback
  const namespace = scope === 'cluster' ? '' : text(metadata['namespace'], 'default')
  return { kind, namespace, name: text(metadata['name'], '(unnamed)') }
}

const splitOnce = (apiVersion: string): readonly [string, string] => {
  const slash = apiVersion.indexOf('/')
  return [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
}
