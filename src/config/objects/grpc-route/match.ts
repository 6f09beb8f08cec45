import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { Match, PathMatch } from '../../../model/match.ts'
import { asDefects, take, type Defect } from '../http-route/defect.ts'
import { checkRegex, decodeMatch, matchAll } from '../http-route/match/match.ts'

/** A GRPCMethodMatch; at least one of the two names is there. */
interface MethodMatch {
  readonly type: 'Exact' | 'RegularExpression'
  readonly service?: string
  readonly method?: string
}

const part = s.optional(s.string({ minLength: 1, maxLength: 1024 }))

const exactService = /^\.?[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*$/
const exactMethod = /^[A-Za-z_][A-Za-z_0-9]*$/

const methodMatch = s.refine(
  s.object({
    type: s.withDefault(s.oneOf(['Exact', 'RegularExpression']), 'Exact'),
    service: part,
    method: part,
  }),
  (written, path): readonly Issue[] => {
    if (written.service === undefined && written.method === undefined) {
      return [{ message: 'is empty', path, found: 'neither', expected: 'a service, a method or both' }]
    }
    return [...checkPart(written, 'service', path), ...checkPart(written, 'method', path)]
  },
)

const checkPart = (written: MethodMatch, field: 'service' | 'method', path: string): readonly Issue[] => {
  const value = written[field]
  if (value === undefined) return []
  if (written.type === 'RegularExpression') return checkRegex(value, `${path}.${field}`)
  if ((field === 'service' ? exactService : exactMethod).test(value)) return []
  const expected = `the name of a gRPC ${field}, of letters, digits and _${field === 'service' ? ' with . between' : ''}`
  return [{ message: 'wrong value', path: `${path}.${field}`, found: s.formatFound(value), expected }]
}

const known = ['method', 'headers']

/** Every gRPC request. */
export const matchAllCalls: Match = { ...matchAll, grpc: { serviceLength: 0, methodLength: 0 } }

/**
 * Reads one entry of `matches` (GRPCRouteMatch) as the match on the path that it means; headers are those of an
 * HTTPRoute. Like there, what cannot be read leaves the match wider, and its rule is closed by the caller.
 */
export const decodeGrpcMatch = (value: unknown, path: string, defects: Defect[]): Match => {
  if (!s.isPlainObject(value)) {
    take(s.object({}).decode(value, path), defects)
    return matchAllCalls
  }
  defects.push(...asDefects(s.unknownFields(value, known, path)))
  const { headers } = decodeMatch({ headers: value['headers'] }, path, defects)
  const written = value['method'] ?? undefined
  const method = written === undefined ? undefined : take(methodMatch.decode(written, `${path}.method`), defects)
  if (method === undefined) return { ...matchAllCalls, headers }
  return {
    path: pathOf(method),
    headers,
    queryParams: [],
    grpc: { serviceLength: method.service?.length ?? 0, methodLength: method.method?.length ?? 0 },
  }
}

/** gRPC asks for `/SERVICE/METHOD`, upper and lower case counting (the HTTP/2 mapping of gRPC). */
const pathOf = ({ type, service, method }: MethodMatch): PathMatch => {
  if (type === 'RegularExpression') return pattern(group(service), group(method))
  if (service === undefined) return pattern(anyPart, quote(method ?? ''))
  return method === undefined
    ? { type: 'PathPrefix', value: `/${service}` }
    : { type: 'Exact', value: `/${service}/${method}` }
}

const anyPart = '[^/]+'

const pattern = (service: string, method: string): PathMatch => ({
  type: 'RegularExpression',
  value: `/${service}/${method}`,
})

/** A group keeps alternatives and flags of one part from reaching into the other. */
const group = (written: string | undefined): string => (written === undefined ? anyPart : `(?:${written})`)

/** Of what a name is made of, only the dot means something in a pattern; the check above let through nothing else. */
const quote = (name: string): string => name.replaceAll('.', '\\.')
