import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { take, type Defect } from './defect.ts'

/** A filter that the data plane has: the kind, and its field of the HTTPRouteFilter exactly as written. */
export interface HttpFilter {
  readonly kind: (typeof kinds)[number]
  readonly config: unknown
  /** Whether it replaces a path prefix, which needs a rule with one PathPrefix match. */
  readonly replacesPrefix: boolean
  /** `spec.rules[0].filters[1]` */
  readonly path: string
}

/** Headers that frame the message: a route that changed them would break the connection. */
const framing = new Set([
  ...[
    'connection',
    'content-length',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
])

const headerName = s.refine(
  s.string({ maxLength: 256, pattern: /[A-Za-z0-9!#$%&'*+\-.^_`|~]+/, describe: 'an HTTP header name' }),
  (value, path) =>
    framing.has(value.toLowerCase())
      ? [
          {
            message: 'cannot be changed by a route',
            path,
            found: value,
            expected: 'a header that does not frame the message',
          },
        ]
      : [],
)

const header = s.object({
  name: headerName,
  value: s.string({
    maxLength: 4096,
    pattern: /[!-~]+(?:[ \t]+[!-~]+)*/,
    describe: 'a header value of visible ASCII, with spaces and tabs only inside',
  }),
})

const headers = s.withDefault(s.array(header, { maxItems: 16 }), [])

const headerFilter = s.refine(
  s.object({ set: headers, add: headers, remove: s.withDefault(s.array(headerName, { maxItems: 16 }), []) }),
  ({ set, add, remove }, path): readonly Issue[] => {
    const names = [...set.map((item) => item.name), ...add.map((item) => item.name), ...remove].map((n) =>
      n.toLowerCase(),
    )
    return names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((found) => ({ message: 'header is changed twice', path, found, expected: 'one action per header' }))
  },
)

const hostname = s.refine(
  s.string({
    maxLength: 253,
    pattern: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/,
    describe: 'a lower-case DNS name without wildcard',
  }),
  (found, path) =>
    /^[0-9]+(\.[0-9]+){3}$/.test(found)
      ? [{ message: 'is an IP address', path, found, expected: 'a lower-case DNS name' }]
      : [],
)

const replacement = s.string({
  maxLength: 1024,
  pattern: /[!"$->@-~]*/,
  describe: 'a path of visible ASCII (others percent-encoded) without query or fragment',
})

const pathModifier = s.union('type', {
  ReplaceFullPath: s.object({ type: s.oneOf(['ReplaceFullPath']), replaceFullPath: replacement }),
  ReplacePrefixMatch: s.object({ type: s.oneOf(['ReplacePrefixMatch']), replacePrefixMatch: replacement }),
})

const statusCode = s.refine(s.integer(), (status, path): readonly Issue[] =>
  [301, 302, 303, 307, 308].includes(status)
    ? []
    : [{ message: 'unsupported value', path, found: String(status), expected: 'one of 301, 302, 303, 307, 308' }],
)

const redirect = s.object({
  scheme: s.optional(s.oneOf(['http', 'https'])),
  hostname: s.optional(hostname),
  path: s.optional(pathModifier),
  port: s.optional(s.integer({ min: 1, max: 65_535 })),
  statusCode: s.optional(statusCode),
})

const rewrite = s.object({ hostname: s.optional(hostname), path: s.optional(pathModifier) })

const kinds = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'] as const
const kind = s.oneOf(kinds)
const type = s.oneOf([...kinds, 'RequestMirror', 'CORS', 'ExternalAuth', 'ExtensionRef'])

/**
 * Each kind's field in HTTPRouteFilter and what the whole filter looks like. It is a union: a second filter's field
 * beside the one that `type` names is a mistake, never ignored.
 */
const implemented: Readonly<
  Record<(typeof kinds)[number], { readonly field: string; readonly schema: s.Schema<unknown> }>
> = {
  RequestHeaderModifier: {
    field: 'requestHeaderModifier',
    schema: s.object({ type, requestHeaderModifier: headerFilter }),
  },
  ResponseHeaderModifier: {
    field: 'responseHeaderModifier',
    schema: s.object({ type, responseHeaderModifier: headerFilter }),
  },
  RequestRedirect: { field: 'requestRedirect', schema: s.object({ type, requestRedirect: redirect }) },
  URLRewrite: { field: 'urlRewrite', schema: s.object({ type, urlRewrite: rewrite }) },
}

const typed = s.object({ type }, { unknownFields: 'ignore' })

/** Reads one entry of `filters` (HTTPRouteFilter); `undefined` with a defect when it cannot be carried out. */
export const decodeFilter = (value: unknown, path: string, defects: Defect[]): HttpFilter | undefined => {
  const written = take(typed.decode(value, path), defects)
  if (written === undefined || !s.isPlainObject(value)) return undefined
  const known = kind.decode(written.type, `${path}.type`)
  if (!known.ok) {
    defects.push({
      reason: 'UnsupportedValue',
      message: `filter ${written.type} is not implemented yet`,
      path: `${path}.type`,
      found: written.type,
      expected: `one of ${kinds.join(', ')}`,
    })
    return undefined
  }
  const { field, schema } = implemented[known.value]
  if (take(schema.decode(value, path), defects) === undefined) return undefined
  return { kind: known.value, config: value[field], replacesPrefix: replacesPrefix(value[field]), path }
}

const replacesPrefix = (config: unknown): boolean => {
  const modifier = s.isPlainObject(config) ? config['path'] : undefined
  return s.isPlainObject(modifier) && modifier['type'] === 'ReplacePrefixMatch'
}

/** Which filters of one list exclude each other (HTTPRouteRule.filters, HTTPBackendRef.filters). */
export const checkFilters = (filters: readonly HttpFilter[], path: string): readonly Defect[] => {
  const defects: Defect[] = filters
    .filter((filter, index) => filters.findIndex((other) => other.kind === filter.kind) !== index)
    .map((filter) => ({
      reason: 'IncompatibleFilters',
      message: `filter ${filter.kind} is given twice`,
      path: filter.path,
      found: filter.kind,
      expected: `one ${filter.kind} at most`,
    }))
  const given = filters.map((filter) => filter.kind)
  if (given.includes('RequestRedirect') && given.includes('URLRewrite')) {
    defects.push({
      reason: 'IncompatibleFilters',
      message: 'filters RequestRedirect and URLRewrite exclude each other',
      path,
      found: given.join(', '),
      expected: 'one of the two',
    })
  }
  return defects
}
