/**
 * A suite that has Fairway beside nginx and HAProxy in front of the same destinations in the same run. Nothing of a
 * proxy's inside is known here.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendPlan } from '../backend/plan.ts'
import type { ProxyContext } from '../proxies/context.ts'
import { startFairway } from '../proxies/fairway.ts'
import { SERVICE_AUTHORITY } from '../proxies/objects.ts'
import { peers, startPeer } from '../proxies/peers.ts'
import type { ProxyName, RunningProxy } from '../proxies/proxy.ts'
import type { CaseReport, SuiteReport } from '../report.ts'
import { median } from '../statistics.ts'
import { latencyOf, reportCase } from './case-report.ts'
import { isActive, measureContender } from './contender.ts'
import type { Contender } from './contender.ts'
import type { SuiteContext } from './context.ts'
import { peakRssMbOf, processTree } from '../support/process-stats.ts'
import { createLaboratory } from './laboratory.ts'
import type { Laboratory } from './laboratory.ts'
import { peerShapesOf } from './mesh-case.ts'
import type { MeshCase, MeshSuite, Shape } from './mesh-case.ts'
import { mergeLaunches } from './merge-launches.ts'

const DESTINATIONS = 16
/** Of each window, and before the first one of a proxy, whose code is still cold. */
const WARMUP_MS = 500
const FIRST_WARMUP_MS = 3000
/** Into which a suite's warm-up is divided. */
const WARM_UP_ROUNDS = 8
/** Paced runs are at this share of what the slowest proxy reached. */
const PACED_SHARE = 0.5

/** Runs all cases, or those the options name. */
export const runMeshSuite = async (suite: MeshSuite, context: SuiteContext): Promise<SuiteReport> => {
  const { caseName } = context.options
  const chosen = suite.cases.filter(({ name }) => caseName === undefined || name === caseName)
  if (chosen.length === 0) return { suite: suite.name, cases: [] }
  const backend: BackendPlan = {
    // By process, since another bench may run on the same machine.
    addresses: Array.from({ length: DESTINATIONS }, (_, i) => `127.1.${process.pid % 256}.${i + 1}`),
    hbonePort: 15008,
    httpPort: 9080,
    httpsPort: 9443,
    ...(suite.serves === undefined ? {} : { serves: suite.serves }),
    bodyBytes: suite.backendBytes,
    tls: context.certificates.backend,
  }
  const laboratory = await createLaboratory(context.children, backend)
  const cases: CaseReport[] = []
  for (const of of chosen) cases.push(...(await runCase(of, { ...context, suite, laboratory, backend })))
  // The next suite's destinations listen at the same addresses.
  await laboratory.stop()
  return { suite: suite.name, cases }
}

interface CaseContext extends SuiteContext {
  readonly suite: MeshSuite
  readonly laboratory: Laboratory
  readonly backend: BackendPlan
}

const runCase = async (of: MeshCase, context: CaseContext): Promise<readonly CaseReport[]> => {
  const { contenders, stop } = await startContenders(of, context)
  try {
    await measurePairs(of, contenders, context)
    // Of bodies there is no rate that could be kept.
    const isClosed = of.ratePerSecond === undefined
    const hasPaced = isClosed && !context.options.isQuick && of.out !== 'direct' && of.unit !== 'MiB'
    if (hasPaced) await measurePaced(of, contenders, context)
    for (const contender of contenders) {
      if (contender.proxy !== undefined) contender.peakRssMb = peakRssMbOf(processTree(contender.proxy.pid))
    }
    const ours = mergeLaunches(contenders.filter(({ name }) => name === 'fairway'))
    const others = contenders.filter(({ name }) => name !== 'fairway')
    return reportCase(of, ours === undefined ? others : [ours, ...others], context.suite.traffic)
  } finally {
    await stop()
  }
}

interface Started {
  readonly contenders: readonly Contender[]
  readonly stop: () => Promise<void>
}

