import type { Decoded } from '../lib/decoded.ts'
import { decodeLogLevel, logLevels, type LogLevel } from '../lib/log.ts'
import type { AdminDeps } from './admin-deps.ts'
import { json, jsonInParts, type Answer } from './answer.ts'
import { commandFilters } from './command-filters.ts'
import { comparisonRows } from './rows/comparison-rows.ts'
import { endpointRows } from './rows/endpoint-rows.ts'
import { filterRows } from './rows/filter-rows.ts'
import { streamJson } from './json-stream.ts'
import { limitRows } from './rows/limit-rows.ts'
import { redactRoute, redactService } from './redact.ts'
import type { Endpoint, Question } from './server.ts'

interface Described extends Pick<Endpoint, 'method' | 'path'> {
  readonly what: string
  readonly answer: (parameters: URLSearchParams) => Answer | Promise<Answer>
}

/** The admin API: reads by GET, changes by POST, JSON throughout. */
export const adminEndpoints = (deps: AdminDeps): readonly Endpoint[] => {
  const endpoints = listEndpoints(deps)
  const list = endpoints.map(({ method, path, what }) => ({ method, path, what }))
  return [
    { method: 'GET', path: '/', answer: () => json({ endpoints: list }) },
    ...endpoints.map(({ method, path, answer }) => ({
      method,
      path,
      answer: ({ parameters }: Question) => answer(parameters),
    })),
  ]
}

const listEndpoints = (deps: AdminDeps): readonly Described[] => [
  {
    method: 'GET',
    path: '/snapshot',
    what: 'services, routes and endpoints in force; filters without their configuration',
    answer: async () => {
      const { generation, model } = await deps.config()
      const { gateway, trafficType, pathNormalization, tellsClientIdentity, defaultRepeats } = model ?? {}
      const lists = {
        services: model?.services.map(redactService) ?? [],
        routes: model?.routes.map(redactRoute) ?? [],
        endpoints: model?.endpoints ?? [],
      }
      return jsonInParts(
        streamJson({ generation, gateway, trafficType, pathNormalization, tellsClientIdentity, defaultRepeats }, lists),
      )
    },
  },
  {
    method: 'GET',
    path: '/endpoints',
    what: 'how each endpoint is doing in all processes: state, why, share, requests under way; service (NS/NAME) for one Service',
    answer: async (parameters) => {
      const [{ generation, model }, processes] = await Promise.all([deps.config(), deps.endpoints()])
      const rows = endpointRows(model?.endpoints ?? [], processes, parameters.get('service') ?? undefined)
      return jsonInParts(streamJson({ generation, processes: processes.length }, { endpoints: rows }))
    },
  },
  {
    method: 'GET',
    path: '/limits',
    what: 'Service ports with limits, and what they have under way in each process',
    answer: async () => {
      const [{ generation, model }, processes] = await Promise.all([deps.config(), deps.limits()])
      return jsonInParts(streamJson({ generation }, { limits: limitRows(model?.endpoints ?? [], processes) }))
    },
  },
  {
    method: 'GET',
    path: '/filters',
    what: "how users' filters do in all processes: state, calls, failures by kind, the last one, times of hooks",
    answer: async () => {
      const [{ generation }, processes] = await Promise.all([deps.config(), deps.filters()])
      return json({ generation, processes: processes.length, filters: filterRows(processes) })
    },
  },
  {
    method: 'POST',
    path: '/filters/command',
    what: 'asks something of filters: kind, command, origin for one of them, and what else the command takes; ResponseCache: purge',
    answer: (parameters) => commandFilters(parameters, deps),
  },
  {
    method: 'GET',
    path: '/comparisons',
    what: 'what mirrors answer otherwise than the primary: pairs by outcome, places that differ, what is noise',
    answer: async () => {
      const [{ generation }, processes] = await Promise.all([deps.config(), deps.comparisons()])
      const rows = comparisonRows(processes)
      return jsonInParts(streamJson({ generation, processes: processes.length }, { comparisons: rows }))
    },
  },
  {
    method: 'GET',
    path: '/certs',
    what: 'our certificate, its source and chain, trust roots and revocation lists, and what is wrong with them',
    answer: () => json(deps.certs()),
  },
  {
    method: 'GET',
    path: '/conditions',
    what: 'what became of each object, and documents that could not be read',
    answer: async () => {
      const { generation, conditions, issues } = await deps.config()
      return jsonInParts(streamJson({ generation }, { conditions, issues }))
    },
  },
  {
    method: 'GET',
    path: '/status',
    what: 'the same as a Kubernetes List: each object with its status',
    answer: async () => {
      const { generation, items } = await deps.statuses()
      return jsonInParts(streamJson({ apiVersion: 'v1', kind: 'List', generation }, { items }))
    },
  },
  {
    method: 'GET',
    path: '/resolve',
    what: 'where a request or connection would go, and why: authority, method, path, header, sni, source (NS/SA), address, claims',
    answer: async (parameters) => {
      const { decodeExplainParameters } = await import('./explain-parameters.ts')
      const query = decodeExplainParameters(parameters)
      return query.ok ? json(await deps.explain(query.value)) : refuseParameters(query)
    },
  },
  { method: 'GET', path: '/log-level', what: 'the level of the log', answer: () => json({ level: deps.logLevel() }) },
  {
    method: 'POST',
    path: '/log-level',
    what: `sets the level of the log: level, one of ${logLevels.join(', ')}`,
    answer: (parameters) => {
      const level = decodeLevel(parameters)
      if (!level.ok) return refuseParameters(level)
      deps.setLogLevel(level.value)
      return json({ level: deps.logLevel() })
    },
  },
  {
    method: 'POST',
    path: '/drain',
    what: 'begins to drain: no new connections, readiness fails, tunnels finish',
    answer: () => {
      deps.drain()
      return json({ draining: true }, 202)
    },
  },
]

const decodeLevel = (parameters: URLSearchParams): Decoded<LogLevel> => {
  const found = parameters.get('level') ?? ''
  const level = decodeLogLevel(found)
  if (level !== undefined) return { ok: true, value: level }
  return { ok: false, issues: [{ path: 'level', message: 'bad value', found, expected: logLevels.join(', ') }] }
}

const refuseParameters = (failure: Extract<Decoded<unknown>, { ok: false }>): Answer =>
  json({ error: 'bad parameters', issues: failure.issues }, 400)
