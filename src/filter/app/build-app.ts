import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Exchange, FilterEnv } from '../index.ts'
import type { AppOpenApi } from './app-config.ts'
import { AppLog } from './app-log.ts'
import { AppRequest } from './app-request.ts'
import type { RoutePrefixes } from './route-prefixes.ts'
import { publishOpenApi } from './publish-open-api.ts'

/** A plugin of Fastify, which gets the configuration of its object as its options. */
export type AppPlugin<Config extends object = object> = (
  app: FastifyInstance,
  options: Config & { readonly prefix?: string },
  done: (error?: Error) => void,
) => unknown

/** What an App is built from beside its plugin. */
export interface AppOptions<Config extends object = object> {
  readonly config: Config
  readonly env: FilterEnv
  /** Before the paths of all of its routes; empty: nothing. */
  readonly prefix?: string | undefined
  readonly openapi?: AppOpenApi | undefined
  /** How long the body of a request may be that a parser reads. */
  readonly bodyBytes?: number | undefined
  /** Gets what its routes begin with. */
  readonly routes?: RoutePrefixes
  /** What requests of `inject` belong to, in a test; those of a waypoint have their own. */
  readonly exchange?: Exchange
}

/** Calls Services as undici's `request` does; of a type that fits whatever version of undici a plugin has. */
export interface MeshCaller {
  request(...args: never[]): never
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What filters have: calls through the mesh, metrics, log. */
    readonly env: FilterEnv
    /**
     * `env.dispatcher` for plugins that take one while they are registered, when there is nobody to call yet:
     * `register(proxy, { undici: app.mesh, … })`.
     */
    readonly mesh: MeshCaller
  }
  interface FastifyRequest {
    /** Who calls, whom, and by which route; the request that it has is what filters have left of it. */
    readonly exchange: Exchange
  }
  interface FastifyReply {
    /** Hands the request on to whom it would have gone without the App; possible until its body is read. */
    forward: () => FastifyReply
  }
}

/** Lines about each request are for the access log, and what clients do wrong is for nobody's. */
class QuietLog extends LogController {
  override incomingRequest(): void {}
  override requestCompleted(): void {}
  override routeNotFound(): void {}
  override defaultErrorLog(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    if (reply.statusCode >= 500) reply.log.error(error, `${request.method} ${request.routeOptions.url ?? ''}`)
  }
}

const REQUEST_ID = 'x-request-id'

/**
 * Makes an instance of Fastify with a plugin in it, which listens to nobody: requests are handed to its `routing`. Without
 * the waypoint, in a test, it answers what `inject` asks of it.
 */
export const buildApp = <Config extends object>(
  plugin: AppPlugin<Config>,
  { config, env, prefix = '', openapi, bodyBytes, routes, exchange }: AppOptions<Config>,
): FastifyInstance => {
  const log = new AppLog((level, message) => env.log(level, message))
  const app = Fastify({
    serverFactory: createNoServer,
    logController: new QuietLog(),
    childLoggerFactory: (_logger, bindings) => log.child(bindings),
    genReqId: ({ headers }) => String(headers[REQUEST_ID] ?? ''),
    return503OnClosing: false,
    ...(bodyBytes === undefined ? {} : { bodyLimit: bodyBytes }),
    // A path that no route could have is somebody else's.
    frameworkErrors: (error, { raw }, reply) => {
      if (!leave(raw)) reply.raw.writeHead(error.statusCode ?? 400).end()
    },
  })
  app.log = log
  decorate(app, env, exchange)
  // The first hook of all, so that nothing of the plugin's sees what is not for it.
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 || hasOwnAnswer(request.routeOptions) || !leave(request.raw)) return done()
    reply.hijack()
  })
  if (routes !== undefined) noteRoutes(app, routes)
  if (openapi !== undefined) publishOpenApi(app, openapi, prefix)
  // It is asynchronous, or calls `done`: Fastify tells by how many parameters it has.
  app.register(plugin, { ...config, prefix })
  return app
}

const decorate = (app: FastifyInstance, env: FilterEnv, exchange: Exchange | undefined): void => {
  app.decorate('env', env)
  app.decorate('mesh', {
    request: (...args: never[]): never => {
      const { dispatcher } = env
      return dispatcher.request.bind(dispatcher)(...(args as unknown as Parameters<typeof dispatcher.request>)) as never
    },
  })
  app.decorateRequest('exchange', {
    getter() {
      const found = this.raw instanceof AppRequest ? this.raw.exchange : exchange
      if (found === undefined) throw new Error('`inject` has an exchange only if buildApp was given one')
      return found
    },
  })
  app.decorateReply('forward', function forward() {
    if (!leave(this.request.raw)) throw new Error(tooLate(this.request.raw))
    return this.hijack()
  })
}

const noteRoutes = (app: FastifyInstance, routes: RoutePrefixes): void => {
  app.addHook('onRoute', ({ url }) => routes.add(url))
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the instance that it is called on
  const { setNotFoundHandler } = app
  // It has an answer for everything then; instances of plugins inherit this one's methods.
  app.setNotFoundHandler = function noteAll(this: FastifyInstance, ...args: readonly unknown[]) {
    routes.add('/*')
    return Reflect.apply(setNotFoundHandler, this, args) as FastifyInstance
  }
}

const leave = (raw: unknown): boolean => raw instanceof AppRequest && raw.leave()

const tooLate = (raw: unknown): string =>
  raw instanceof AppRequest
    ? 'a request can be forwarded only before its body is read and its answer begun: do it in a hook onRequest'
    : 'only a waypoint can forward a request, and `inject` is none'

/** Whether a plugin has said what is answered where it has no route: Fastify's own handler of that is `basic404`. */
const hasOwnAnswer = ({ handler }: { readonly handler?: { readonly name: string } }): boolean =>
  handler?.name !== 'basic404'

/** Stands where Fastify wants a server: the waypoint is there already. */
const createNoServer = (): Server => {
  const refuse = (): never => {
    throw new Error('an App does not listen: it gets the requests of its targets')
  }
  const server = Object.assign(new EventEmitter(), {
    listening: false,
    address: () => null,
    listen: refuse,
    setTimeout: () => server,
  })
  // Nothing else of it is used where nobody listens.
  return server as unknown as Server
}
