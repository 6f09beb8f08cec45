import type { Decoded, Issue } from '../lib/decoded.ts'
import { isPlainObject } from '../lib/schema.ts'
import { hideInTarget } from '../lib/secrets/hide-secrets.ts'
import { parseSpiffeId } from '../model/identity.ts'
import type { ExplainQuery } from '../snapshot/explain.ts'

const KNOWN = ['authority', 'method', 'path', 'header', 'sni', 'source', 'address', 'claims']

/**
 * Reads the parameters of `/resolve`: `authority` (required), `method` (GET), `path` with query (`/`), `header` as
 * `Name: value` (repeatable), `sni` for a TLS connection (empty: it names no server), `source` as a namespace, `NS/SA`
 * or a SPIFFE ID, `address` that the client's tunnel comes from, `claims` of a verified token as JSON.
 */
export const decodeExplainParameters = (parameters: URLSearchParams): Decoded<ExplainQuery> => {
  const issues: Issue[] = []
  for (const path of new Set(parameters.keys())) {
    if (!KNOWN.includes(path)) issues.push({ path, message: 'unknown parameter', expected: KNOWN.join(', ') })
    else if (path !== 'header' && parameters.getAll(path).length > 1) issues.push({ path, message: 'given twice' })
  }
  const read = (path: string, options: { fallback: string; pattern: RegExp; expected: string }): string => {
    const found = parameters.get(path) ?? options.fallback
    if (!options.pattern.test(found)) {
      issues.push({ path, message: 'bad value', found: hideInTarget(found.slice(0, 200)), expected: options.expected })
    }
    return found
  }
  const authority = read('authority', {
    fallback: '',
    pattern: /^[^\s/]+:[0-9]{1,5}$/,
    expected: 'that of the CONNECT: 10.96.0.12:80 or api.shop.svc.cluster.local:80',
  })
  const method = read('method', { fallback: 'GET', pattern: /^[!#$%&'*+.^_`|~\w-]+$/, expected: 'a method' })
  const target = read('path', { fallback: '/', pattern: /^(?:\/[^\s#]*|\*)$/, expected: 'a path such as /items?q=1' })
  const headers = parameters.getAll('header').flatMap((text) => readHeader(text, issues))
  const sni = parameters.has('sni')
    ? read('sni', { fallback: '', pattern: /^[^\s/:]{0,253}$/, expected: 'a server name, or nothing' })
    : undefined
  const source = parameters.get('source')
  const client = source === null ? { sourceNamespace: undefined } : readSource(source, issues)
  const address = parameters.has('address')
    ? read('address', { fallback: '', pattern: /^[0-9A-Fa-f:.]{2,45}$/, expected: 'an IP address' })
    : undefined
  const claims = readClaims(parameters.get('claims'), issues)
  if (issues.length > 0) return { ok: false, issues }
  return {
    ok: true,
    value: {
      ...{ authority, method, target, headers, ...client },
      ...(sni === undefined ? {} : { sni }),
      ...(address === undefined ? {} : { address }),
      ...(claims === undefined ? {} : { claims }),
    },
  }
}

const readHeader = (text: string, issues: Issue[]): [string, string][] => {
  const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(text)
  const [, name, value = ''] = match ?? []
  if (name !== undefined) return [[name, value]]
  // What is there may be half a credential: only what could be the name is shown.
  const [found = ''] = /^[^\s:]{0,100}/.exec(text) ?? []
  issues.push({ path: 'header', message: 'bad value', found, expected: 'Name: value' })
  return []
}

const readSource = (
  text: string,
  issues: Issue[],
): Pick<ExplainQuery, 'sourceNamespace' | 'serviceAccount' | 'trustDomain'> => {
  const parts = parseSpiffeId(text)
  if (parts !== undefined) {
    const { namespace, serviceAccount, trustDomain } = parts
    return { sourceNamespace: namespace, serviceAccount, trustDomain }
  }
  const [, sourceNamespace, serviceAccount] = /^([A-Za-z0-9._-]{1,253})(?:\/([A-Za-z0-9._-]{1,253}))?$/.exec(text) ?? []
  if (sourceNamespace === undefined) {
    const expected = 'a namespace, NAMESPACE/ACCOUNT or a SPIFFE ID'
    issues.push({ path: 'source', message: 'bad value', found: text.slice(0, 200), expected })
  }
  return { sourceNamespace, ...(serviceAccount === undefined ? {} : { serviceAccount }) }
}

/** What is there may be a token: it is never shown. */
const readClaims = (text: string | null, issues: Issue[]): ExplainQuery['claims'] => {
  if (text === null) return undefined
  try {
    const claims: unknown = JSON.parse(text)
    if (isPlainObject(claims)) return claims
  } catch {
    // No JSON: told of below.
  }
  issues.push({
    path: 'claims',
    message: 'bad value',
    expected: 'an object in JSON, such as {"iss":"idp","sub":"alice"}',
  })
  return undefined
}
