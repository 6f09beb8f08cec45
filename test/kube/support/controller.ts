/** A controller for tests: in this process, as an account that has no more rights than the chart gives it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { TranslateOptions } from '../../../src/config/translate/options.ts'
import { startController, type RunningController } from '../../../src/controller/controller.ts'
import type { Write } from '../../../src/controller/pass/actions/execute.ts'
import { controllerRole } from '../../../src/controller/roles/controller-roles.ts'
import { roleManifests } from '../../../src/controller/roles/manifests.ts'
import { createKubeClient, type KubeClient } from '../../../src/kube/client.ts'
import { connectKube } from '../../../src/kube/connect.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { createLogger } from '../../../src/lib/log.ts'
import type { KubeServer } from '../../support/kube/kube-server.ts'
import { listAt, textAt, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { waypointSettings } from '../../support/kube/waypoint-settings.ts'
import { createNamespace } from './objects.ts'

/** Where the controller is at home. */
export const SYSTEM = 'fairway-system'
/** Whom the server knows it as. */
export const CONTROLLER = 'controller'

const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** Puts the roles of the chart into a cluster, and the controller's namespace. */
export const installRoles = async (server: KubeServer): Promise<void> => {
  const { ask } = server
  await createNamespace(server, SYSTEM)
  for (const role of roleManifests()) {
    const path = role.kind === 'Role' ? `${rbac}/namespaces/${SYSTEM}/roles` : `${rbac}/clusterroles`
    await ask.good('POST', path, { body: role })
  }
  const subjects = [{ kind: 'User', name: CONTROLLER, apiGroup: 'rbac.authorization.k8s.io' }]
  const bind = (kind: string, name: string, roleKind: string): JsonObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name },
    subjects,
  })
  await ask.good('POST', `${rbac}/clusterrolebindings`, {
    body: bind('ClusterRoleBinding', controllerRole.name, 'ClusterRole'),
  })
  await ask.good('POST', `${rbac}/namespaces/${SYSTEM}/rolebindings`, {
    body: bind('RoleBinding', 'fairway-controller-leader', 'Role'),
  })
}

/** A client with a kubeconfig. */
export const openClient = async (kubeconfig: string): Promise<KubeClient> => {
  const connected = await connectKube({ kubeconfig, env: {} })
  if (!connected.ok) throw new Error(connected.message)
  return createKubeClient(connected.connection)
}

export const translateOptions: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

/** A controller that runs without standing for leader. */
export interface TestController extends AsyncDisposable {
  readonly read: RunningController['read']
  /** What was written and tried since it started. */
  readonly writes: readonly Write[]
}

/** Starts one; default: with a client of the account that the chart's roles are given to. */
export const startTestController = async (server: KubeServer, given?: KubeClient): Promise<TestController> => {
  const client = given ?? (await openClient(server.kubeconfigOf(CONTROLLER)))
  const writes: Write[] = []
  const controller = startController({
    client,
    clock: systemClock,
    log: createLogger({ write: () => {}, level: 'off', clock: systemClock }),
    settings: waypointSettings,
    systemNamespace: SYSTEM,
    translate: translateOptions,
    onWrite: (write) => void writes.push(write),
  })
  return {
    read: () => controller.read(),
    writes,
    [Symbol.asyncDispose]: async () => {
      await controller.close()
      client.close()
    },
  }
}

/** Waits until a question has an answer that will do. */
export const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
  for (let tries = 0; tries < 300; tries++) {
    const found = await look()
    if (found !== undefined) return found
    await delay(50)
  }
  throw new Error(`waited in vain: ${what}`)
}

/** `TYPE=STATUS/REASON` of conditions. */
export const formatConditions = (owner: JsonObject | undefined): readonly string[] =>
  listAt(owner, 'conditions').map((one) => `${textAt(one, 'type')}=${textAt(one, 'status')}/${textAt(one, 'reason')}`)

/** Does for Deployments what a cluster does: says how many of their Pods are ready. */
export const setReady = async ({ ask }: KubeServer, namespace: string, name: string, ready: number): Promise<void> => {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
  const deployment = await until(`Deployment ${name}`, async () => {
    const { code, body } = await ask('GET', path)
    return code === 200 ? body : undefined
  })
  const status = { replicas: ready, readyReplicas: ready, observedGeneration: 1 }
  await ask.good('PUT', `${path}/status`, { body: { ...deployment, status } })
}
