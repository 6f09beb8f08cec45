/** Meshes for the checks of `fairway doctor`: the one without a fault, and what a case makes of it. */
import { generateKeyPairSync } from 'node:crypto'
import { parseAllDocuments } from 'yaml'
import type { Reading } from '../../../src/cli/doctor/mesh/reading.ts'
import { createMesh, type Mesh } from '../../../src/cli/doctor/mesh/mesh.ts'
import { createOurCrds } from '../../../src/config/crds/our-crds.ts'
import { desiredOf } from '../../../src/controller/desired/desired.ts'
import { mergePatch } from '../../../src/controller/desired/parameters/merge-patch.ts'
import { planGateway } from '../../../src/controller/desired/plan-gateway.ts'
import { valueAt, type JsonObject, type LiveObject } from '../../../src/controller/manifest.ts'
import { roleManifests } from '../../../src/controller/roles/manifests.ts'
import { createCertificate } from '../../../src/identity/ca/certificate.ts'
import { isPlainObject } from '../../../src/lib/schema.ts'
import { waypointSettings } from '../kube/waypoint-settings.ts'

/** The time of all cases. */
export const NOW_MS = Date.parse('2026-11-22T12:00:00Z')
const DAY_MS = 86_400_000

/** A fault that is planted, and what has to be found. */
export interface MeshCase {
  readonly what: string
  /** `CODE KIND/NAMESPACE/NAME` of every finding; without an object `CODE`. */
  readonly expect: readonly string[]
  /** Merge patches (RFC 7386) by kind and name; an object that is not there is added. */
  readonly change?: readonly JsonObject[]
  /** `KIND/NAMESPACE/NAME` */
  readonly remove?: readonly string[]
  /** `KIND.GROUP` that the server has not, or has in these versions. */
  readonly served?: Readonly<Record<string, readonly string[]>>
  /** The right without which a kind cannot be read. */
  readonly refuse?: Readonly<Record<string, string>>
  readonly server?: { readonly version?: string; readonly skewMs?: number; readonly lacks?: readonly string[] }
  readonly scope?: readonly string[]
  /** Of this program; default as the controller's. */
  readonly version?: string
}

/** The objects of a YAML text, one to a document. */
export const objectsIn = (text: string): readonly JsonObject[] =>
  parseAllDocuments(withCertificates(text)).map((document) => {
    // What YAML has, JSON has too; a document that is no object fails where it is used.
    return document.toJS() as JsonObject
  })

/** Texts of certificates in the place of `$ROOT`, `$EXPIRED`, `$EARLY`, `$SOON` and `$OTHER`. */
export const withCertificates = (text: string): string =>
  text.replaceAll(/\$(ROOT|EXPIRED|EARLY|SOON|OTHER)\b/g, (_all, name: string) => JSON.stringify(certificates[name]))

const rootCertificate = (notBeforeMs: number, notAfterMs: number): string => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { commonName: 'root', ...keys }
  const usage = { kind: 'root' } as const
  return createCertificate({ publicKey: keys.publicKey, issuer, commonName: 'root', notBeforeMs, notAfterMs, usage })
}

const certificates: Readonly<Record<string, string>> = {
  ROOT: rootCertificate(NOW_MS - 400 * DAY_MS, NOW_MS + 3000 * DAY_MS),
  EXPIRED: rootCertificate(NOW_MS - 400 * DAY_MS, NOW_MS - DAY_MS),
  EARLY: rootCertificate(NOW_MS + DAY_MS, NOW_MS + 400 * DAY_MS),
  SOON: rootCertificate(NOW_MS - 400 * DAY_MS, NOW_MS + 10 * DAY_MS),
  OTHER: rootCertificate(NOW_MS - 400 * DAY_MS, NOW_MS + 3000 * DAY_MS),
}

const keyOf = (object: unknown): string =>
  [valueAt(object, 'kind'), valueAt(object, 'metadata', 'namespace'), valueAt(object, 'metadata', 'name')]
    .filter((part) => part !== undefined)
    .join('/')

/** The objects of the mesh without a fault, by `KIND/NAMESPACE/NAME`. */
export const cleanObjects = (written: readonly JsonObject[]): ReadonlyMap<string, JsonObject> => {
  const crds = createOurCrds().map((crd) => crd as JsonObject)
  const gateway = written.find((one) => keyOf(one) === 'Gateway/shop/waypoint')
  if (gateway === undefined) throw new Error('no Gateway shop/waypoint')
  const { plan } = planGateway(gateway, { namespaces: ['shop'], certificates: [], secrets: [] })
  const desired = desiredOf(plan, waypointSettings, [])
  if (!desired.ok) throw new Error(JSON.stringify(desired.issues))
  const roles = roleManifests().map((role) =>
    role.kind === 'Role' ? { ...role, metadata: { ...role.metadata, namespace: 'fairway-system' } } : role,
  )
  const made = desired.manifests.map((one) => mergePatch(one, statuses[one.kind] ?? {}))
  const all = [...written, ...crds, ...roles, ...made, ...replicasOf(made)]
  return new Map(all.map((one) => [keyOf(one), one]))
}

