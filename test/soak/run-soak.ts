import { setTimeout as delay } from 'node:timers/promises'
import { waitFor } from '../bench/support/wait-for.ts'
import type { LogLine } from '../e2e/support/fairway-process.ts'
import type { Sample as Metric } from '../support/exposition/prometheus-text.ts'
import type { ClientReport, ClientWindow } from './client/plan.ts'
import type { SoakOptions } from './options.ts'
import { startDisturbances } from './stage/disturbances.ts'
import type { DisturbanceCounts } from './stage/disturbances.ts'
import { sumOf, takeSample } from './stage/samples.ts'
import type { SoakSample } from './stage/samples.ts'
import { openStage } from './stage/stage.ts'
import type { Stage } from './stage/stage.ts'

const LAST_ANSWERS_MS = 20_000
const SETTLE_MS = 20_000

/** What a soak has seen. */
export interface SoakRun {
  readonly options: SoakOptions
  /** ISO 8601. */
  readonly date: string
  readonly samples: readonly SoakSample[]
  readonly clients: ClientReport
  readonly disturbances: DisturbanceCounts
  /** Tunnels whose first request lacked the header that each route adds. */
  readonly withoutHeader: number
  /** When all clients had gone. */
  readonly metrics: readonly Metric[]
  readonly log: readonly LogLine[]
  /** What the soak itself could not do. */
  readonly troubles: readonly string[]
}

/** Runs one; `show` is told of every five seconds. `signal` ends it early, in good order. */
export const runSoak = async (
  options: SoakOptions,
  show: (sample: SoakSample, counts: DisturbanceCounts) => void,
  signal: AbortSignal,
): Promise<SoakRun> => {
  await using stage = await openStage(options)
  const date = new Date().toISOString()
  const samples: SoakSample[] = []
  const troubles: string[] = []
  const onTrouble = (what: string): void => void troubles.push(what)
  const startedMs = performance.now()
  const disturbances = startDisturbances(stage, options, { startedMs, onTrouble })
  const look = async (window: ClientWindow): Promise<void> => {
    const sample = await takeSample(stage.fairway, { atMs: performance.now() - startedMs, window })
    samples.push(sample)
    show(sample, disturbances.counts())
  }
  // One after the other, however slow the machine.
  let looking = Promise.resolve()
  stage.clients.go((window) => {
    looking = looking
      .then(() => look(window))
      .catch((error: unknown) => onTrouble(`no sample could be taken: ${String(error)}`))
  })
  await Promise.race([stage.clients.ended, delay(options.durationMs, undefined, { signal }).catch(() => {})])
  const counts = await disturbances.stop()
  const clients = await stage.clients.stop(LAST_ANSWERS_MS)
  await settle(stage).catch((error: unknown) => onTrouble(String(error)))
  return {
    ...{ options, date, samples, clients, disturbances: counts },
    withoutHeader: await stage.withoutHeader(),
    metrics: await stage.fairway.metrics(),
    log: stage.fairway.log(),
    troubles,
  }
}

/** All clients have gone: what is open has to be let go of. */
const settle = ({ fairway }: Stage): Promise<true> =>
  waitFor('the waypoint has noticed that all clients have gone', SETTLE_MS, async () => {
    const metrics = await fairway.metrics()
    return leftOver.every((name) => sumOf(metrics, name) === 0) || undefined
  })

/** Gauges that come to 0 without clients. */
export const leftOver: readonly string[] = [
  'fairway_connections_open',
  'fairway_tunnels_open',
  'fairway_exchanges_active',
  'fairway_tcp_connections_open',
  'fairway_buffered_bytes',
  'fairway_upstream_requests_pending',
]
