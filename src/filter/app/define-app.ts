/**
 * Kind App: from a plugin of Fastify to a filter that serves. Loaded with the first module of an App, so that a waypoint
 * without one has nothing of Fastify in memory. How requests reach the waypoint, and go on, must never enter this room.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import * as s from '../../lib/schema.ts'
import type { Exchange, Filter, FilterDefinition, FilterEnv, Schema, Served, Serving } from '../index.ts'
import { appConfig, type AppConfig } from './app-config.ts'
import { AppExchange } from './app-exchange.ts'
import { RoutePrefixes } from './route-prefixes.ts'
import { buildApp, type AppPlugin } from './build-app.ts'

/** What the module of an App exports. */
export interface AppModule {
  readonly plugin: AppPlugin
  /** Of the options of the plugin; absent: they are what the object says. */
  readonly config: Schema<unknown> | undefined
}

/** The definition of a filter that serves what a plugin has routes for. */
export const defineApp = ({ plugin, config: options }: AppModule): FilterDefinition<AppConfig> => {
  const started = new WeakMap<Filter, Promise<void>>()
  return {
    kind: 'App',
    stage: 'select',
    config: options === undefined ? appConfig : withOptions(options),
    create: ({ config, prefix, openapi, limits }, env) => {
      const routes = new RoutePrefixes()
      const app = buildApp(plugin, { config, env, prefix, openapi, bodyBytes: limits.body, routes })
      const serving = new AppServing({ app, prefix: prefix ?? '', routes, env })
      started.set(serving, serving.started)
      return serving
    },
    // What its plugins do while they are loaded is a part of the trial.
    warmUp: (filter) => started.get(filter),
  }
}

/** What the object says, its `config` as the module's own schema reads it. */
const withOptions = (options: Schema<unknown>): Schema<AppConfig> => ({
  ...appConfig,
  decode: (value, path) => {
    const decoded = appConfig.decode(value, path)
    if (!decoded.ok) return decoded
    const own = options.decode(decoded.value.config, `${path}.config`)
    if (!own.ok) return own
    return { ok: true, value: { ...decoded.value, config: s.isPlainObject(own.value) ? own.value : {} } }
  },
})

/** An instance of Fastify at work. Before it has started requests wait for it, without their bodies. */
class AppServing implements Filter {
  readonly started: Promise<void>
  readonly #app: FastifyInstance
  readonly #prefix: string
  readonly #routes: RoutePrefixes
  #methods: ReadonlySet<string> | undefined

  constructor({ app, prefix, routes, env }: AppParts) {
    this.#app = app
    this.#prefix = prefix
    this.#routes = routes
    this.started = this.#start()
    // Whoever asks for an answer is told; with nobody there it is still to be known.
    this.started.catch((error: unknown) =>
      env.log('error', `${env.origin}: its plugin has not started: ${String(error)}`),
    )
  }

  serve(exchange: Exchange, serving: Serving): Served | undefined {
    const { method, path } = exchange.request
    if (!isBelow(path, this.#prefix)) return undefined
    if (this.#methods === undefined) return this.#serveLater(exchange, serving)
    if (!this.#mayMatch(method, path)) return undefined
    const asked = new AppExchange(exchange, serving)
    this.#route(asked)
    return asked.request.isLeft ? undefined : asked
  }

  close(): void {
    // Its plugins may still have much to do; whatever comes of it is of no consequence to anybody here.
    Promise.resolve(this.#app.close()).catch(() => {})
  }

  async #start(): Promise<void> {
    await this.#app.ready()
    this.#methods = new Set(this.#app.supportedMethods)
  }

  #serveLater(exchange: Exchange, serving: Serving): Served {
    const asked = new AppExchange(exchange, serving)
    const { method, path } = exchange.request
    this.started.then(
      () => void (this.#mayMatch(method, path) ? this.#route(asked) : asked.request.leave()),
      (error: unknown) => serving.fail(error),
    )
    return asked
  }

  #mayMatch(method: string, path: string): boolean {
    return this.#methods?.has(method) === true && this.#routes.mayMatch(path)
  }

  #route({ request, response }: AppExchange): void {
    // Of what Node's own are, Fastify and its plugins use what these have.
    this.#app.routing(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  }
}

interface AppParts {
  readonly app: FastifyInstance
  /** Empty: all paths. */
  readonly prefix: string
  readonly routes: RoutePrefixes
  readonly env: FilterEnv
}

const isBelow = (path: string, prefix: string): boolean =>
  prefix === '' || (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/'))
