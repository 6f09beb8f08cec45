/**
 * The ports beside the data path: readiness for the kubelet, metrics for Prometheus, the admin API for people on this
 * machine. It shows the running truth and must never become a second way to configure.
 */
import type { Server } from 'node:http'
import { mergeInParts } from '../telemetry/dump.ts'
import { renderMetrics } from '../telemetry/render.ts'
import type { AdminDeps } from './admin-deps.ts'
import { adminEndpoints } from './endpoints.ts'
import { refuseForeign } from './local-only.ts'
import { closeServer, createMetricsServer, createReadyServer, createServer, listen, type Listening } from './server.ts'

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
  const servers: Server[] = []
  const start = async (server: Server, at: Listening): Promise<string> => {
    servers.push(server)
    return listen(server, at)
  }
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer))
  }
  try {
    const admin = await start(createAdminServer(deps), { host: '127.0.0.1', port: ports.admin, role: 'admin' })
    const metrics = await start(
      createMetricsServer(async (format) => renderMetrics(await mergeInParts(await deps.dumps()), format)),
      { host: bind, port: ports.metrics, role: 'metrics' },
    )
    const ready = await start(createReadyServer(deps), { host: bind, port: ports.ready, role: 'ready' })
    return { addresses: { ready, metrics, admin }, close }
  } catch (error) {
    await close()
    throw error
  }
}

const createAdminServer = (deps: AdminDeps): Server =>
  createServer({
    endpoints: adminEndpoints(deps),
    refuse: refuseForeign,
    // What is shown changes any moment, and is nobody else's to keep.
    headers: { 'cache-control': 'no-store' },
    hint: 'GET / lists what there is',
  })
