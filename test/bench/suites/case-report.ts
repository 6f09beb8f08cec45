import { missingCase, ratiosOf } from '../report.ts'
import type { CaseReport, Latency } from '../report.ts'
import { median, ratioOf, roundTo, spreadOf } from '../statistics.ts'
import type { Ratio } from '../statistics.ts'
import { describeTopology } from '../proxies/topology.ts'
import type { Traffic } from '../proxies/traffic.ts'
import type { Contender } from './contender.ts'
import type { Run } from './laboratory.ts'
import type { MeshCase } from './mesh-case.ts'

/** The report of a case: everybody's figures, and ours compared with the peers'. */
export const reportCase = (of: MeshCase, contenders: readonly Contender[], traffic: Traffic): readonly CaseReport[] =>
  contenders.map((contender) => {
    const report = reportContender(contender, of, traffic)
    if (contender.name !== 'fairway' || of.peers === 'none' || contender.runs.length === 0) return report
    return { ...report, ...compare(contender, of, contenders) }
  })

type Compared = 'ratio' | 'ratioAtSameConcurrency' | 'maxRatio' | 'pairRatio' | 'p99Ratio' | 'maxP99Ratio'

const compare = (ours: Contender, of: MeshCase, contenders: readonly Contender[]): Pick<CaseReport, Compared> => {
  const against = (name: string, isMeant: (peer: Contender) => boolean, valuesOf = cpuOf): Ratio | undefined => {
    const peer = contenders.find((one) => one.name === name && isMeant(one))
    // A peer that failed on the way has fewer runs: no pairs.
    if (peer === undefined || peer.runs.length !== ours.runs.length) return undefined
    return ratioOf(valuesOf(ours, of), valuesOf(peer, of))
  }
  const hasConnections = (peer: Contender): boolean => peer.connections === of.connections
  const hasInFlight = (peer: Contender): boolean => peer.connections * peer.tunnels === of.connections * of.tunnels
  const tls = against('nginx-tls', hasConnections)
  const plain = against('nginx-plain', hasConnections)
  return {
    ratio: ratiosOf(tls, plain),
    ratioAtSameConcurrency: ratiosOf(against('nginx-tls', hasInFlight), against('nginx-plain', hasInFlight)),
    ...(of.maxRatio === undefined ? {} : { maxRatio: of.maxRatio }),
    ...(of.ratePerSecond === undefined
      ? {}
      : {
          p99Ratio: ratiosOf(against('nginx-tls', hasInFlight, p99sOf), against('nginx-plain', hasInFlight, p99sOf)),
        }),
    ...(of.maxP99Ratio === undefined ? {} : { maxP99Ratio: of.maxP99Ratio }),
    pairRatio: { nginxTls: tls?.ofPairs ?? null, nginxPlain: plain?.ofPairs ?? null },
  }
}

const reportContender = (contender: Contender, of: MeshCase, traffic: Traffic): CaseReport => {
  const { proxy, runs } = contender
  if (proxy === undefined || runs.length === 0) {
    const missing = missingCase(of.name, contender.name, contender.why ?? 'no run was finished')
    return of.unit === undefined ? missing : { ...missing, unit: of.unit }
  }
  return {
    case: of.name,
    proxy: contender.name,
    ...(of.unit === undefined ? {} : { unit: of.unit }),
    topology: describeTopology(proxy.name, traffic),
    version: proxy.version,
    connections: contender.connections,
    destinations: of.destinations,
    requestsPerSecond: Math.round(median(runs.map((run) => run.requestsPerSecond * unitsOf(run, of)))),
    ...(of.ratePerSecond === undefined
      ? { latencyMs: latencyOf(runs), paced: contender.paced ?? null }
      : { latencyMs: null, paced: { ratePerSecond: of.ratePerSecond, latencyMs: latencyOf(runs) } }),
    cpuMicrosPerRequest: spreadOf(cpuOf(contender, of)),
    peakRssMb: contender.peakRssMb === undefined ? null : roundTo(contender.peakRssMb, 1),
    busy: {
      proxy: roundTo(median(runs.map((run) => run.proxyBusy)), 2),
      generator: roundTo(median(runs.map((run) => run.busy)), 2),
    },
    ...(contender.why === undefined ? {} : { why: contender.why }),
  }
}

const cpuOf = ({ runs }: Contender, of: MeshCase): readonly number[] =>
  runs.map((run) => run.cpuMicrosPerRequest / unitsOf(run, of))

const p99sOf = ({ runs }: Contender): readonly number[] => runs.map((run) => run.p99Ms)

/** How many of what is counted a request was, on average: of long bodies also the parts of some are in a window. */
const unitsOf = (run: Run, { unit }: MeshCase): number => (unit === 'MiB' ? run.bytes / 2 ** 20 / run.requests : 1)

/** Medians of the runs' quantiles, in milliseconds. */
export const latencyOf = (runs: readonly Run[]): Latency => ({
  p50: roundTo(median(runs.map((run) => run.p50Ms)), 3),
  p99: roundTo(median(runs.map((run) => run.p99Ms)), 3),
})
