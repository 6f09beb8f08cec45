import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { TelemetryProvider } from '../../../model/telemetry/telemetry-provider.ts'
import {
  DEFAULT_AUTHORIZATION_MS,
  type ExternalAuthorization,
  type NamePattern,
} from '../../../model/security/external-authorization.ts'
import { portNumber } from '../kind.ts'
import { positiveDuration } from './duration.ts'
import { providerService, type ProviderService } from './provider-service.ts'
import { telemetryFields, telemetryProviderOf, unsupportedFields } from './telemetry-provider.ts'

/** An extension provider that can be asked whether a request may pass (MeshConfig.extensionProviders). */
export interface MeshProvider {
  readonly name: string
  /** As its `service` has it: `[NAMESPACE/]HOSTNAME`. */
  readonly service: ProviderService
  readonly port: number
  readonly settings: Omit<ExternalAuthorization, 'service' | 'endpoints'>
}

/** Beyond it no body would ever find room. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** MeshConfig has it as a text; in YAML the quotes are easily forgotten. */
const status: s.Schema<number> = {
  decode: (value, path) => {
    const code = typeof value === 'string' && /^[0-9]{3}$/.test(value) ? Number(value) : value
    if (typeof code === 'number' && Number.isInteger(code) && code >= 200 && code <= 599) {
      return { ok: true, value: code }
    }
    const expected = 'an HTTP status like "403", from 200 to 599'
    return s.failure({ message: 'wrong value', path, found: s.formatFound(value), expected })
  },
  json: { type: 'string' },
}

const TOKEN = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/

