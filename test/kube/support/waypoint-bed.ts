/** A cluster in which `fairway waypoint` is tried: with a controller that has the least rights, and what stands for others. */
import { eventually } from '../../e2e/support/eventually.ts'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer, type KubeServer } from '../../support/kube/kube-server.ts'
import { textAt, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { createTerminal } from '../../support/terminal.ts'
import { commandOf, type Ended } from './command.ts'
import { installRoles, startTestController } from './controller.ts'
import { reportReady } from './kubelet.ts'
import { createNamespace } from './objects.ts'

export interface WaypointBed extends AsyncDisposable {
  readonly server: KubeServer
  readonly run: ReturnType<typeof commandOf>
  /** A namespace in ambient mode. */
  readonly createShop: (name: string) => Promise<void>
  readonly createService: (namespace: string, name: string, spec?: JsonObject) => Promise<void>
  /** Says of a Service what istiod would. */
  readonly bind: (namespace: string, service: string, bound: Bound) => Promise<void>
  /** `waypoint apply --wait`, and a replica that is ready once the command has said that it waits for one. */
  readonly up: (namespace: string, args?: string) => Promise<Ended>
  /** What a namespace names as its waypoint; `''`: none. */
  readonly enrolledBy: (namespace: string) => Promise<string>
}

export interface Bound {
  readonly isBound: boolean
  readonly message?: string
}

/** For a PATCH. */
export const merge = { contentType: 'application/merge-patch+json' }

/** What is waited for until a replica is ready. */
export const pending =
  'Programmed is False (Pending): waiting for the first replica to be ready: traffic goes past the waypoint until then'

export const createWaypointBed = async (): Promise<WaypointBed> => {
  const server = await startKubeServer()
  const { ask } = server
  await defineKinds(server)
  await installRoles(server)
  const controller = await startTestController(server)
  await eventually('an accepted class', async () => {
    const found = await ask('GET', '/apis/gateway.networking.k8s.io/v1/gatewayclasses/fairway-waypoint')
    return found.text.includes('become waypoints')
  })
  const run = commandOf(server)
  return {
    server,
    run,
    createShop: async (name) => {
      await createNamespace(server, name)
      const labels = { 'istio.io/dataplane-mode': 'ambient' }
      await ask.good('PATCH', `/api/v1/namespaces/${name}`, { body: { metadata: { labels } }, ...merge })
    },
    createService: async (namespace, name, spec = {}) => {
      const ports = [{ name: 'http', port: 80 }]
      const body = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name },
        spec: { selector: { app: name }, ports, ...spec },
      }
      await ask.good('POST', `/api/v1/namespaces/${namespace}/services`, { body })
    },
    bind: (namespace, service, bound) =>
      bindService(server, `/api/v1/namespaces/${namespace}/services/${service}/status`, bound),
    up: async (namespace, args = '') => {
      const terminal = createTerminal()
      const applying = run(`waypoint apply -n ${namespace} --wait --waypoint-timeout 60s${args}`, { terminal })
      await eventually('a reason', () => Promise.resolve(terminal.stderr().includes(`waiting: ${pending}\n`)))
      await bringUp(server, `/apis/apps/v1/namespaces/${namespace}/deployments/waypoint`)
      return applying
    },
    enrolledBy: async (namespace) =>
      textAt(await ask.good('GET', `/api/v1/namespaces/${namespace}`), 'metadata', 'labels', 'istio.io/use-waypoint'),
    [Symbol.asyncDispose]: async () => {
      await controller[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** As kubelets and the controller of Deployments would have it, once the Deployment is there. */
const bringUp = async (server: KubeServer, path: string): Promise<void> => {
  const deployment = await eventually('a Deployment', async () => {
    const found = await server.ask('GET', path)
    return found.code === 200 && found.body
  })
  await reportReady(server, deployment, 1)
}

const bindService = async ({ ask }: KubeServer, path: string, { isBound, message }: Bound): Promise<void> => {
  const condition = {
    type: 'istio.io/WaypointBound',
    status: isBound ? 'True' : 'False',
    reason: isBound ? 'WaypointAccepted' : 'WaypointIsNotReady',
    message: message ?? (isBound ? 'attached' : 'not ready'),
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  await ask.good('PATCH', path, { body: { status: { conditions: [condition] } }, ...merge })
}
