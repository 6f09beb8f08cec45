import { schema } from 'fairway/filter'
import type { FilterDefinition, RequestView } from 'fairway/filter'
import { corsOrigin, createOriginMatcher } from '../cors/origins.ts'

const config = schema.object({
  additionalOrigins: schema.documented(
    schema.withDefault(schema.array(corsOrigin, { maxItems: 64 }), []),
    'Whose pages may send beside those of the host itself: https://shop.example, https://*.shop.example.',
  ),
  missingOrigin: schema.documented(
    schema.withDefault(schema.oneOf(['Refuse', 'Allow']), 'Refuse'),
    'What becomes of a request that says of no page where it comes from. No browser of today sends one that changes something.',
  ),
})

type CsrfConfig = schema.ValueOf<typeof config>

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Refuses requests that pages of other origins make in the name of who looks at them (Envoy's CSRF filter). */
const csrf: FilterDefinition<CsrfConfig> = {
  kind: 'Csrf',
  stage: 'admit',
  config,
  create: ({ additionalOrigins, missingOrigin }, env) => {
    const isAdditional = createOriginMatcher(additionalOrigins)
    const refusal = env.reply(403, {
      headers: [['content-type', 'text/plain']],
      body: 'Invalid origin',
      reason: 'csrf_origin_mismatch',
    })
    return {
      onRequest: ({ request }) => {
        if (safeMethods.has(request.method)) return undefined
        const origin = originOf(request)
        if (origin === undefined) return missingOrigin === 'Allow' ? undefined : refusal
        return isOwn(origin, request.authority) || isAdditional(origin) ? undefined : refusal
      },
    }
  },
}

/** Of the page that sends it: Origin, or where that hides it Referer; `undefined`: neither is there. */
const originOf = ({ headers }: RequestView): string | undefined => {
  const origin = headers.getLower('origin')
  if (origin !== undefined && origin !== 'null') return origin
  const referer = headers.getLower('referer')
  // An origin that is hidden is one nevertheless.
  if (referer === undefined) return origin
  return URL.parse(referer)?.origin ?? 'null'
}

/**
 * Whether a page is of the host that is called. The scheme is not looked at: TLS may have ended before us. As in Envoy the
 * host is that of the request, as it is here.
 */
const isOwn = (origin: string, authority: string): boolean => {
  const host = authority.toLowerCase()
  if (origin === `https://${host}` || origin === `http://${host}`) return host !== ''
  const from = URL.parse(origin)
  if (from === null || from.host === '' || origin.includes(',')) return false
  return from.host === URL.parse(`${from.protocol}//${host}`)?.host
}

export default csrf
