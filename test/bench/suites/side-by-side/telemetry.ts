/**
 * The suite `telemetry`: busy client pods whose requests nobody is told of, and the same with traces of one in a hundred,
 * then of all of them, in turn. The collector takes what it gets, and looks at none of it.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RunningProxy } from '../../proxies/proxy.ts'
import type { FigureReport, SuiteReport } from '../../report.ts'
import type { SuiteContext } from '../context.ts'
import { runStrainSuite, withFairway } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'
import { measureLaunches } from './measure-launches.ts'
import { measureBoth, type SideBySide } from './measure-both.ts'

/**
 * Of one connection all requests fit into one TLS record, with a `traceparent` each or without. Those of 64 come to 15.8 KB without,
 * and to 20 KB with it: a second record, which would be taken for a cost of tracing.
 */
const shapes = [
  { connections: 1, tunnels: 48 },
  { connections: 8, tunnels: 8 },
  { connections: 64, tunnels: 1 },
] as const

const sides: readonly (SideBySide & { readonly percent: number })[] = [
  ...shapes.map(({ connections, tunnels }) => ({
    ...{ name: `traces-of-1-percent-${connections}x${tunnels}`, connections, tunnels, percent: 1 },
    ...{ little: 'without traces', much: 'with traces of 1 %', maxRatio: 1.03, launches: 6 },
    rareFields: `traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n`,
  })),
  {
    ...{ name: 'traces-of-all-1x48', tunnels: 48, percent: 100 },
    ...{ little: 'without traces', much: 'with traces of all', maxRatio: 4 },
  },
]

/** Measures each pair, again and again in turn. */
export const runTelemetrySuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'telemetry',
    sides.map(({ percent, ...both }) => ({
      name: both.name,
      measure: async (strain: StrainContext): Promise<FigureReport> => {
        const { server, url } = await startCollector()
        const flags = ['--otlp-endpoint', url, '--trace-sampling', String(percent)]
        const start = {
          little: <T>(use: (proxy: RunningProxy) => Promise<T>) => withFairway(strain, use),
          much: <T>(use: (proxy: RunningProxy) => Promise<T>) => withFairway(strain, use, { flags }),
        }
        const { launches } = both
        try {
          if (launches !== undefined) return await measureLaunches(strain, { ...both, launches }, start)
          return await start.little((little) => start.much((much) => measureBoth(strain, both, { little, much })))
        } finally {
          server.closeAllConnections()
          server.close()
        }
      },
    })),
    { ...context, destinations: 1 },
  )

const startCollector = async (): Promise<{ readonly server: Server; readonly url: string }> => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Of a server that listens on TCP.
  const { port } = server.address() as AddressInfo
  return { server, url: `http://127.0.0.1:${port}/v1/traces` }
}
