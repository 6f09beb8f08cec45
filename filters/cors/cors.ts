import type { FilterDefinition, HeaderList, RequestView } from 'fairway/filter'
import { corsConfig } from './config.ts'
import type { CorsConfig } from './config.ts'
import { createOriginMatcher } from './origins.ts'

/** What was found in a request that has an Origin, before other filters could change it. */
interface Verdict {
  /** `undefined`: not allowed. */
  readonly origin: string | undefined
  readonly preflight: { readonly method: string; readonly headers: string | undefined } | undefined
}

/** Everything that the CORS protocol knows in a response (Fetch standard, section 3.3.3); a backend may have its own opinion. */
const responseHeaders = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]

/**
 * Answers preflights, and says in every other response whether the page that asked may read it (HTTPRoute filter CORS).
 * It reads the Origin before any filter can change it, and writes after all others of its rule.
 */
const cors: FilterDefinition<CorsConfig> = {
  kind: 'CORS',
  stage: 'preflight',
  config: corsConfig,
  create: (config, env) => {
    const isAllowed = createOriginMatcher(config.allowOrigins)
    const write = createWriter(config)
    const verdicts = new WeakMap<RequestView, Verdict>()
    return {
      onRequest: ({ request }) => {
        const verdict = judge(request, isAllowed)
        if (verdict === undefined) return undefined
        verdicts.set(request, verdict)
        return verdict.preflight === undefined ? undefined : env.reply(204, { reason: 'cors_preflight' })
      },
      onResponse: ({ request, response }) => {
        if (response === undefined) return
        for (const name of responseHeaders) response.headers.removeLower(name)
        // An answer of a filter before this one comes by without its request.
        const verdict = verdicts.get(request) ?? judge(request, isAllowed)
        if (verdict?.origin !== undefined) write(response.headers, verdict.origin, verdict.preflight)
        addVary(response.headers)
      },
    }
  },
}

/** `undefined` for a request without Origin. Of two Origin headers `get` makes a list, which is no origin. */
const judge = (request: RequestView, isAllowed: (origin: string) => boolean): Verdict | undefined => {
  const origin = request.headers.getLower('origin')
  if (origin === undefined) return undefined
  const method = request.method === 'OPTIONS' ? request.headers.getLower('access-control-request-method') : undefined
  const preflight =
    method === undefined ? undefined : { method, headers: request.headers.getLower('access-control-request-headers') }
  return { origin: isAllowed(origin) ? origin : undefined, preflight }
}

/** Makes the function that writes the headers for an allowed origin; what the configuration decides is decided here. */
const createWriter = (config: CorsConfig) => {
  const allowedMethods = listOrEcho(config.allowMethods, /^[!#$%&'+\-.^_`|~0-9A-Za-z]+$/)
  const allowedHeaders = listOrEcho(config.allowHeaders, /^[!#$%&'+\-.^_`|~0-9A-Za-z, \t]+$/)
  const maxAge = String(config.maxAge)
  const exposedNames = createExposedNames(config)
  return (headers: HeaderList, origin: string, preflight: Verdict['preflight']): void => {
    const exposed = exposedNames(headers)
    headers.setLower('access-control-allow-origin', origin)
    if (config.allowCredentials) headers.setLower('access-control-allow-credentials', 'true')
    if (exposed !== '') headers.setLower('access-control-expose-headers', exposed)
    if (preflight === undefined) return
    const methods = allowedMethods(preflight.method)
    const names = allowedHeaders(preflight.headers)
    if (methods !== undefined) headers.setLower('access-control-allow-methods', methods)
    if (names !== undefined) headers.setLower('access-control-allow-headers', names)
    headers.setLower('access-control-max-age', maxAge)
  }
}

/**
 * The list as text. For `*` what was asked for: `*` itself does not cover Authorization, and beside credentials
 * browsers take it for a name (Fetch standard, section 3.3.4). What does not match `pattern`, a `*` above all, is not
 * repeated.
 */
const listOrEcho = (
  values: readonly string[],
  pattern: RegExp,
): ((asked: string | undefined) => string | undefined) => {
  if (values.includes('*')) return (asked) => (asked !== undefined && pattern.test(asked) ? asked : undefined)
  const text = values.length === 0 ? undefined : values.join(', ')
  return () => text
}

/** Which response headers a page may read; `*` beside credentials means those that are there, by name. */
const createExposedNames = ({ exposeHeaders, allowCredentials }: CorsConfig): ((headers: HeaderList) => string) => {
  const names = new Set(exposeHeaders)
  const text = [...names].join(', ')
  if (!allowCredentials || !names.delete('*')) return () => text
  return (headers) =>
    [...new Set([...names, ...Array.from(headers, ([name]) => name)])].filter((name) => name !== '*').join(', ')
}

/** Caches must not give one origin's response to another, nor that of a request without Origin to any. */
const addVary = (headers: HeaderList): void => {
  const vary = headers.getLower('vary')
  if (vary === undefined) headers.add('vary', 'Origin')
  else if (!/(?:^|,)[ \t]*(?:\*|origin)[ \t]*(?:,|$)/i.test(vary)) headers.setLower('vary', `${vary}, Origin`)
}

export default cors