/** What Kubernetes says of what the controller makes. */
const statuses: Readonly<Record<string, JsonObject>> = {
  Deployment: { spec: { replicas: 2 }, status: { readyReplicas: 2 } },
  HorizontalPodAutoscaler: {
    status: { conditions: ['AbleToScale', 'ScalingActive'].map((type) => ({ type, status: 'True' })) },
  },
  PodDisruptionBudget: { status: { expectedPods: 2, currentHealthy: 2, disruptionsAllowed: 1 } },
}

const replicasOf = (made: readonly JsonObject[]): readonly JsonObject[] => {
  const deployment = made.find(({ kind }) => kind === 'Deployment')
  const template = valueAt(deployment, 'spec', 'template')
  if (!isPlainObject(template)) throw new Error('no Deployment')
  return [0, 1].map((index): JsonObject => {
    const pod: JsonObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      // A template is JSON, as all that the controller makes.
      metadata: template['metadata'] as JsonObject,
      spec: template['spec'] as JsonObject,
      status: { phase: 'Running', podIP: `10.1.1.${index}`, conditions: [{ type: 'Ready', status: 'True' }] },
    }
    return mergePatch(pod, { metadata: { name: `waypoint-${index}`, namespace: 'shop' } })
  })
}

const servedKinds = (objects: Iterable<LiveObject>): Map<string, readonly string[]> => {
  const served = new Map<string, readonly string[]>()
  for (const one of objects) {
    const group = String(one['apiVersion']).replace(/\/?[^/]*$/, '')
    const version = String(one['apiVersion']).replace(/^.*\//, '')
    served.set(`${String(one['kind'])}.${group}`, [version])
  }
  for (const crd of createOurCrds())
    served.set(`${String(valueAt(crd, 'spec', 'names', 'kind'))}.fairway.dev`, ['v1alpha1'])
  for (const kind of ['GRPCRoute', 'ReferenceGrant']) served.set(`${kind}.gateway.networking.k8s.io`, ['v1'])
  served.set('PodMetrics.metrics.k8s.io', ['v1beta1'])
  return served
}

/** Makes the mesh of a case out of the objects of the one without a fault. */
export const meshOf = (clean: ReadonlyMap<string, JsonObject>, one: Omit<MeshCase, 'what' | 'expect'>): Mesh => {
  const objects = new Map(clean)
  for (const key of one.remove ?? []) {
    if (!objects.delete(key)) throw new Error(`${key} is not there to be removed`)
  }
  for (const change of one.change ?? []) {
    const before = objects.get(keyOf(change))
    objects.set(keyOf(change), before === undefined ? change : mergePatch(before, change))
  }
  const served = servedKinds([...clean.values(), ...objects.values()])
  for (const [kind, versions] of Object.entries(one.served ?? {})) {
    if (versions.length === 0) served.delete(kind)
    else served.set(kind, versions)
  }
  const readings = new Map<string, Reading>(
    [...Map.groupBy(objects.values(), ({ kind }) => String(kind))].map(([kind, all]) => [
      kind,
      { state: 'read', objects: all },
    ]),
  )
  const services = [...objects.values()].filter(
    (object) => object['kind'] === 'Service' && valueAt(object, 'metadata', 'namespace') === 'istio-system',
  )
  readings.set('IstiodService', { state: 'read', objects: services })
  for (const [kind, right] of Object.entries(one.refuse ?? {})) {
    readings.set(kind, { state: 'refused', why: '403 Forbidden', right, objects: [] })
  }
  const { version = 'v1.34.1', skewMs = 400, lacks = [] } = one.server ?? {}
  return createMesh({
    server: {
      url: 'https://10.0.0.1:6443',
      version,
      skewMs,
      rights: [
        { right: 'patch namespaces', purpose: 'fairway waypoint apply', isGiven: true },
        ...lacks.map((right) => ({ right, purpose: 'fairway waypoint apply', isGiven: false })),
      ],
    },
    readings,
    served,
    nowMs: NOW_MS,
    scope: one.scope,
    settings: { istioNamespace: 'istio-system', clusterDomain: 'cluster.local', version: one.version ?? '1.2.3' },
  })
}
