/** A waypoint between clients and pods, each behind a wire of their own where that is wanted, and neighbours without. */
import { processTree, rssMbOf } from '../../bench/support/process-stats.ts'
import { createWire, type Wire } from '../../e2e/support/network/wire.ts'
import type { RunningFairway } from '../../e2e/support/fairway-process.ts'
import { API, createFleet, endpointOf, type Fleet } from '../../e2e/support/resilience/fleet.ts'
import { service } from '../../e2e/support/objects.ts'
import { startClient, type ClientProcess } from './client-process.ts'
import type { ClientPlan } from './client-plan.ts'

export interface SceneOptions {
  /** Of the wire or wires, so that files can run beside one another. */
  readonly subnet: number
  /** Who is behind a wire; the others are on this machine's loopback. */
  readonly behind: 'clients' | 'pods'
  readonly pods: number
  /** Of the namespace, where clients are in it; default 1. */
  readonly addresses?: number
  readonly flags?: readonly string[]
  readonly objects?: readonly object[]
}

export interface Scene extends AsyncDisposable {
  readonly wire: Wire
  readonly fleet: Fleet
  readonly fairway: RunningFairway
  /** Behind the wire if clients are, else before it. */
  readonly startClient: (shape: ClientShape) => Promise<ClientProcess>
  /** Never behind a wire, and asks a Service of its own, whose pod is not either. */
  readonly startNeighbour: (shape: ClientShape) => Promise<ClientProcess>
  /** Of the waypoint's processes. */
  readonly rssMb: () => number
}

export type ClientShape = Omit<ClientPlan, 'waypoint' | 'authority' | 'tls'>

const NEIGHBOUR_VIP = '10.96.0.30'

/** Makes it; `undefined` where network namespaces are not to be had. */
export const createScene = async (options: SceneOptions): Promise<Scene | undefined> => {
  const { subnet, behind, pods, objects = [], flags = [], addresses: count = 1 } = options
  const wire = createWire(subnet, behind === 'pods' ? pods : count)
  if (wire === undefined) return undefined
  const open = new AsyncDisposableStack()
  open.use(wire)
  try {
    const fleet = open.use(await createFleet())
    const addresses = behind === 'pods' ? wire.addresses : loopback(subnet, pods)
    const namespace = behind === 'pods' ? { namespace: wire.namespace } : {}
    const specs = addresses.map((address, index) => ({ name: `api-${index}`, address }))
    for (const spec of specs) await fleet.startPod({ ...spec, ...namespace })
    const quiet = { name: 'quiet-0', address: `127.72.${subnet}.99` }
    await fleet.startPod({ ...quiet, who: 'shop/quiet' })
    const endpoint = { ...endpointOf(quiet), serviceAccount: 'quiet' }
    fleet.put(specs.map(endpointOf), [
      ...service({ name: 'quiet', vip: NEIGHBOUR_VIP, endpoints: [endpoint] }),
      ...objects,
    ])
    const fairway = await fleet.startFairway(1, ['--bind', behind === 'clients' ? wire.here : '127.0.0.1', ...flags])
    const start = async (shape: ClientShape & Pick<ClientPlan, 'authority'>, where?: string): Promise<ClientProcess> =>
      open.use(await startClient({ waypoint: fairway.addresses.hbone, tls: fleet.tls, ...shape }, where))
    return {
      wire,
      fleet,
      fairway,
      startClient: (shape) => start({ ...shape, authority: API }, behind === 'clients' ? wire.namespace : undefined),
      startNeighbour: (shape) => start({ ...shape, authority: `${NEIGHBOUR_VIP}:80` }),
      rssMb: () => rssMbOf(processTree(fairway.pid)),
      [Symbol.asyncDispose]: () => open.disposeAsync(),
    }
  } catch (error) {
    await open.disposeAsync()
    throw error
  }
}

const loopback = (subnet: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `127.72.${subnet}.${index + 3}`)
