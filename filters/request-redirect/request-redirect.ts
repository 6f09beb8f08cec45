import { schema } from 'fairway/filter'
import type { Exchange, FilterDefinition, RequestView, Schema } from 'fairway/filter'
import { hostOf, preciseHostname } from '../hostname.ts'
import { modifyPath, pathModifier } from '../path-modifier.ts'

const statusCodes: readonly number[] = [301, 302, 303, 307, 308]

const statusCode: Schema<number> = {
  ...schema.refine(schema.integer(), (status, path) =>
    statusCodes.includes(status)
      ? []
      : [{ message: 'unsupported value', path, found: String(status), expected: `one of ${statusCodes.join(', ')}` }],
  ),
  json: { type: 'integer', enum: statusCodes },
}

const config = schema.object({
  scheme: schema.optional(schema.oneOf(['http', 'https'])),
  hostname: schema.optional(preciseHostname),
  path: schema.optional(pathModifier),
  port: schema.optional(schema.integer({ min: 1, max: 65535 })),
  statusCode: schema.withDefault(statusCode, 302),
})

type Config = schema.ValueOf<typeof config>

const wellKnownPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** Answers with a redirect to what the request named, with parts replaced (HTTPRoute filter RequestRedirect). */
const requestRedirect: FilterDefinition<Config> = {
  kind: 'RequestRedirect',
  stage: 'shape',
  config,
  create: (redirect, env) => ({
    onRequest: (exchange) => {
      const location = formatLocation(redirect, exchange)
      // Only a rule with a single PathPrefix match is accepted with ReplacePrefixMatch; anything else is our mistake.
      if (location === undefined) return env.reply(500, { reason: 'redirect_without_prefix' })
      return env.reply(redirect.statusCode, { headers: [['location', location]] })
    },
  }),
}

const formatLocation = (redirect: Config, { request, destination, match }: Exchange): string | undefined => {
  // As a URI, OPTIONS of `*` has an empty path (RFC 9112 section 3.2.4): `http://api.shop*` would be another host.
  const asked = request.path === '*' ? '' : request.path
  const path = redirect.path === undefined ? asked : modifyPath(asked, match?.prefix, redirect.path)
  if (path === undefined) return undefined
  const scheme = redirect.scheme ?? request.scheme
  const host = redirect.hostname ?? (hostOf(request.authority) || destination.hostname)
  const port = portOf(redirect, request, destination.port)
  const suffix = port === undefined || port === wellKnownPorts[scheme] ? '' : `:${port}`
  return `${scheme}://${host}${suffix}${path}${request.query}`
}

/**
 * HTTPRequestRedirectFilter.port: as given, else the scheme's own when that is given, else the one that was dialled. Who
 * asked by https dialled somebody before us, where TLS ended: on the port that he wrote, or on that of https.
 */
const portOf = ({ port, scheme }: Config, request: RequestView, dialled: number): number | undefined => {
  if (port !== undefined) return port
  if (scheme !== undefined) return wellKnownPorts[scheme]
  return request.scheme === 'https' ? writtenPort(request.authority) : dialled
}

/** The port of an authority; `undefined` without one, or with one that is none. */
const writtenPort = (authority: string): number | undefined => {
  const port = Number(/:([0-9]{1,5})$/.exec(authority)?.[1] ?? 0)
  return port >= 1 && port <= 65_535 ? port : undefined
}

export default requestRedirect
