import { claimValues } from '../../../filter/verified-token.ts'
import { isIP } from 'node:net'
import {
  isRequestField,
  type ConnectionField,
  type PolicyField,
  type RequestField,
} from '../../../model/security/authorization.ts'
import type { RequestFacts, RequestPart } from '../request-facts.ts'
import { compileAddresses } from './addresses.ts'
import { compileHeader, compileListHeader, type Repeats } from './headers.ts'
import { compilePaths } from './paths.ts'
import { compileRequestPrincipals } from './request-principals.ts'
import { compileGlobs, compileTexts, type TextMatcher } from './texts.ts'

/** Whether one of the values of a condition fits. */
export type FactsMatcher = (facts: RequestFacts) => boolean

const SCHEME = 'spiffe://'

/** Compiles the values of a field. A fact that is not there fits none of them. */
export const compileField = (field: PolicyField, values: readonly string[], repeats: Repeats): FactsMatcher =>
  isRequestField(field) ? compileRequestField(field, values, repeats) : compileConnectionField(field.kind, values)

const compileConnectionField = (field: ConnectionField, values: readonly string[]): FactsMatcher => {
  switch (field) {
    case 'source.principal':
      return ofSource(compileTexts(values, { scheme: SCHEME }), ({ principal }) => principal)
    case 'source.namespace':
      return ofSource(compileGlobs(values), ({ namespace }) => namespace)
    case 'source.serviceAccount':
      return compileServiceAccounts(values)
    case 'source.trustDomain':
      return ofSource(compileTexts(values), trustDomainOf)
    case 'source.ip':
      return ofSource(compileAddresses(values), ({ address }) => address)
    case 'remote.ip':
      return ofFacts(compileAddresses(values), remoteAddressOf)
    case 'destination.ip': {
      const fits = compileAddresses(values)
      return ({ destinationAddresses }) => destinationAddresses.some(fits)
    }
    case 'destination.port':
      return compilePorts(values)
    case 'connection.sni':
      return ofFacts(compileTexts(values, { ignoreCase: true }), ({ sni }) => sni)
  }
}

const compileRequestField = (field: RequestField, values: readonly string[], repeats: Repeats): FactsMatcher => {
  switch (field.kind) {
    case 'request.host': {
      const fits = compileTexts(values, { ignoreCase: true })
      return ofRequest(({ authority }) => fits(authority === '' ? undefined : authority))
    }
    case 'request.method': {
      const fits = compileTexts(values)
      return ({ request }) => request !== undefined && fits(request.method)
    }
    case 'request.path': {
      const fits = compilePaths(values, repeats === 'joined' ? 'plain' : 'any')
      return ({ request }) => request !== undefined && fits(request.path)
    }
    case 'request.headers':
      return ofRequest(compileHeader(field.name, values, repeats))
    case 'request.experimental.inline.headers':
      return ofRequest(compileListHeader(field.name, values))
    case 'request.auth.principal': {
      const fits = compileRequestPrincipals(values)
      return ({ token }) => fits(token)
    }
    case 'request.auth.audiences':
      return ofToken(values, ({ audiences }) => audiences)
    case 'request.auth.presenter':
      // One, or several, as Istio has it (`requestPresenterGenerator`).
      return ofToken(values, (token) => claimValues(token, ['azp']))
    case 'request.auth.claims':
      return ofToken(values, (token) => claimValues(token, field.names))
  }
}

const ofFacts =
  (fits: TextMatcher, read: (facts: RequestFacts) => string | undefined): FactsMatcher =>
  (facts) =>
    fits(read(facts))

const ofSource =
  (fits: TextMatcher, read: (source: RequestFacts['source']) => string | undefined): FactsMatcher =>
  ({ source }) =>
    fits(read(source))

const ofRequest =
  (fits: (request: RequestPart) => boolean): FactsMatcher =>
  ({ request }) =>
    request !== undefined && fits(request)

const ofToken = (
  values: readonly string[],
  read: (token: NonNullable<RequestFacts['token']>) => readonly string[],
): FactsMatcher => {
  const fits = compileTexts(values)
  return ({ token }) => token !== undefined && read(token).some(fits)
}

/** An identity ends in what `NAMESPACE/NAME` stands for. */
const compileServiceAccounts = (values: readonly string[]): FactsMatcher => {
  const ends = values.map((value) => {
    const slash = value.indexOf('/')
    return `/ns/${value.slice(0, slash)}/sa/${value.slice(slash + 1)}`
  })
  return ({ source: { principal } }) => principal !== undefined && ends.some((end) => principal.endsWith(end))
}

const compilePorts = (values: readonly string[]): FactsMatcher => {
  const ports = new Set(values.map(Number))
  return ({ destinationPort }) => ports.has(destinationPort)
}

const trustDomainOf = ({ principal }: RequestFacts['source']): string | undefined =>
  principal?.slice(SCHEME.length, principal.indexOf('/', SCHEME.length))

/**
 * The client as whoever was before us tells of it: the last address of X-Forwarded-For, as a waypoint of Istio takes it
 * (`use_remote_address: false`, no trusted hops), else the peer's. A connection has only its peer.
 */
const remoteAddressOf = ({ request, source }: RequestFacts): string => {
  const forwarded = request?.headers.getLower('x-forwarded-for')
  const last = forwarded?.slice(forwarded.lastIndexOf(',') + 1).trim()
  return last !== undefined && isIP(last) !== 0 ? last : source.address
}
