import type { Contender } from '../suites/contender.ts'
import type { Run } from '../suites/laboratory.ts'

/** A run as if it had been measured; `some` is what matters of it. */
export const madeRun = (some: Partial<Run>): Run => ({
  requests: 1000,
  bytes: 0,
  errors: 0,
  firstError: undefined,
  windowMs: 1000,
  p50Ms: 0.5,
  p99Ms: 2,
  busy: 0.5,
  cipher: undefined,
  requestsPerSecond: 1000,
  cpuMicrosPerRequest: 10,
  proxyBusy: 0.9,
  withoutHeader: 0,
  ...some,
})

/** Fairway as a contender, with a run for each CPU time in microseconds per request; `some` as for `madeRun`. */
export const madeContender = (
  cpu: readonly number[],
  some: Partial<Contender>,
  runOf: (cpuMicrosPerRequest: number) => Partial<Run> = () => ({}),
): Contender => ({
  name: 'fairway',
  proxy: { name: 'fairway', version: '1.2.3', mode: 'hbone', host: '127.0.0.1', port: 1, pid: 1 },
  connections: 1,
  tunnels: 1,
  runs: cpu.map((cpuMicrosPerRequest) => madeRun({ cpuMicrosPerRequest, ...runOf(cpuMicrosPerRequest) })),
  paced: undefined,
  peakRssMb: undefined,
  why: undefined,
  ...some,
})
