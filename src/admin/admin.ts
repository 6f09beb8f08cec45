/**
 * The ports beside the data path: readiness for the kubelet, metrics for Prometheus, the admin API for people on this
 * machine. It shows the running truth and must never become a second way to configure.
 */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { mergeInParts } from '../telemetry/dump.ts'
import { chooseFormat } from '../telemetry/exposition/metrics-format.ts'
import { renderMetrics } from '../telemetry/render.ts'
import type { AdminDeps } from './admin-deps.ts'
import { addAdminEndpoints } from './endpoints.ts'
import { createReadyServer, createServer, listen, type Listening } from './server.ts'

export interface AdminOptions {
  /** Where readiness and metrics listen, a literal address: `::` (IPv4 as well), `127.0.0.1`. */
  readonly bind: string
  /** Istio's ports are 15021, 15020 and 15000; 0 picks a free one. */
  readonly ports: { readonly ready: number; readonly metrics: number; readonly admin: number }
  readonly deps: AdminDeps
}

export interface AdminServer {
  /** `ADDRESS:PORT` as bound, IPv6 in brackets. */
  readonly addresses: { readonly ready: string; readonly metrics: string; readonly admin: string }
  /** Ends at once, also requests under way. */
  readonly close: () => Promise<void>
}

/** Starts all three, or none: throws `StartupError` (`ELISTEN`) when one cannot listen. */
export const startAdmin = async ({ bind, ports, deps }: AdminOptions): Promise<AdminServer> => {
  const servers: FastifyInstance[] = []
  const start = async (server: FastifyInstance, at: Listening): Promise<string> => {
    servers.push(server)
    return listen(server, at)
  }
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()))
  }
  try {
    const admin = await start(createAdminServer(deps), { host: '127.0.0.1', port: ports.admin, role: 'admin' })
    const metrics = await start(createMetricsServer(deps), { host: bind, port: ports.metrics, role: 'metrics' })
    const ready = await start(createReadyServer(deps), { host: bind, port: ports.ready, role: 'ready' })
    return { addresses: { ready, metrics, admin }, close }
  } catch (error) {
    await close()
    throw error
  }
}

const createMetricsServer = (deps: AdminDeps): FastifyInstance => {
  const server = createServer()
  server.get('/stats/prometheus', async ({ headers }, reply) => {
    const format = chooseFormat(headers.accept)
    const text = renderMetrics(await mergeInParts(await deps.dumps()), format)
    return reply
      .header('content-type', format.contentType)
      .header('vary', 'accept')
      .send(Readable.from(text, { objectMode: false }))
  })
  return server
}

const createAdminServer = (deps: AdminDeps): FastifyInstance => {
  const server = createServer()
  addAdminEndpoints(server, deps)
  return server
}
