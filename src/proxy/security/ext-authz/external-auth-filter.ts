import type { Exchange, FilterDefinition } from '../../../filter/index.ts'
import * as s from '../../../lib/schema.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'
import type { GuardedExchange } from '../guards.ts'
import type { Authorizers } from './authorizers.ts'

/**
 * Gateway API's filter ExternalAuth (HTTPExternalAuthFilter). Not one of those that are written on `fairway/filter`: it
 * sends requests of its own, with the waypoint's identity. What is written was read at translate, and its reference
 * resolved; so the configuration is what the model has.
 */
export const externalAuthFilter = (authorizers: () => Authorizers): FilterDefinition<ExternalAuthorization> => ({
  kind: 'ExternalAuth',
  stage: 'identify',
  config: s.map(s.anything(), (config) => config as ExternalAuthorization),
  create: (settings) => {
    const { namespace, name, port } = settings.service
    authorizers().need()
    const provider = { name: `filter ExternalAuth (${namespace}/${name}:${port})`, settings }
    return {
      onRequest: (exchange) => authorizers().requests.check(guarded(exchange), provider),
    }
  },
})

/** Every exchange of the data plane is one; only what is made by hand in tests is not. */
const guarded = (exchange: Exchange): GuardedExchange => {
  if ('snapshot' in exchange && 'readBody' in exchange) return exchange as GuardedExchange
  throw new Error('ExternalAuth needs an exchange of the data plane')
}
