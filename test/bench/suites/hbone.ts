/**
 * The suite `hbone`: Fairway's first hop, keep-alive GET with 1 KB answers, one route and one header filter, against
 * nginx and HAProxy in front of the same destinations in the same run. Nothing of a proxy's inside is known here.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendPlan } from '../backend/plan.ts'
import type { BenchOptions } from '../options.ts'
import type { Progress } from '../progress.ts'
import type { ProxyContext } from '../proxies/context.ts'
import { startFairway } from '../proxies/fairway.ts'
import { PATH_PREFIX, SERVICE_AUTHORITY, SERVICE_HOST } from '../proxies/objects.ts'
import { peers, startPeer } from '../proxies/peers.ts'
import type { ProxyName, RunningProxy } from '../proxies/proxy.ts'
import type { CaseReport, SuiteReport } from '../report.ts'
import { median } from '../statistics.ts'
import type { BenchCertificates } from '../support/certificates.ts'
import type { Children } from '../support/children.ts'
import { hboneCases } from './cases.ts'
import type { HboneCase } from './cases.ts'
import { latencyOf, reportCase } from './case-report.ts'
import { isActive, measureContender } from './contender.ts'
import type { Contender } from './contender.ts'
import { peakRssMbOf, processTree } from '../support/process-stats.ts'
import { createLaboratory } from './laboratory.ts'
import type { Laboratory } from './laboratory.ts'

const BODY_BYTES = 1024
const DESTINATIONS = 16
/** Of each window, and before the first one of a proxy, whose code is still cold. */
const WARMUP_MS = 500
const FIRST_WARMUP_MS = 3000
/** Paced runs are at this share of what the slowest proxy reached. */
const PACED_SHARE = 0.5

/** What the suite works with. */
export interface SuiteContext {
  readonly options: BenchOptions
  readonly children: Children
  readonly certificates: BenchCertificates
  /** A folder of the run's own. */
  readonly dir: string
  readonly version: string
  readonly progress: Progress
}

/** Runs all cases, or those the options name. */
export const runHboneSuite = async (context: SuiteContext): Promise<SuiteReport> => {
  const backend: BackendPlan = {
    addresses: Array.from({ length: DESTINATIONS }, (_, i) => `127.1.0.${i + 1}`),
    hbonePort: 15008,
    httpPort: 9080,
    httpsPort: 9443,
    bodyBytes: BODY_BYTES,
    tls: context.certificates.backend,
  }
  const laboratory = await createLaboratory(context.children, backend)
  const cases: CaseReport[] = []
  for (const of of hboneCases) {
    if (context.options.caseName !== undefined && of.name !== context.options.caseName) continue
    cases.push(...(await runCase(of, { ...context, laboratory, backend })))
  }
  // The next suite's destinations listen at the same addresses.
  await laboratory.stop()
  return { suite: 'hbone', cases }
}

interface CaseContext extends SuiteContext {
  readonly laboratory: Laboratory
  readonly backend: BackendPlan
}

const runCase = async (of: HboneCase, context: CaseContext): Promise<readonly CaseReport[]> => {
  const { contenders, stop } = await startContenders(of, context)
  try {
    await measurePairs(of, contenders, context)
    const hasPaced = !context.options.isQuick && of.out !== 'direct'
    if (hasPaced) await measurePaced(of, contenders, context)
    for (const contender of contenders) {
      if (contender.proxy !== undefined) contender.peakRssMb = peakRssMbOf(processTree(contender.proxy.pid))
    }
    return reportCase(of, contenders)
  } finally {
    await stop()
  }
}

interface Started {
  readonly contenders: readonly Contender[]
  readonly stop: () => Promise<void>
}

