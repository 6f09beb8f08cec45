/**
 * The ports beside the data path: readiness for the kubelet, metrics for Prometheus, the admin API for people on this
 * machine. It shows the running truth and must never become a second way to configure.
 */
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { errorCode } from '../lib/errors/error-code.ts'
import { joinHostPort } from '../lib/ip.ts'
import { hideSecrets } from '../lib/secrets/hide-secrets.ts'
import { StartupError } from '../lib/startup-error.ts'
import { mergeDumps } from '../telemetry/dump.ts'
import { METRICS_CONTENT_TYPE, renderMetrics } from '../telemetry/render.ts'
import type { AdminDeps } from './admin-deps.ts'
import { addAdminEndpoints } from './endpoints.ts'

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

const createReadyServer = (deps: AdminDeps): FastifyInstance => {
  const server = createServer()
  server.get('/healthz/ready', (_, reply) => {
    const reason = deps.notReady()
    void reply.type('text/plain; charset=utf-8').code(reason === undefined ? 200 : 503)
    return `${reason ?? 'ready'}\n`
  })
  return server
}

const createMetricsServer = (deps: AdminDeps): FastifyInstance => {
  const server = createServer()
  server.get('/stats/prometheus', async (_, reply) => {
    const text = renderMetrics(mergeDumps(await deps.dumps()))
    return reply.type(METRICS_CONTENT_TYPE).send(Readable.from(text, { objectMode: false }))
  })
  return server
}

const createAdminServer = (deps: AdminDeps): FastifyInstance => {
  const server = createServer()
  addAdminEndpoints(server, deps)
  return server
}

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>

/**
 * No endpoint has a schema; Fastify's default compilers would load ajv for them, 9 MB in every replica. The types want
 * functions with ajv's own properties, which nothing reads as long as there is no schema.
 */
const withoutSchemas = {
  buildValidator: () => () => () => true,
  buildSerializer: () => () => JSON.stringify,
} as unknown as Compilers

/** Small limits: nobody has reason to send much here, or to hold many connections open. */
const createServer = (): FastifyInstance => {
  const server = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1024,
    requestTimeout: 10_000,
    schemaController: { compilersFactory: withoutSchemas },
  })
  server.server.maxConnections = 64
  // No endpoint takes a body; whatever tools send with a POST is read and dropped.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null))
  server.setErrorHandler((error, _, reply) => {
    const message = hideSecrets(error instanceof Error ? error.message : String(error))
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
    return reply.code(status >= 400 && status < 600 ? status : 500).send({ error: message })
  })
  return server
}

interface Listening {
  readonly host: string
  readonly port: number
  readonly role: 'admin' | 'metrics' | 'ready'
}

const listen = async (server: FastifyInstance, { host, port, role }: Listening): Promise<string> => {
  try {
    await server.listen({ host, port })
  } catch (error) {
    const code = errorCode(error) ?? ''
    const where = joinHostPort(host, port)
    throw new StartupError('ELISTEN', `cannot listen on ${where} (${role}): ${explainListen(code, role)}`, error)
  }
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error(`no TCP address for ${role}`)
  return joinHostPort(address.address, address.port)
}

const explainListen = (code: string, role: string): string => {
  const flag = `--${role}-port`
  switch (code) {
    case 'EADDRINUSE':
      return `another program has the port (another fairway?): end it, or choose a port with ${flag} (0 picks a free one)`
    case 'EACCES':
      return `ports below 1024 need a privilege: choose another with ${flag}`
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'this machine does not have the address: choose one with --bind (0.0.0.0 where there is no IPv6)'
    default:
      return code
  }
}
