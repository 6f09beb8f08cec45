import type { CaseReport } from '../report.ts'
import type { BenchResults } from './results.ts'

/** What is said of a case in one line, and the suite it belongs to. */
const rows: readonly (readonly [suite: string, name: string, what: string])[] = [
  ['hbone', 'hbone-hbone-1x64', 'a request, one client connection, 64 in flight (peers: 64 connections)'],
  ['hbone', 'hbone-hbone-8x8', 'a request, eight client connections, 64 in flight (peers: 64 connections)'],
  ['hbone', 'hbone-hbone-64x1', 'a request, 64 client connections, one in flight on each'],
  ['hbone', 'hbone-hbone-1x1', 'a request, one connection, one in flight'],
  ['grpc', 'grpc-1x64', 'a gRPC call, 64 in flight'],
]
const proxies = ['fairway', 'nginx-tls', 'haproxy'] as const

/** What a hop costs, in a table of a few lines; `undefined` before it was measured. */
export const formatSummary = (results: BenchResults): string | undefined => {
  if (results['hbone'] === undefined) return undefined
  const costs = rows.flatMap(([suite, name, what]) => {
    const cases = results[suite]?.suite.cases.filter((one) => one.case === name) ?? []
    return cases.length === 0 ? [] : [[what, ...proxies.map((proxy) => costOf(cases, proxy))]]
  })
  const memory = proxies.map((proxy) => memoryOf(results['hbone']?.suite.cases ?? [], proxy))
  const lines = [...costs, ['memory under that load, peak', ...memory]].map((row) => `| ${row.join(' | ')} |`)
  return ['| what | Fairway | nginx, TLS on both sides | HAProxy, the same |', '|---|---|---|---|', ...lines].join('\n')
}

/** With as many requests in flight as ours: peers are measured with fewer, too. */
const costOf = (cases: readonly CaseReport[], proxy: string): string => {
  const most = cases
    .filter((one) => one.proxy === proxy)
    .toSorted((a, b) => (b.connections ?? 0) - (a.connections ?? 0))[0]?.cpuMicrosPerRequest
  return most === null || most === undefined ? 'not measured' : `${most.median} µs of CPU`
}

const memoryOf = (cases: readonly CaseReport[], proxy: string): string => {
  const peaks = cases.flatMap((one) =>
    one.proxy === proxy && one.case.startsWith('hbone-hbone') && one.peakRssMb !== null ? [one.peakRssMb] : [],
  )
  if (peaks.length === 0) return 'not measured'
  const [least, most] = [Math.min(...peaks), Math.max(...peaks)].map(Math.round)
  return least === most ? `${least} MB` : `${least}–${most} MB`
}