const namePattern = s.map(
  s.string({ pattern: /[A-Za-z0-9!#$%&'+.^_`|~-]+\*?|\*[A-Za-z0-9!#$%&'+.^_`|~-]+/, describe: 'abc, abc* or *abc' }),
  (text): NamePattern => {
    const lower = text.toLowerCase()
    if (lower.endsWith('*')) return { kind: 'prefix', text: lower.slice(0, -1) }
    return lower.startsWith('*') ? { kind: 'suffix', text: lower.slice(1) } : { kind: 'exact', text: lower }
  },
)

const names = s.withDefault(s.array(namePattern), [])

/** It may be what the provider knows us by. */
const fieldValue = s.string({ pattern: /[\t\x20-\x7e\x80-\xff]*/, describe: 'a header value', secret: true })

const headers = s.refine(s.record(fieldValue), (written, path): readonly Issue[] =>
  Object.keys(written)
    .filter((name) => !new RegExp(`^${TOKEN.source}$`).test(name))
    .map((name) => ({ message: 'wrong value', path: `${path}["${name}"]`, found: name, expected: 'a header name' })),
)

const body = s.object({
  maxRequestBytes: s.integer({ min: 1, max: MAX_BODY_BYTES }),
  allowPartialMessage: s.withDefault(s.boolean(), false),
  packAsBytes: s.withDefault(s.boolean(), false),
})

const shared = {
  service: providerService,
  port: portNumber,
  timeout: s.withDefault(positiveDuration, DEFAULT_AUTHORIZATION_MS),
  failOpen: s.withDefault(s.boolean(), false),
  statusOnError: s.withDefault(status, 403),
  includeRequestBodyInCheck: s.optional(body),
}

const grpc = s.object(shared)

const http = s.object({
  ...shared,
  pathPrefix: s.withDefault(s.string({ pattern: /(?:\/[^\s?#\\]*)?/, describe: 'a path that begins with /' }), ''),
  /** Of old, in place of the next one. */
  includeHeadersInCheck: names,
  includeRequestHeadersInCheck: names,
  includeAdditionalHeadersInCheck: s.withDefault(headers, {}),
  headersToUpstreamOnAllow: names,
  headersToDownstreamOnDeny: names,
  headersToDownstreamOnAllow: names,
})

/** Its kinds that are ours, by the field that says which. */
const entry = s.object(
  {
    name: s.string({ minLength: 1 }),
    envoyExtAuthzGrpc: s.optional(grpc),
    envoyExtAuthzHttp: s.optional(http),
    ...telemetryFields,
    ...Object.fromEntries(Object.keys(unsupportedFields).map((field) => [field, s.optional(s.anything())])),
  },
  { unknownFields: 'ignore' },
)

/** What an entry of `extensionProviders` is: one that can be asked, one that is told something, or neither, as far as is known here. */
export type ReadProvider =
  | { readonly use: 'authorization'; readonly name: string; readonly provider: MeshProvider }
  | { readonly use: 'telemetry'; readonly name: string; readonly provider: TelemetryProvider }
  | { readonly use: 'none'; readonly name: string }

/** An entry of `extensionProviders`. */
export const providerSchema: s.Schema<ReadProvider> = s.map(
  s.refine(entry, ({ name: _name, ...kinds }, path): readonly Issue[] => {
    const [, second] = Object.keys(kinds)
    if (second === undefined) return []
    const found = Object.keys(kinds).join(', ')
    return [{ message: 'wrong value', path: `${path}.${second}`, found, expected: 'one kind of provider' }]
  }),
  ({ name, envoyExtAuthzGrpc, envoyExtAuthzHttp, ...others }): ReadProvider => {
    if (envoyExtAuthzGrpc !== undefined) {
      return { use: 'authorization', name, provider: grpcProvider(name, envoyExtAuthzGrpc) }
    }
    if (envoyExtAuthzHttp !== undefined) {
      return { use: 'authorization', name, provider: httpProvider(name, envoyExtAuthzHttp) }
    }
    const provider = telemetryProviderOf(name, others, Object.keys(others))
    return provider === undefined ? { use: 'none', name } : { use: 'telemetry', name, provider }
  },
)

const grpcProvider = (name: string, written: s.ValueOf<typeof grpc>): MeshProvider => ({
  name,
  service: written.service,
  port: written.port,
  settings: {
    protocol: 'grpc',
    ...settingsOf(written),
    addedHeaders: [],
    answer: { toUpstream: 'all', toDownstreamOnAllow: 'all', toDownstreamOnDeny: 'all' },
    pathPrefix: '',
  },
})

const httpProvider = (name: string, written: s.ValueOf<typeof http>): MeshProvider => ({
  name,
  service: written.service,
  port: written.port,
  settings: {
    protocol: 'http',
    ...settingsOf(written),
    // Envoy shows it to each such service, beside method, path and host.
    shownHeaders: [
      { kind: 'exact', text: 'authorization' },
      ...written.includeHeadersInCheck,
      ...written.includeRequestHeadersInCheck,
    ],
    addedHeaders: Object.entries(written.includeAdditionalHeadersInCheck).map(([field, value]) => [
      field.toLowerCase(),
      value,
    ]),
    answer: {
      toUpstream: written.headersToUpstreamOnAllow,
      toDownstreamOnAllow: written.headersToDownstreamOnAllow,
      toDownstreamOnDeny: written.headersToDownstreamOnDeny.length === 0 ? 'all' : written.headersToDownstreamOnDeny,
    },
    pathPrefix: written.pathPrefix,
  },
})

const settingsOf = (
  written: s.ValueOf<typeof grpc>,
): Pick<ExternalAuthorization, 'timeoutMs' | 'failOpen' | 'statusOnError' | 'body'> => {
  const { timeout, failOpen, statusOnError, includeRequestBodyInCheck: shown } = written
  const asked = { timeoutMs: timeout, failOpen, statusOnError }
  if (shown === undefined) return asked
  const { maxRequestBytes, allowPartialMessage, packAsBytes } = shown
  return { ...asked, body: { maxBytes: maxRequestBytes, allowsPartial: allowPartialMessage, asBytes: packAsBytes } }
}
