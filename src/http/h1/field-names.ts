import { traceNames } from '../tracing/trace-names.ts'
import { TOKEN_LOWER } from './chars.ts'

/** Fields that decide about framing, routing, the connection or a trace; every other name is `PLAIN`. */
export const PLAIN = 0
export const CONTENT_LENGTH = 1
export const TRANSFER_ENCODING = 2
export const HOST = 3
export const CONNECTION = 4
export const EXPECT = 5
export const UPGRADE = 6
/** Spelled with `_`, which CGI and what descends from it take for `-`: framing to one reader and nothing to another. */
export const LOOKALIKE = 7
/** Speaks of a trace. */
export const TRACE = 8
export const FORWARDED_PROTO = 9

const ROLES: ReadonlyMap<string, number> = new Map<string, number>([
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['host', HOST],
  ['connection', CONNECTION],
  ['expect', EXPECT],
  ['upgrade', UPGRADE],
  ['x-forwarded-proto', FORWARDED_PROTO],
  ['content_length', LOOKALIKE],
  ['transfer_encoding', LOOKALIKE],
  ...traceNames.map((name) => [name, TRACE] as const),
])

/** Usual names, the ones with a role first: when two fall into one slot the earlier keeps it, the later is only slower. */
const USUAL =
  'host content-length transfer-encoding connection expect upgrade user-agent accept content-type accept-encoding ' +
  'accept-language cookie set-cookie authorization cache-control date server x-request-id x-forwarded-for ' +
  'x-forwarded-proto x-forwarded-host x-forwarded-port x-forwarded-client-cert x-real-ip forwarded via traceparent ' +
  'tracestate baggage x-b3-traceid x-b3-spanid x-b3-parentspanid x-b3-sampled x-b3-flags b3 x-ot-span-context ' +
  'x-cloud-trace-context x-envoy-attempt-count x-envoy-upstream-service-time x-envoy-expected-rq-timeout-ms ' +
  'x-envoy-peer-metadata x-envoy-peer-metadata-id x-envoy-decorator-operation x-envoy-original-path ' +
  'x-envoy-external-address x-envoy-internal keep-alive te trailer etag last-modified expires age vary location ' +
  'if-none-match if-modified-since if-match if-unmodified-since if-range range accept-ranges content-range ' +
  'content-encoding content-language content-location content-disposition content-security-policy pragma referer ' +
  'origin dnt allow retry-after www-authenticate link alt-svc strict-transport-security x-content-type-options ' +
  'x-frame-options x-xss-protection referrer-policy permissions-policy access-control-allow-origin ' +
  'access-control-allow-credentials access-control-allow-headers access-control-allow-methods ' +
  'access-control-expose-headers access-control-max-age access-control-request-method ' +
  'access-control-request-headers sec-fetch-site sec-fetch-mode sec-fetch-user sec-fetch-dest sec-ch-ua ' +
  'sec-ch-ua-mobile sec-ch-ua-platform sec-websocket-key sec-websocket-version sec-websocket-accept ' +
  'sec-websocket-protocol sec-websocket-extensions upgrade-insecure-requests x-requested-with x-powered-by ' +
  'x-api-key x-correlation-id x-trace-id x-csrf-token x-user-id priority proxy-connection grpc-status grpc-message'

/** Names that most messages get along with. */
export const usualNames: readonly string[] = USUAL.split(' ')

/** The same, which need no check when they are written. */
const USUAL_NAMES: ReadonlySet<string> = new Set(usualNames)

/** A usual name and what it is for; `undefined` marks an empty slot. */
export interface KnownName {
  readonly name: string
  readonly role: number
}

const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/** Whether both versions may write `name`: a token in lower case (RFC 9110 section 5.1), and no lookalike. */
export function isFieldName(name: string): boolean {
  return USUAL_NAMES.has(name) || (NAME.test(name) && roleOf(name) !== LOOKALIKE)
}

const SLOTS = 1024

/** One step of the hash that the reader computes while it checks a name; `code` is the lower-cased character. */
export function hashStep(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

const KNOWN: readonly (KnownName | undefined)[] = fill()

/** The one known name that has this hash, if any; the caller still has to compare the bytes. */
export function knownByHash(hash: number): KnownName | undefined {
  return KNOWN[(hash ^ (hash >>> 10)) & (SLOTS - 1)]
}

/** Whether `known` is what stands in `buffer` at `start`, letter case aside. */
export function isNameAt(known: KnownName, buffer: Uint8Array, start: number, length: number): boolean {
  const name = known.name
  if (name.length !== length) return false
  for (let i = 0; i < length; i++) if (TOKEN_LOWER[buffer[start + i] ?? 0] !== name.charCodeAt(i)) return false
  return true
}

/** The role of a lower-case name that was not found among the known ones. */
export function roleOf(name: string): number {
  return ROLES.get(name) ?? PLAIN
}

function fill(): readonly (KnownName | undefined)[] {
  const slots: (KnownName | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
  for (const name of USUAL_NAMES) {
    let hash = 0
    for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i))
    const slot = (hash ^ (hash >>> 10)) & (SLOTS - 1)
    slots[slot] ??= { name, role: roleOf(name) }
  }
  return slots
}
