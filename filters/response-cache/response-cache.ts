import type { Filter, FilterDefinition, Reply } from 'fairway/filter'
import { answer, lookupOf } from './answer.ts'
import { responseCacheConfig, type ResponseCacheConfig } from './config.ts'
import { onAnswer, watchBody } from './keep-response.ts'
import { createParts, type CacheParts } from './parts.ts'
import { purge } from './purge.ts'

/**
 * Keeps responses and answers with them (RFC 9111, as a shared cache). Last in its part of the chain: what it keeps are the
 * answers of backends, and what it replies passes all filters as they would.
 */
const responseCache: FilterDefinition<ResponseCacheConfig> = {
  kind: 'ResponseCache',
  stage: 'select',
  body: { response: 'watch' },
  config: responseCacheConfig,
  create: (config, env) => createHooks(createParts(config, env)),
}

const createHooks = (parts: CacheParts): Filter => {
  const { answered, open, passing, requests } = parts
  return {
    onRequest: (exchange) => {
      const { request } = exchange
      const note = (reply: Reply | void): Reply | void => {
        // It passes the hooks of responses as well, and is none to be kept.
        if (reply !== undefined && open.has(request)) answered.add(request)
        return reply
      }
      const lookup = lookupOf(exchange, parts)
      if (lookup === undefined) return requests.inc({ outcome: 'bypass' })
      open.add(request)
      const result = answer(lookup, parts)
      return result instanceof Promise ? result.then(note) : note(result)
    },
    onResponse: (exchange) => {
      if (!answered.has(exchange.request)) onAnswer(exchange, parts)
    },
    transformResponse: ({ request }) => {
      const about = answered.has(request) ? undefined : passing.get(request)
      return about?.fill === undefined ? undefined : watchBody(about, about.fill, parts)
    },
    // Also of what broke off, or was answered by somebody else: those who wait for it have to know.
    onComplete: (_record, { request }) => {
      const about = passing.get(request)
      about?.fill?.drop()
      about?.flight?.land('lost')
      open.delete(request)
      passing.delete(request)
      answered.delete(request)
    },
    onCommand: (command) => purge(command, parts),
    close: () => void parts.store.invalidateWhere(() => true),
  }
}

export default responseCache
