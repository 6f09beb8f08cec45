import type { Issue } from '../../../../lib/decoded.ts'
import * as s from '../../../../lib/schema.ts'
import {
  DEFAULT_AUTHORIZATION_MS,
  type ExternalAuthorization,
  type NamePattern,
} from '../../../../model/security/external-authorization.ts'
import { fieldName } from '../../token.ts'
import { backendObject, needsPort, type BackendObject } from '../backend-object.ts'

/** An HTTPExternalAuthFilter: who is asked about each request, and how. */
export interface ExternalAuthRef extends BackendObject {
  readonly settings: Omit<ExternalAuthorization, 'service' | 'endpoints'>
  /** `spec.rules[0].filters[1]` */
  readonly path: string
}

/** Beyond it no body would ever find room. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

const names = s.withDefault(s.array(fieldName, { maxItems: 64 }), [])

/** As in the CRD; what begins without a slash is meant to have one. */
const prefix = s.string({
  maxLength: 1024,
  pattern: /(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*/,
  describe: 'the beginning of a path',
})

const schema = s.object({
  protocol: s.oneOf(['HTTP', 'GRPC']),
  backendRef: s.refine(s.object(backendObject), needsPort),
  grpc: s.optional(s.object({ allowedHeaders: names })),
  http: s.optional(s.object({ path: s.withDefault(prefix, ''), allowedHeaders: names, allowedResponseHeaders: names })),
  forwardBody: s.optional(s.object({ maxSize: s.withDefault(s.integer({ min: 0, max: MAX_BODY_BYTES }), 0) })),
})

type Written = s.ValueOf<typeof schema>

/** HTTPExternalAuthFilter; the other protocol's settings are a mistake, never ignored. */
export const externalAuth = s.refine(schema, ({ protocol, grpc, http }, path): readonly Issue[] => {
  const other = protocol === 'HTTP' ? 'grpc' : 'http'
  const given = protocol === 'HTTP' ? grpc : http
  if (given === undefined) return []
  const expected = `nothing beside protocol ${protocol}`
  return [{ message: 'wrong value', path: `${path}.${other}`, found: other, expected }]
})

const exactly = (list: readonly string[]): readonly NamePattern[] =>
  list.map((name) => ({ kind: 'exact', text: name.toLowerCase() }))

/** The filter as settings, with what the Gateway API leaves open as it is elsewhere: 2 s, and closed without an answer. */
export const toExternalAuthRef = ({ backendRef, ...written }: Written, path: string): ExternalAuthRef => {
  const maxBytes = written.forwardBody?.maxSize ?? 0
  return {
    ...backendRef,
    path,
    settings: {
      timeoutMs: DEFAULT_AUTHORIZATION_MS,
      failOpen: false,
      statusOnError: 403,
      addedHeaders: [],
      ...(written.protocol === 'GRPC' ? grpcPart(written) : httpPart(written)),
      // A body that is too large is refused, as the filter's own description has it.
      ...(maxBytes === 0 ? {} : { body: { maxBytes, allowsPartial: false, asBytes: true } }),
    },
  }
}

type Part = Pick<ExternalAuthorization, 'protocol' | 'shownHeaders' | 'answer' | 'pathPrefix'>

const grpcPart = ({ grpc }: Pick<Written, 'grpc'>): Part => {
  const shown = grpc?.allowedHeaders ?? []
  return {
    protocol: 'grpc',
    ...(shown.length === 0 ? {} : { shownHeaders: exactly(shown) }),
    answer: { toUpstream: 'all', toDownstreamOnAllow: 'all', toDownstreamOnDeny: 'all' },
    pathPrefix: '',
  }
}

const httpPart = ({ http }: Pick<Written, 'http'>): Part => {
  const { path = '', allowedHeaders = [], allowedResponseHeaders: taken = [] } = http ?? {}
  return {
    protocol: 'http',
    shownHeaders: exactly(['authorization', ...allowedHeaders]),
    answer: {
      toUpstream: taken.length === 0 ? 'all' : exactly(taken),
      toDownstreamOnAllow: [],
      toDownstreamOnDeny: 'all',
    },
    pathPrefix: path === '' || path.startsWith('/') ? path : `/${path}`,
  }
}
