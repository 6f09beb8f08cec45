/** All pods of a Service are replaced one after the other under load, as a Deployment does it. */
import { setTimeout as delay } from 'node:timers/promises'
import { createFleet, endpointOf, API, refusalsOf } from './fleet.ts'
import { totalOf, type PodProcess } from './pod-process.ts'
import type { SteadyReport } from './steady-load.ts'
import { eventually } from '../eventually.ts'
import type { EndpointSpec } from '../objects.ts'

export interface ReplacementOptions {
  readonly network: string
  readonly workers: number
  readonly ratePerSecond: number
  /** Rounds in which all three pods are replaced. */
  readonly rounds: number
  /** Between a new pod and the end of the old one, and until the next. */
  readonly pauseMs: number
  /** How long a pod serves on when its end is known to all workers; 0: it refuses everything at once, known or not. */
  readonly serveOnMs: number
  /** Default: a GET. */
  readonly request?: string
  readonly objects?: readonly object[]
}

export interface ReplacementReport extends SteadyReport {
  readonly pods: number
  /** What became of long answers that were under way when their pods were told to end. */
  readonly streams: readonly string[]
  /** How many of those there were at pods that were told to end. */
  readonly streamsAtEnd: number
  /** Pods that got no request at all. */
  readonly idlePods: number
  readonly refusals: string
}

const STREAM = { pieces: 10, everyMs: 50 }
const WHOLE_STREAM = 'piece'.repeat(STREAM.pieces)
const STREAMS = 6

/** A new pod, then its slice, then the old one out of its slice at the same time as SIGTERM; again and again. */
export const replaceAll = async (options: ReplacementOptions): Promise<ReplacementReport> => {
  const { network, workers, ratePerSecond, rounds, pauseMs, serveOnMs, request, objects } = options
  await using fleet = await createFleet()
  let count = 0
  const startNext = (): Promise<PodProcess> => {
    const n = 3 + count++
    const shape = { serveOnMs, stream: STREAM }
    return fleet.startPod({ name: `api-${n}`, address: `${network}.${n}`, ...shape })
  }
  const serving = await Promise.all([startNext(), startNext(), startNext()])
  const put = (leaving: readonly PodProcess[]): void => {
    fleet.put([...serving.map(endpointOf), ...leaving.map(terminating)], objects)
  }
  put([])
  const fairway = await fleet.startFairway(workers)
  const generation = (): Promise<number> => fairway.metric('fairway_config_generation')
  const change = async (leaving: readonly PodProcess[]): Promise<void> => {
    const before = await generation()
    put(leaving)
    if (serveOnMs > 0) await eventually('all workers to know', async () => (await generation()) > before)
  }
  const load = await fleet.startLoad(fairway, {
    ratePerSecond,
    connections: 16,
    tunnels: 6,
    ...(request === undefined ? {} : { request }),
  })
  const client = await fleet.mesh.dial(fairway)
  const longAnswer = (): Promise<string> =>
    client.request(API, { path: '/stream' }).then(
      ({ status, body }) => (status === 200 && body === WHOLE_STREAM ? 'whole' : `${status} ${body}`),
      (error: unknown) => String(error),
    )
  const streams: Promise<string>[] = []
  let [streamsAtEnd, idlePods] = [0, 0]
  await delay(pauseMs)
  for (let i = 0; i < rounds * 3; i++) {
    serving.push(await startNext())
    await change([])
    await delay(pauseMs)
    const old = serving.shift()
    if (old === undefined) throw new Error('there are always three')
    const pods = [...serving, old]
    const before = await old.counts()
    let atEnd = before
    // Whom each goes to is left to chance.
    while (atEnd.streams === before.streams) {
      const begunBefore = await totalOf(pods, 'streams')
      for (let n = 0; n < STREAMS; n++) streams.push(longAnswer())
      // They are under way, and far from their end.
      await delay((STREAM.pieces * STREAM.everyMs) / 4)
      await eventually('all streams to begin', async () => (await totalOf(pods, 'streams')) - begunBefore >= STREAMS)
      atEnd = await old.counts()
    }
    streamsAtEnd += atEnd.streams - before.streams
    if (atEnd.requests === 0) idlePods++
    await change([old])
    await old.kill('SIGTERM')
    await change([])
    await delay(pauseMs)
  }
  const report = await load.stop()
  const refusals = await refusalsOf(fairway)
  return { ...report, pods: count, streams: await Promise.all(streams), streamsAtEnd, idlePods, refusals }
}

const terminating = (pod: PodProcess): EndpointSpec => ({
  ...endpointOf(pod),
  conditions: { ready: false, serving: true, terminating: true },
})