/** Ours first; each peer at the same number of connections, and at the same number of requests in flight. */
const startContenders = async (of: HboneCase, context: CaseContext): Promise<Started> => {
  const { connections, tunnels } = of
  const contenders: Contender[] = []
  const stops: (() => Promise<void>)[] = []
  const add = async (name: ProxyName, start: () => Promise<RunningProxy>): Promise<void> => {
    const started = await tryStart(name, start)
    if (typeof started !== 'string') stops.push(started.stop)
    const isOurs = name === 'fairway' || name === 'direct'
    contenders.push(contend(name, started, { connections, tunnels: isOurs ? tunnels : 1 }))
    if (isOurs || tunnels === 1) return
    contenders.push(contend(name, started, { connections: connections * tunnels, tunnels: 1 }))
  }
  if (of.out === 'direct') await add('direct', () => Promise.resolve(directly(context)))
  else {
    const proxyContext = contextFor(of, context)
    await add('fairway', () => startFairway(proxyContext))
    const isAlone = !of.hasPeers || context.options.profileDir !== undefined
    for (const peer of isAlone ? [] : peers) await add(peer.name, () => startPeer(peer, proxyContext))
  }
  return {
    contenders,
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

const contextFor = (of: HboneCase, context: CaseContext): ProxyContext => ({
  children: context.children,
  certificates: context.certificates,
  version: context.version,
  dir: mkdtempSync(join(context.dir, `${of.name}-`)),
  upstreams: {
    ...context.backend,
    addresses: context.backend.addresses.slice(0, of.destinations),
    isHbone: of.out === 'hbone',
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

const contend = (
  name: string,
  started: RunningProxy | string,
  lanes: { readonly connections: number; readonly tunnels: number },
): Contender => ({
  name,
  proxy: typeof started === 'string' ? undefined : started,
  ...lanes,
  runs: [],
  paced: undefined,
  peakRssMb: undefined,
  why: typeof started === 'string' ? started : undefined,
})

const planFor = (context: CaseContext, warmupMs: number, windowMs: number) => ({
  authority: SERVICE_AUTHORITY,
  request: formatRequest(),
  bodyBytes: BODY_BYTES,
  warmupMs,
  windowMs,
  tls: context.certificates.client,
})

const formatRequest = (): string =>
  `GET ${PATH_PREFIX}/v1/items?page=3 HTTP/1.1\r\nhost: ${SERVICE_HOST}\r\nuser-agent: fairway-bench\r\naccept: */*\r\n\r\n`

/** Everybody in turn, again and again: what slows the machine for a while slows all of them. */
const measurePairs = async (of: HboneCase, contenders: readonly Contender[], context: CaseContext): Promise<void> => {
  const { pairs, seconds } = context.options
  for (let pair = 0; pair < pairs; pair++) {
    for (const contender of contenders) {
      if (!isActive(contender)) continue
      context.progress.show(`${of.name} ${pair + 1}/${pairs} ${contender.name} at ${contender.connections}`)
      const warmupMs = pair === 0 ? FIRST_WARMUP_MS : WARMUP_MS
      const run = await measureContender(contender, context.laboratory, planFor(context, warmupMs, seconds * 1000))
      if (run !== undefined) contender.runs.push(run)
    }
  }
}

/** One window each at the same rate, with as many lanes as there are tunnels. */
const measurePaced = async (of: HboneCase, contenders: readonly Contender[], context: CaseContext): Promise<void> => {
  const lanes = of.connections * of.tunnels
  const paced = contenders.filter((one) => isActive(one) && one.connections * one.tunnels === lanes)
  if (paced.length === 0) return
  const slowest = Math.min(...paced.map((one) => median(one.runs.map((run) => run.requestsPerSecond))))
  const ratePerSecond = Math.max(1, Math.floor((slowest * PACED_SHARE) / 100) * 100)
  const plan = { ...planFor(context, WARMUP_MS, context.options.seconds * 1000), ratePerSecond }
  for (const contender of paced) {
    context.progress.show(`${of.name} paced ${ratePerSecond}/s ${contender.name}`)
    const run = await measureContender(contender, context.laboratory, plan)
    if (run !== undefined) contender.paced = { ratePerSecond, latencyMs: latencyOf([run]) }
  }
}
