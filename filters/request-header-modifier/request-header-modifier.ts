import { refuseRequestChanges, schema } from 'fairway/filter'
import type { FilterDefinition } from 'fairway/filter'
import { createHeaderChanger, headerChanges } from '../header-changes.ts'
import type { HeaderChanges } from '../header-changes.ts'

/**
 * Changes the request's headers (HTTPRoute filter RequestHeaderModifier). `set: host` replaces the authority, as in
 * Istio; a request has exactly one, so `host` can be neither added nor removed. Headers that say who the client is can be
 * removed only.
 */
const requestHeaderModifier: FilterDefinition<HeaderChanges> = {
  kind: 'RequestHeaderModifier',
  stage: 'shape',
  config: schema.refine(headerChanges, refuseRequestChanges),
  create: (changes) => {
    const host = changes.set.find((pair) => isHost(pair.name))?.value
    const change = createHeaderChanger({ ...changes, set: changes.set.filter((pair) => !isHost(pair.name)) })
    return {
      onRequest: ({ request }) => {
        if (host !== undefined) request.authority = host
        change(request.headers)
      },
    }
  },
}

const isHost = (name: string): boolean => name.toLowerCase() === 'host'

export default requestHeaderModifier
