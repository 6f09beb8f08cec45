import { schema } from 'fairway/filter'
import type { Exchange } from 'fairway/filter'
import { fieldName } from '../field-name.ts'

const headerMatch = schema.object({
  name: schema.documented(fieldName, 'Of the header, in any case.'),
  value: schema.documented(
    schema.optional(schema.string({ maxLength: 4096 })),
    'All of its value. Left out: it has to be there.',
  ),
})

const sourceMatch = schema.object({
  namespace: schema.documented(schema.string({ minLength: 1, maxLength: 253 }), 'Of the caller, by its certificate.'),
  serviceAccount: schema.documented(
    schema.optional(schema.string({ minLength: 1, maxLength: 253 })),
    'Of the caller. Left out: any of that namespace.',
  ),
})

/** Which requests a filter is for: those that have all of the headers, and come from one of the sources. */
export const requestMatch = schema.object({
  headers: schema.documented(
    schema.withDefault(schema.array(headerMatch, { maxItems: 16 }), []),
    'Headers that a request has to have, all of them.',
  ),
  sources: schema.documented(
    schema.withDefault(schema.array(sourceMatch, { maxItems: 64 }), []),
    'Callers that it has to come from, one of them. Left out: anybody.',
  ),
})

export type RequestMatch = schema.ValueOf<typeof requestMatch>

/** Says of each request whether it is meant; `undefined` where all are. */
export const createRequestMatcher = (
  match: RequestMatch | undefined,
): ((exchange: Pick<Exchange, 'request' | 'source'>) => boolean) | undefined => {
  const { headers = [], sources = [] } = match ?? {}
  if (headers.length + sources.length === 0) return undefined
  const wanted = headers.map(({ name, value }) => ({ name: name.toLowerCase(), value }))
  return ({ request, source }) => {
    for (const { name, value } of wanted) {
      const found = request.headers.getLower(name)
      if (found === undefined || (value !== undefined && found !== value)) return false
    }
    if (sources.length === 0) return true
    for (const { namespace, serviceAccount } of sources) {
      if (namespace !== source.namespace) continue
      if (serviceAccount === undefined || serviceAccount === source.serviceAccount) return true
    }
    return false
  }
}
