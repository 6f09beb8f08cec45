import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Decoded } from '../lib/decoded.ts'
import { decodeLogLevel, logLevels, type LogLevel } from '../lib/log.ts'
import type { AdminDeps } from './admin-deps.ts'
import { commandFilters } from './command-filters.ts'
import { comparisonRows } from './rows/comparison-rows.ts'
import { endpointRows } from './rows/endpoint-rows.ts'
import { filterRows } from './rows/filter-rows.ts'
import { streamJson } from './json-stream.ts'
import { limitRows } from './rows/limit-rows.ts'
import { refuseForeign } from './local-only.ts'
import { redactRoute, redactService } from './redact.ts'

interface Endpoint {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly what: string
  readonly answer: (parameters: URLSearchParams, reply: FastifyReply) => unknown
}

/** Puts the admin API on a server: reads by GET, changes by POST, JSON throughout, for this machine only. */
export const addAdminEndpoints = (server: FastifyInstance, deps: AdminDeps): void => {
  const endpoints = listEndpoints(deps)
  server.addHook('onRequest', async (request, reply) => {
    const refusal = refuseForeign(request.method, request.headers)
    if (refusal !== undefined) return reply.code(403).send({ error: refusal })
    // What is shown changes any moment, and is nobody else's to keep.
    return void reply.header('cache-control', 'no-store')
  })
  for (const { method, path, answer } of endpoints) {
    server.route({ method, url: path, handler: (request, reply) => answer(parametersOf(request), reply) })
  }
  server.get('/', () => ({ endpoints: endpoints.map(({ method, path, what }) => ({ method, path, what })) }))
  server.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const allowed = endpoints.filter((endpoint) => endpoint.path === path).map((endpoint) => endpoint.method)
    if (allowed.length === 0) return reply.code(404).send({ error: `nothing at ${path}: GET / lists what there is` })
    const allow = allowed.join(', ')
    return reply
      .code(405)
      .header('allow', allow)
      .send({ error: `${path} takes ${allow} only` })
  })
}

const listEndpoints = (deps: AdminDeps): readonly Endpoint[] => [
  {
    method: 'GET',
    path: '/snapshot',
    what: 'services, routes and endpoints in force; filters without their configuration',
    answer: async (_, reply) => {
      const { generation, model } = await deps.config()
      const { gateway, trafficType, pathNormalization, tellsClientIdentity } = model ?? {}
      const lists = {
        services: model?.services.map(redactService) ?? [],
        routes: model?.routes.map(redactRoute) ?? [],
        endpoints: model?.endpoints ?? [],
      }
      return sendStream(
        reply,
        streamJson({ generation, gateway, trafficType, pathNormalization, tellsClientIdentity }, lists),
      )
    },
  },
  {
    method: 'GET',
    path: '/endpoints',
    what: 'how each endpoint is doing in all processes: state, why, share, requests under way; service (NS/NAME) for one Service',
    answer: async (parameters, reply) => {
      const [{ generation, model }, processes] = await Promise.all([deps.config(), deps.endpoints()])
      const rows = endpointRows(model?.endpoints ?? [], processes, parameters.get('service') ?? undefined)
      return sendStream(reply, streamJson({ generation, processes: processes.length }, { endpoints: rows }))
    },
  },
  {
    method: 'GET',
    path: '/limits',
    what: 'Service ports with limits, and what they have under way in each process',
    answer: async (_, reply) => {
      const [{ generation, model }, processes] = await Promise.all([deps.config(), deps.limits()])
      return sendStream(reply, streamJson({ generation }, { limits: limitRows(model?.endpoints ?? [], processes) }))
    },
  },
  {
    method: 'GET',
    path: '/filters',
    what: "how users' filters do in all processes: state, calls, failures by kind, the last one, times of hooks",
    answer: async () => {
      const [{ generation }, processes] = await Promise.all([deps.config(), deps.filters()])
      return { generation, processes: processes.length, filters: filterRows(processes) }
    },
  },
  {
    method: 'POST',
    path: '/filters/command',
    what: 'asks something of filters: kind, command, origin for one of them, and what else the command takes; ResponseCache: purge',
    answer: (parameters, reply) => commandFilters(parameters, { reply, deps }),
  },
  {
    method: 'GET',
    path: '/comparisons',
    what: 'what mirrors answer otherwise than the primary: pairs by outcome, places that differ, what is noise',
    answer: async (_, reply) => {
      const [{ generation }, processes] = await Promise.all([deps.config(), deps.comparisons()])
      const rows = comparisonRows(processes)
      return sendStream(reply, streamJson({ generation, processes: processes.length }, { comparisons: rows }))
    },
  },
  {
    method: 'GET',
    path: '/certs',
    what: 'our certificate, its source and chain, trust roots and revocation lists, and what is wrong with them',
    answer: () => deps.certs(),
  },
  {
    method: 'GET',
    path: '/conditions',
    what: 'what became of each object, and documents that could not be read',
    answer: async (_, reply) => {
      const { generation, conditions, issues } = await deps.config()
      return sendStream(reply, streamJson({ generation }, { conditions, issues }))
    },
  },
  {
    method: 'GET',
    path: '/status',
    what: 'the same as a Kubernetes List: each object with its status',
    answer: async (_, reply) => {
      const { generation, items } = await deps.statuses()
      return sendStream(reply, streamJson({ apiVersion: 'v1', kind: 'List', generation }, { items }))
    },
  },
  {
    method: 'GET',
    path: '/resolve',
    what: 'where a request or connection would go, and why: authority, method, path, header, sni, source (NS/SA)',
    answer: async (parameters, reply) => {
      const { decodeExplainParameters } = await import('./explain-parameters.ts')
      const query = decodeExplainParameters(parameters)
      return query.ok ? deps.explain(query.value) : sendIssues(reply, query)
    },
  },
  { method: 'GET', path: '/log-level', what: 'the level of the log', answer: () => ({ level: deps.logLevel() }) },
  {
    method: 'POST',
    path: '/log-level',
    what: `sets the level of the log: level, one of ${logLevels.join(', ')}`,
    answer: (parameters, reply) => {
      const level = decodeLevel(parameters)
      if (!level.ok) return sendIssues(reply, level)
      deps.setLogLevel(level.value)
      return { level: deps.logLevel() }
    },
  },
  {
    method: 'POST',
    path: '/drain',
    what: 'begins to drain: no new connections, readiness fails, tunnels finish',
    answer: (_, reply) => {
      deps.drain()
      return reply.code(202).send({ draining: true })
    },
  },
]

const parametersOf = (request: FastifyRequest): URLSearchParams => {
  const { url } = request
  const mark = url.indexOf('?')
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
}

const decodeLevel = (parameters: URLSearchParams): Decoded<LogLevel> => {
  const found = parameters.get('level') ?? ''
  const level = decodeLogLevel(found)
  if (level !== undefined) return { ok: true, value: level }
  return { ok: false, issues: [{ path: 'level', message: 'bad value', found, expected: logLevels.join(', ') }] }
}

const sendIssues = (reply: FastifyReply, failure: Extract<Decoded<unknown>, { ok: false }>): FastifyReply =>
  reply.code(400).send({ error: 'bad parameters', issues: failure.issues })

const sendStream = (reply: FastifyReply, text: AsyncIterable<string>): FastifyReply =>
  reply.type('application/json; charset=utf-8').send(Readable.from(text, { objectMode: false }))
