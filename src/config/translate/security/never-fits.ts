/** Which values of a policy's condition fit nothing at a waypoint, whatever comes. Nothing is said here that is not certain. */
import { isMethod } from '../../../http/h1/chars.ts'
import { isConnectionSpecific } from '../../../http/hop-by-hop.ts'
import { isIdentityClaim } from '../../../http/identity-claims.ts'
import { isInCidr, parseCidr, parseIp } from '../../../lib/addresses/cidr.ts'
import { decodeSpiffeId } from '../../../model/identity.ts'
import type { PathNormalization } from '../../../model/model.ts'
import type { PolicyField } from '../../../model/security/authorization.ts'
import { fitsHalf, parseRequestPrincipal } from '../../../model/security/request-principal.ts'
import { isOfOwnTrustDomain, isOwnTrustDomain } from './expand-trust-domains.ts'
import { whyNoPath } from './possible-path.ts'

/** What clients of a waypoint can be, and ask for. */
export interface FitScope {
  /** The mesh's own and its aliases: nobody else gets in. `undefined` where nobody has said what they are. */
  readonly trustDomains: readonly string[] | undefined
  readonly pathNormalization: PathNormalization
  /** The ports of all that a policy is about; `undefined`: any. */
  readonly ports: ReadonlySet<number> | undefined
  /** The addresses of the same; `undefined`: any. */
  readonly addresses: readonly string[] | undefined
  /** Those whose tokens are verified there; `undefined`: any, or nobody says. */
  readonly issuers: readonly string[] | undefined
}

/** Why a value fits nothing; `undefined` when something may come that it fits. */
export const whyNever = (field: PolicyField, value: string, scope: FitScope): string | undefined => {
  switch (field.kind) {
    case 'source.principal':
      return whyNoPrincipal(value, scope)
    case 'source.trustDomain':
      return scope.trustDomains === undefined || isOwnTrustDomain(value, scope.trustDomains)
        ? undefined
        : `since the mesh has ${formatTrustDomains(scope.trustDomains)}`
    case 'source.namespace':
      return isInIdentity({ namespace: value.replaceAll('*', '') }) ? undefined : 'since it can be no namespace'
    case 'source.serviceAccount': {
      const slash = value.indexOf('/')
      const parts = { namespace: value.slice(0, slash), serviceAccount: value.slice(slash + 1) }
      return isInIdentity(parts) ? undefined : 'since it can be no service account'
    }
    case 'destination.port':
      return scope.ports?.has(Number(value)) === false
        ? 'since no Service that the policy targets has such a port'
        : undefined
    case 'destination.ip':
      return whyNoAddress(value, scope)
    case 'request.path':
      return whyNoPath(value, scope.pathNormalization)
    case 'request.method':
      return whyNoMethod(value)
    case 'request.auth.principal':
      return whyNoIssuer(value, scope)
    case 'request.headers':
    case 'request.experimental.inline.headers':
      return isTakenOut(field.name) ? 'since the field is taken out before policies are asked' : undefined
    case 'source.ip':
    case 'remote.ip':
    case 'connection.sni':
    case 'request.host':
    case 'request.auth.audiences':
    case 'request.auth.presenter':
    case 'request.auth.claims':
      return undefined
  }
}

/** How many are shown. */
const MAX_ISSUERS = 4

/** An asterisk is an asterisk where it stands for nothing else: inside of a value, and at the end of one that begins with another. */
export const hasInnerAsterisk = (value: string): boolean =>
  (value.startsWith('*') ? value.slice(1) : value.slice(0, -1)).includes('*')

/** Of the connection alone, or what clients claim of themselves; the endpoint is asked for an Upgrade, and a policy sees it. */
const isTakenOut = (name: string): boolean =>
  (isConnectionSpecific(name) && name !== 'upgrade') || name === 'http2-settings' || isIdentityClaim(name)

/** Requests of other methods are answered 400. */
const whyNoMethod = (value: string): string | undefined => {
  const text = value.replace(/^\*|\*$/g, '')
  if (text === '' || isMethod(text)) return undefined
  return /[a-z]/.test(text) ? 'since methods are in capitals' : 'since it can be no method'
}

const whyNoAddress = (value: string, { addresses }: FitScope): string | undefined => {
  const block = parseCidr(value)
  if (addresses === undefined || block === undefined) return undefined
  const isSome = addresses.some((address) => {
    const ip = parseIp(address)
    return ip !== undefined && isInCidr(ip, block)
  })
  return isSome ? undefined : 'since no Service that the policy targets has such an address'
}

/** Of every token that is verified the issuer is one of a rule's. */
const whyNoIssuer = (value: string, { issuers }: FitScope): string | undefined => {
  const { issuer } = parseRequestPrincipal(value)
  if (issuers === undefined || issuers.some((one) => fitsHalf(issuer, one))) return undefined
  const shown = issuers.slice(0, MAX_ISSUERS).join(', ') + (issuers.length > MAX_ISSUERS ? ', …' : '')
  return `since request principals have the form ISSUER/SUBJECT, and tokens of ${shown} alone are verified there`
}

const isInIdentity = ({ namespace = '', serviceAccount = '' }): boolean =>
  decodeSpiffeId(`spiffe://td/ns/${namespace || 'x'}/sa/${serviceAccount || 'x'}`) !== undefined

const whyNoPrincipal = (value: string, { trustDomains }: FitScope): string | undefined => {
  if (value.startsWith('spiffe://')) return 'since principals stand without spiffe://'
  if (hasInnerAsterisk(value)) return 'since * stands for something at one end only'
  if (!identitiesThatFit(value).some((text) => decodeSpiffeId(`spiffe://${text}`) !== undefined)) {
    return 'since principals have the form TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT'
  }
  if (trustDomains === undefined || isOfOwnTrustDomain(value, trustDomains)) return undefined
  return `since the mesh has ${formatTrustDomains(trustDomains)}`
}

const formatTrustDomains = ([own = '', ...aliases]: readonly string[]): string =>
  aliases.length === 0
    ? `the trust domain ${own} and no alias`
    : `the trust domain ${own} and the aliases ${aliases.join(', ')}`

/** What may stand before a part of an identity, and behind one, so that it becomes a whole. */
const heads = ['', 'x', 'x/', 'x/n', 'x/ns', 'x/ns/', 'x/ns/x', 'x/ns/x/', 'x/ns/x/s', 'x/ns/x/sa', 'x/ns/x/sa/']
const tails = ['', 'x', '/x', 'a/x', 'sa/x', '/sa/x', 'x/sa/x', '/x/sa/x', 's/x/sa/x', 'ns/x/sa/x', '/ns/x/sa/x']

/** Texts that fit a principal, and of which one at least is an identity if any is. */
const identitiesThatFit = (value: string): readonly string[] => {
  if (value.startsWith('*')) return [...heads, 'x/ns/x/sa/x'].map((head) => head + value.slice(1))
  return value.endsWith('*') ? tails.map((tail) => value.slice(0, -1) + tail) : [value]
}
