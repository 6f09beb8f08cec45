import { missingCase, ratiosOf } from '../report.ts'
import type { CaseReport, Latency } from '../report.ts'
import { median, ratioOf, roundTo, spreadOf } from '../statistics.ts'
import type { Ratio } from '../statistics.ts'
import type { HboneCase } from './cases.ts'
import type { Contender } from './contender.ts'
import type { Run } from './laboratory.ts'

/** The report of a case: everybody's figures, and ours compared with the peers'. */
export const reportCase = (of: HboneCase, contenders: readonly Contender[]): readonly CaseReport[] =>
  contenders.map((contender) => {
    const report = reportContender(contender, of)
    if (contender.name !== 'fairway' || !of.hasPeers || contender.runs.length === 0) return report
    return { ...report, ...compare(contender, of, contenders) }
  })

const compare = (
  ours: Contender,
  of: HboneCase,
  contenders: readonly Contender[],
): Pick<CaseReport, 'ratio' | 'ratioAtSameConcurrency' | 'pairRatio'> => {
  const against = (name: string, connections: number): Ratio | undefined => {
    const peer = contenders.find((one) => one.name === name && one.connections === connections)
    // A peer that failed on the way has fewer runs: no pairs.
    if (peer === undefined || peer.runs.length !== ours.runs.length) return undefined
    return ratioOf(cpuOf(ours), cpuOf(peer))
  }
  const tls = against('nginx-tls', of.connections)
  const plain = against('nginx-plain', of.connections)
  const lanes = of.connections * of.tunnels
  return {
    ratio: ratiosOf(tls, plain),
    ratioAtSameConcurrency: ratiosOf(against('nginx-tls', lanes), against('nginx-plain', lanes)),
    pairRatio: { nginxTls: tls?.ofPairs ?? null, nginxPlain: plain?.ofPairs ?? null },
  }
}

const reportContender = (contender: Contender, of: HboneCase): CaseReport => {
  const { proxy, runs } = contender
  if (proxy === undefined || runs.length === 0) {
    return missingCase(of.name, contender.name, contender.why ?? 'no run was finished')
  }
  return {
    case: of.name,
    proxy: contender.name,
    version: proxy.version,
    connections: contender.connections,
    destinations: of.destinations,
    requestsPerSecond: Math.round(median(runs.map((run) => run.requestsPerSecond))),
    latencyMs: latencyOf(runs),
    paced: contender.paced ?? null,
    cpuMicrosPerRequest: spreadOf(cpuOf(contender)),
    peakRssMb: contender.peakRssMb === undefined ? null : roundTo(contender.peakRssMb, 1),
    busy: {
      proxy: roundTo(median(runs.map((run) => run.proxyBusy)), 2),
      generator: roundTo(median(runs.map((run) => run.busy)), 2),
    },
    ...(contender.why === undefined ? {} : { why: contender.why }),
  }
}

const cpuOf = (contender: Contender): readonly number[] => contender.runs.map((run) => run.cpuMicrosPerRequest)

/** Medians of the runs' quantiles, in milliseconds. */
export const latencyOf = (runs: readonly Run[]): Latency => ({
  p50: roundTo(median(runs.map((run) => run.p50Ms)), 3),
  p99: roundTo(median(runs.map((run) => run.p99Ms)), 3),
})
