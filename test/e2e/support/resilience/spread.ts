/** More replicas under a steady load of long-lived tunnels, as a HorizontalPodAutoscaler adds them. */
import { request as httpRequest } from 'node:http'
import type { ClientHttp2Stream } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import type { RunningFairway } from '../fairway-process.ts'
import { createTunnelAgent, type HboneClient } from '../hbone-client.ts'
import { createMesh } from '../mesh.ts'
import { gateway, service } from '../objects.ts'

export interface SpreadOptions {
  /** `NETWORK.1` is used. */
  readonly network: string
  /** Replicas at first; then there are twice as many. */
  readonly replicas: number
  /** Each is the connection of one application, that asks about once a second for as long as it may keep it. */
  readonly tunnels: number
  readonly maxAgeSeconds: number
}

export interface SpreadReport {
  readonly requests: number
  readonly failures: readonly string[]
  /** Of each replica, of the requests of two seconds: just before there were more of them, and two ages later. */
  readonly before: readonly number[]
  readonly after: readonly number[]
}

const VIP = '10.96.0.10:80'
const WINDOW_MS = 2000
/** The waypoint allows 100; node:http2 counts one as closed before it has said so. */
const MAX_TUNNELS = 50

/** Opens tunnels as ztunnel does: to any replica, on a connection that has room and did not say GOAWAY. */
const createZtunnel = (dial: (replica: RunningFairway) => Promise<HboneClient>) => {
  const replicas: RunningFairway[] = []
  const connections: { readonly replica: RunningFairway; readonly client: Promise<HboneClient>; tunnels: number }[] = []
  const open = async (
    replica = replicas[Math.floor(Math.random() * replicas.length)],
  ): Promise<{ readonly stream: ClientHttp2Stream; readonly replica: RunningFairway }> => {
    if (replica === undefined) throw new Error('there is no replica')
    for (const connection of connections.filter((one) => one.replica === replica)) {
      const client = await connection.client
      if (!client.isOpen || connection.tunnels >= MAX_TUNNELS) continue
      connection.tunnels++
      const { status, stream } = await client.connect(VIP)
      if (status !== 200) throw new Error(`CONNECT was answered ${status}`)
      stream.once('close', () => connection.tunnels--)
      return { stream, replica }
    }
    connections.push({ replica, client: dial(replica), tunnels: 0 })
    return open(replica)
  }
  return { add: (...more: readonly RunningFairway[]) => void replicas.push(...more), open }
}

/** An application with one connection, that goes through one tunnel after the other. */
const createApplication = (open: ReturnType<typeof createZtunnel>['open']) => {
  let at: RunningFairway | undefined
  const agent = createTunnelAgent({
    open: async () => {
      const { stream, replica } = await open()
      at = replica
      return stream
    },
    maxTunnels: 1,
  })
  const ask = (): Promise<RunningFairway | undefined> => {
    const { promise, resolve, reject } = Promise.withResolvers<RunningFairway | undefined>()
    const request = httpRequest({ agent, host: 'api.shop', signal: AbortSignal.timeout(10_000) }, (response) => {
      response.once('error', reject).once('end', () => {
        if (response.statusCode === 200) resolve(at)
        else reject(new Error(`status ${response.statusCode}`))
      })
      response.resume()
    })
    request.once('error', reject).end()
    return promise
  }
  return { ask, close: () => agent.destroy() }
}

/** Doubles the replicas, and counts who gets what. */
export const doubleReplicas = async (options: SpreadOptions): Promise<SpreadReport> => {
  const { network, replicas, tunnels, maxAgeSeconds } = options
  await using mesh = await createMesh([
    gateway,
    ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ])
  await mesh.startPod('api', { address: `${network}.1`, port: 9080, answer: (_, response) => response.end('ok') })
  const start = (): Promise<RunningFairway[]> =>
    Promise.all(
      Array.from({ length: replicas }, () => mesh.startFairway(1, ['--max-connection-age', `${maxAgeSeconds}s`])),
    )
  const ztunnel = createZtunnel((replica) => mesh.dial(replica))
  const first = await start()
  ztunnel.add(...first)
  const [counts, failures, run]: [Map<RunningFairway | undefined, number>, string[], { isOver: boolean }] = [
    new Map(),
    [],
    { isOver: false },
  ]
  let requests = 0
  const applications = Array.from({ length: tunnels }, async () => {
    const { ask, close } = createApplication(ztunnel.open)
    await delay(Math.random() * 1000)
    for (; !run.isOver; await delay(1000)) {
      try {
        const replica = await ask()
        requests++
        counts.set(replica, (counts.get(replica) ?? 0) + 1)
      } catch (error) {
        failures.push(String(error))
      }
    }
    close()
  })
  const count = async (all: readonly RunningFairway[]): Promise<readonly number[]> => {
    counts.clear()
    await delay(WINDOW_MS)
    return all.map((replica) => counts.get(replica) ?? 0)
  }
  await delay(4000)
  const before = await count(first)
  const more = await start()
  ztunnel.add(...more)
  await delay(2000 * maxAgeSeconds - WINDOW_MS)
  const after = await count([...first, ...more])
  run.isOver = true
  await Promise.all(applications)
  return { requests, failures, before, after }
}
