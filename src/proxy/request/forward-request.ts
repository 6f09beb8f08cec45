import type { RequestView } from '../../filter/index.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { removeOwnFields } from '../../http/identity-claims.ts'
import { splitTarget } from '../../http/path.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { Hashable } from '../balance/hash-key.ts'
import { upgradeOf } from './upgrade.ts'
import type { ForwardRequest } from '../forward/forward-plan.ts'

/**
 * The request as it came, its target taken apart; the path is not normalised yet. One of HTTP/1.0 without a Host is for
 * `fallbackHost`, for all who look at it: what policies see is what the endpoint gets.
 */
export const toRequestView = (head: H1RequestHead, fallbackHost: string): RequestView => {
  const { path, query } = splitTarget(head.target, head.method)
  return {
    method: head.method,
    scheme: head.scheme,
    authority: head.host ?? fallbackHost,
    path,
    query,
    headers: head.headers,
    upgrade: upgradeOf(head),
    hasBody: head.bodyLength !== 0,
    token: undefined,
  }
}

/** What the endpoint is told of the client, and how the client asked. */
export interface ForwardClient {
  readonly address: string
  /** Verified, as its tunnel has it. */
  readonly principal: string | undefined
  /** Who we are, where the endpoint is told who the client is; else `undefined`. */
  readonly namedBy: SpiffeId | undefined
  readonly isHttp2: boolean
  /** As `upgradeOf` has it. */
  readonly upgrade: string | undefined
}

/** The client of a request, as its tunnel and its head tell. */
export const clientOf = (
  head: H1RequestHead,
  { source, httpVersion }: Pick<ExchangeRecord, 'source' | 'httpVersion'>,
  namedBy: SpiffeId | undefined,
): ForwardClient => ({
  address: source.address,
  principal: source.principal,
  namedBy,
  isHttp2: httpVersion === 'HTTP/2',
  upgrade: upgradeOf(head),
})

/**
 * The request as it goes to the endpoint, after the filters. Host is what a filter set as authority (URLRewrite) or,
 * as Istio allows, as header.
 */
export const toForwardRequest = (
  request: RequestView,
  head: Pick<H1RequestHead, 'host' | 'scheme' | 'bodyLength' | 'target'>,
  client: ForwardClient,
): ForwardRequest => {
  const { headers, authority, method } = request
  // What filters have set is no better than what a client sends: a consumer's route is not for the producer to trust.
  removeOwnFields(headers)
  if (client.namedBy !== undefined && client.principal !== undefined) {
    headers.fields.push('x-forwarded-client-cert', `By=${client.namedBy};URI=${client.principal}`)
  }
  tellOfClient(headers, client.address)
  const isRewritten = head.host !== undefined && authority !== head.host
  const host = isRewritten ? authority : (headers.getLower('host') ?? authority)
  return {
    method,
    target: targetOf(request, head),
    host,
    scheme: head.scheme,
    headers,
    bodyLength: head.bodyLength,
    upgrade: client.upgrade,
    isHttp2: client.isHttp2,
    token: request.token,
    h1Head: undefined,
    h2Head: undefined,
  }
}

/**
 * The application sees only us as its peer; this is how it learns of the client (waypoint contract 2.4). The address goes
 * behind what others have said, into one field as with Envoy: whoever reads the first line alone, as Go's `Header.Get`
 * does, would have nothing but the client's own word. One look at the fields finds both.
 */
const tellOfClient = (headers: HeaderList, address: string): void => {
  const { fields } = headers
  let isForwarded = false
  let hasProto = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    if (name === 'x-forwarded-for') isForwarded = true
    else if (name === 'x-forwarded-proto') hasProto = true
  }
  if (isForwarded) headers.setLower('x-forwarded-for', [...addressesOf(fields), address].join(', '))
  else fields.push('x-forwarded-for', address)
  if (!hasProto) fields.push('x-forwarded-proto', 'http')
}

const addressesOf = (fields: readonly string[]): readonly string[] =>
  fields.filter((value, i) => i % 2 === 1 && value !== '' && fields[i - 1] === 'x-forwarded-for')

/** As it came where nothing has become of it: what is put together would have to be taken in piece by piece. */
const targetOf = ({ path, query }: RequestView, { target }: Pick<H1RequestHead, 'target'>): string =>
  // Filters may be JavaScript, and have written anything here: what is no text is refused where it is written.
  isText(path) && isText(query) && isWhole(target, path, query) ? target : path + query

const isText = (value: unknown): boolean => typeof value === 'string'

const isWhole = (target: string, path: string, query: string): boolean =>
  target.length === path.length + query.length && target.startsWith(path) && target.endsWith(query)

/** What of a request an endpoint may be chosen by. */
export const hashableOf = (
  { headers, target, token }: ForwardRequest,
  { principal, address }: ForwardClient,
): Hashable => ({
  headers,
  target,
  token,
  principal,
  address,
})