/** Ours first, as often as the suite has it launched, then each peer at its numbers of connections. */
const startContenders = async (of: MeshCase, context: CaseContext): Promise<Started> => {
  const contenders: Contender[] = []
  const stops: (() => Promise<void>)[] = []
  const add = async (name: ProxyName, start: () => Promise<RunningProxy>, shapes: readonly Shape[]): Promise<void> => {
    const started = await tryStart(name, start)
    if (typeof started !== 'string') stops.push(started.stop)
    contenders.push(...shapes.map((shape) => contend(name, started, shape)))
  }
  const ours = [{ connections: of.connections, tunnels: of.tunnels }]
  if (of.out === 'direct') await add('direct', () => Promise.resolve(directly(context)), ours)
  else {
    const proxyContext = contextFor(of, context)
    const isOnce = context.options.isQuick || context.options.profileDir !== undefined
    const launches = isOnce ? 1 : (context.suite.launches ?? 1)
    for (let launch = 0; launch < launches; launch++) await add('fairway', () => startFairway(proxyContext), ours)
    const shapes = context.options.profileDir === undefined ? peerShapesOf(of) : []
    const { against = peers.map(({ name }) => name) } = context.suite
    for (const peer of shapes.length === 0 ? [] : peers.filter(({ name }) => against.includes(name)))
      await add(peer.name, () => startPeer(peer, proxyContext), shapes)
  }
  return {
    contenders,
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

const contextFor = (of: MeshCase, context: CaseContext): ProxyContext => ({
  children: context.children,
  certificates: context.certificates,
  version: context.version,
  dir: mkdtempSync(join(context.dir, `${of.name}-`)),
  upstreams: {
    ...context.backend,
    addresses: context.backend.addresses.slice(0, of.destinations),
    isHbone: of.out === 'hbone',
    traffic: context.suite.traffic,
    ...context.suite.objects,
  },
  profileDir: context.options.profileDir,
})

const directly = (context: CaseContext): RunningProxy => ({
  name: 'direct',
  version: context.version,
  mode: 'hbone',
  host: context.backend.addresses[0] ?? '127.1.0.1',
  port: context.backend.hbonePort,
  pid: context.laboratory.backendPid,
  // The destinations serve the whole suite.
  stop: () => Promise.resolve(),
})

const tryStart = async (name: string, start: () => Promise<RunningProxy>): Promise<RunningProxy | string> => {
  try {
    return await start()
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : String(error)}`
  }
}

const contend = (name: string, started: RunningProxy | string, shape: Shape): Contender => ({
  name,
  proxy: typeof started === 'string' ? undefined : started,
  ...shape,
  runs: [],
  paced: undefined,
  peakRssMb: undefined,
  why: typeof started === 'string' ? started : undefined,
})

const planFor = (
  of: Pick<MeshCase, 'load' | 'ratePerSecond'>,
  context: CaseContext,
  warmupMs: number,
  windowMs: number,
) => ({
  authority: SERVICE_AUTHORITY,
  ...of.load,
  ...(of.ratePerSecond === undefined ? {} : { ratePerSecond: of.ratePerSecond }),
  warmupMs,
  windowMs,
  tls: context.certificates.client,
})

/** Everybody in turn, again and again: what slows the machine for a while slows all of them. */
const measurePairs = async (of: MeshCase, contenders: readonly Contender[], context: CaseContext): Promise<void> => {
  const { pairs, seconds } = context.options
  await warmUp(of, contenders, context)
  for (let pair = 0; pair < pairs; pair++) {
    for (const contender of contenders) {
      if (!isActive(contender)) continue
      context.progress.show(`${of.name} ${pair + 1}/${pairs} ${contender.name} at ${contender.connections}`)
      const warmupMs = pair === 0 ? FIRST_WARMUP_MS : WARMUP_MS
      const run = await measureContender(contender, context.laboratory, planFor(of, context, warmupMs, seconds * 1000))
      if (run !== undefined) contender.runs.push(run)
    }
  }
}

/**
 * As fast as it goes, in the paced case too: at its rate it would be an hour until all is compiled that is worth it. Then as
 * long at its rate: what only a quiet process does is compiled then, and again what was compiled for a flood. In several
 * rounds, each with connections of its own: the first ones that end make V8 compile again what had only met open ones.
 */
const warmUp = async (of: MeshCase, contenders: readonly Contender[], context: CaseContext): Promise<void> => {
  const { warmUpMs } = context.suite
  if (warmUpMs === undefined || context.options.isQuick) return
  for (const like of of.ratePerSecond === undefined ? [{ load: of.load }] : [{ load: of.load }, of]) {
    const plan = planFor(like, context, warmUpMs / WARM_UP_ROUNDS - WARMUP_MS, WARMUP_MS)
    for (let round = 0; round < WARM_UP_ROUNDS; round++) {
      for (const contender of contenders) {
        if (!isActive(contender)) continue
        context.progress.show(`${of.name} warming up ${round + 1}/${WARM_UP_ROUNDS} ${contender.name}`)
        await measureContender(contender, context.laboratory, plan)
      }
    }
  }
}

/** One window each at the same rate, with as many lanes as there are tunnels. */
const measurePaced = async (of: MeshCase, contenders: readonly Contender[], context: CaseContext): Promise<void> => {
  const lanes = of.connections * of.tunnels
  const paced = contenders.filter((one) => isActive(one) && one.connections * one.tunnels === lanes)
  if (paced.length === 0) return
  const slowest = Math.min(...paced.map((one) => median(one.runs.map((run) => run.requestsPerSecond))))
  const ratePerSecond = Math.max(1, Math.floor((slowest * PACED_SHARE) / 100) * 100)
  const plan = { ...planFor(of, context, WARMUP_MS, context.options.seconds * 1000), ratePerSecond }
  for (const contender of paced) {
    context.progress.show(`${of.name} paced ${ratePerSecond}/s ${contender.name}`)
    const run = await measureContender(contender, context.laboratory, plan)
    if (run !== undefined) contender.paced = { ratePerSecond, latencyMs: latencyOf([run]) }
  }
}
