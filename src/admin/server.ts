/** What the servers beside the data path have in common: small limits, no schemas, and failures that say what to do. */
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { errorCode } from '../lib/errors/error-code.ts'
import { joinHostPort } from '../lib/ip.ts'
import { hideSecrets } from '../lib/secrets/hide-secrets.ts'
import { StartupError } from '../lib/startup-error.ts'

/** `/healthz/ready` for the kubelet; `notReady` says why no traffic should be sent here. */
export const createReadyServer = (deps: { readonly notReady: () => string | undefined }): FastifyInstance => {
  const server = createServer()
  server.get('/healthz/ready', (_, reply) => {
    const reason = deps.notReady()
    void reply.type('text/plain; charset=utf-8').code(reason === undefined ? 200 : 503)
    return `${reason ?? 'ready'}\n`
  })
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

/** Makes a server. Small limits: nobody has reason to send much here, or to hold many connections open. */
export const createServer = (): FastifyInstance => {
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

/** Where a server listens, and what for. */
export interface Listening {
  readonly host: string
  readonly port: number
  readonly role: 'admin' | 'metrics' | 'ready'
}

/** Listens; the result is `ADDRESS:PORT` as bound, IPv6 in brackets. Throws `StartupError` (`ELISTEN`) when it cannot. */
export const listen = async (server: FastifyInstance, { host, port, role }: Listening): Promise<string> => {
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
