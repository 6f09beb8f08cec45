/** A cluster for whole runs: an API server, a mesh's CA, and processes of ours, which may only what RBAC lets them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kubeResources, type KubeResource } from '../../../src/kube/resources.ts'
import { startDestination, type Destination, type DestinationOptions } from '../../e2e/support/destination.ts'
import {
  startProcess,
  untilReady,
  type FairwayProcess,
  type RunningFairway,
} from '../../e2e/support/fairway-process.ts'
import { dialWaypoint, tlsOf, type HboneClient } from '../../e2e/support/hbone-client.ts'
import { startIstiod } from '../../e2e/support/identity/istiod.ts'
import { issueTo } from '../../e2e/support/mesh-certificates.ts'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer, type KubeServer, type KubeServerOptions } from '../../support/kube/kube-server.ts'
import { isObject, textAt, type Json, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { CONTROLLER, installRoles, SYSTEM } from './controller.ts'
import { startPod } from './kubelet.ts'

/** Why nothing can be served here: a pod needs an address that is not of the loopback range. */
export const whyNoNetwork: string | false =
  process.env['FAIRWAY_KUBE_NETWORK'] === undefined
    ? 'no network namespace: run it with npm run test:kube, where unshare(1) and ip(8) are to be had'
    : false

export interface Cluster extends AsyncDisposable {
  readonly server: KubeServer
  /** Puts objects there, with their statuses. */
  readonly apply: (...objects: readonly object[]) => Promise<void>
  /** What there is of an object; `undefined` when it is not there. */
  readonly find: (kind: KubeKind, namespace: string, name: string) => Promise<JsonObject | undefined>
  readonly remove: (kind: KubeKind, namespace: string, name: string) => Promise<void>
  /** Starts `fairway controller` as the account that the chart's roles are given to. */
  readonly startController: () => Promise<FairwayProcess>
  /** Runs a replica of a Gateway as its Deployment says, on an address of its own. */
  readonly startReplica: (namespace: string, name: string, address: string) => Promise<RunningFairway>
  /** Starts a pod of the account `NAMESPACE/NAME`, reached by HBONE. */
  readonly startApplication: (who: string, options: Omit<DestinationOptions, 'credentials'>) => Promise<Destination>
  /** Certificates that replicas got so far. */
  readonly issued: () => number
  /** Dials a replica as `NAMESPACE/ACCOUNT`. */
  readonly dial: (replica: RunningFairway, who: string) => Promise<HboneClient>
}

export type KubeKind = keyof typeof kubeResources

export interface ClusterOptions extends KubeServerOptions {
  /** How long certificates of replicas last. Default: an hour. */
  readonly certificateMs?: number
}

export const createCluster = async ({
  certificateMs = 3_600_000,
  ...options
}: ClusterOptions = {}): Promise<Cluster> => {
  await using started = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'fairway-cluster-'))
  started.defer(() => rmSync(dir, { recursive: true, force: true }))
  const server = started.use(await startKubeServer(options))
  const istiod = started.use(await startIstiod(certificateMs))
  await defineKinds(server)
  await installRoles(server)
  const apply = async (...objects: readonly object[]): Promise<void> => {
    for (const object of objects) await applyObject(server, requireObject(object))
  }
  const find = async (kind: KubeKind, namespace: string, name: string): Promise<JsonObject | undefined> => {
    const { code, body } = await server.ask('GET', pathOf(kubeResources[kind], namespace, name))
    return code === 200 ? body : undefined
  }
  const open = started.move()
  return {
    server,
    apply,
    find,
    remove: async (kind, namespace, name) =>
      void (await server.ask.good('DELETE', pathOf(kubeResources[kind], namespace, name))),
    startController: async () => {
      const flags = ['--kubeconfig', server.kubeconfigOf(CONTROLLER), '-n', SYSTEM, ...portFlags]
      const controller = open.use(startProcess(['controller', ...flags]))
      await controller.waitForLog('ready', ({ event }) => event === 'ready')
      return controller
    },
    startReplica: async (namespace, name, address) => {
      const pod = await startPod({ server, istiod, find, namespace, name, address })
      return open.use(await untilReady(pod))
    },
    startApplication: async (who, rest) =>
      open.use(await startDestination(who, { ...rest, credentials: await issueTo(istiod.ca, who) })),
    issued: istiod.issued,
    dial: async (replica, who) =>
      open.use(await dialWaypoint(replica.addresses.hbone, tlsOf(await issueTo(istiod.ca, who)))),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

const portFlags = ['--bind', '127.0.0.1', '--ready-port', '0', '--metrics-port', '0']

/** A plain object is JSON; whether it is the right one the server says. */
const requireObject = (object: object): JsonObject => {
  const value = object as Json
  if (!isObject(value)) throw new Error('no object')
  return value
}

const applyObject = async ({ ask }: KubeServer, object: JsonObject): Promise<void> => {
  const resource = resources.get(textAt(object, 'kind'))
  if (resource === undefined) throw new Error(`no kind ${textAt(object, 'kind')}`)
  const path = pathOf(resource, textAt(object, 'metadata', 'namespace'), textAt(object, 'metadata', 'name'))
  const { status, ...rest } = object
  await ask.apply(path, rest)
  if (status === undefined) return
  const { apiVersion = '', kind = '' } = object
  const name = textAt(object, 'metadata', 'name')
  await ask.apply(`${path}/status`, { apiVersion, kind, metadata: { name }, status })
}

const resources: ReadonlyMap<string, KubeResource> = new Map(Object.entries<KubeResource>(kubeResources))

/** Where an object stands, or all of a kind do. */
export const pathOf = (
  { group, version, plural, isNamespaced }: KubeResource,
  namespace: string,
  name?: string,
): string => {
  const api = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return `${api}${isNamespaced ? `/namespaces/${namespace}` : ''}/${plural}${name === undefined ? '' : `/${name}`}`
}
