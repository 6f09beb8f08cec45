import type { VerifiedToken } from '../../../src/filter/verified-token.ts'
import { HeaderList } from '../../../src/http/header-list.ts'
import { formatSpiffeId } from '../../../src/model/identity.ts'
import type {
  AuthorizationAction,
  AuthorizationPolicy,
  FieldCondition,
  PolicyField,
} from '../../../src/model/security/authorization.ts'
import type { RequestFacts } from '../../../src/snapshot/security/request-facts.ts'
import type { SeededRandom } from '../random.ts'

/** Few values, so that policies and requests meet often. */
const values: readonly (readonly [field: PolicyField, values: readonly string[]])[] = [
  [
    { kind: 'source.principal' },
    ['td/ns/a/sa/x', 'td/ns/b/sa/y', 'td/ns/a/*', '*/sa/x', '*', '*/ns/b/sa/y', 'td/ns/a/sa/y', 'td/*'],
  ],
  [{ kind: 'source.namespace' }, ['a', 'b', '*', 'a*', 'c']],
  [{ kind: 'source.serviceAccount' }, ['a/x', 'b/y', 'b/x']],
  [{ kind: 'source.trustDomain' }, ['td', 'other']],
  [{ kind: 'source.ip' }, ['10.0.0.0/8', '10.1.0.1', '10.2.0.0/16', 'fd00::/8']],
  [{ kind: 'remote.ip' }, ['192.0.2.0/24', '10.0.0.0/8']],
  [{ kind: 'destination.port' }, ['80', '8080']],
  [{ kind: 'connection.sni' }, ['a.example', '*.example']],
  [{ kind: 'request.host' }, ['api', 'API.shop', '*.shop', '*']],
  [{ kind: 'request.method' }, ['GET', 'PUT', 'P*', '*']],
  [
    { kind: 'request.path' },
    ['/', '/a', '/a/*', '/a*', '*/b', '/a/b', '/{*}/b', '/a/{**}', '*', '/b/{*}', '/A/b', '/b'],
  ],
  [{ kind: 'request.headers', name: 'x-a' }, ['1', '2', '1*', '*']],
  [{ kind: 'request.auth.principal' }, ['idp/u', 'idp/*', '*', '*/v']],
  [{ kind: 'request.auth.claims', names: ['role'] }, ['admin', '*']],
]

const some = <T>(random: SeededRandom, items: readonly T[], most: number): readonly T[] =>
  Array.from({ length: random.below(most + 1) }, () => random.pick(items))

const condition = (random: SeededRandom): FieldCondition => {
  const [field, known] = random.pick(values)
  const given = some(random, known, 3)
  const excluded = random.chance(0.25) || given.length === 0 ? [random.pick(known)] : []
  return { field, values: given, notValues: excluded, path: field.kind }
}

const conditions = (random: SeededRandom): readonly FieldCondition[] => [
  condition(random),
  ...(random.chance(0.3) ? [condition(random)] : []),
]

/** A policy of up to six rules. Sources and operations have all fields alike: the engine makes no difference. */
export const randomPolicy = (
  random: SeededRandom,
  name: string,
  action: AuthorizationAction = random.pick(['ALLOW', 'DENY', 'ALLOW', 'DENY', 'AUDIT', 'CUSTOM']),
): AuthorizationPolicy => ({
  key: `shop/${name}`,
  action,
  isDryRun: random.chance(0.1),
  rules: Array.from({ length: random.below(7) }, () => ({
    from: Array.from({ length: random.below(3) }, () => conditions(random)),
    to: Array.from({ length: random.below(3) }, () => conditions(random)),
    when: random.chance(0.3) ? conditions(random) : [],
  })),
})

/** Several policies, each by a name of its own. */
export const randomPolicies = (random: SeededRandom): readonly AuthorizationPolicy[] =>
  Array.from({ length: random.below(8) }, (_, index) => randomPolicy(random, `p${index}`))

/** A request that any of them may be about. */
export const randomFacts = (random: SeededRandom): RequestFacts => ({
  request: {
    method: random.pick(['GET', 'PUT', 'POST', 'DELETE']),
    authority: random.pick(['api', 'api.shop', 'other', '']),
    path: random.pick(['/', '/a', '/a/', '/a/b', '/b', '/b/c', '/ab', '/x/b', '/A/b', '*']),
    query: '',
    headers: new HeaderList([
      ...some(random, ['1', '2', '12'], 2).flatMap((value) => ['x-a', value]),
      ...(random.chance(0.3) ? ['x-forwarded-for', random.pick(['192.0.2.1', '198.51.100.1', 'x'])] : []),
    ]),
  },
  source: randomSource(random),
  destinationAddresses: ['10.96.0.1'],
  destinationPort: random.pick([80, 8080]),
  sni: undefined,
  token: random.chance(0.5) ? randomToken(random) : undefined,
})

/** A connection in which such a request may be. */
export const connectionOf = (facts: RequestFacts): RequestFacts => ({ ...facts, request: undefined, token: undefined })

const randomSource = (random: SeededRandom): RequestFacts['source'] => {
  const address = random.pick(['10.1.0.1', '10.2.0.1', 'fd00::1', '192.0.2.1'])
  if (random.chance(0.15)) return { principal: undefined, namespace: undefined, serviceAccount: undefined, address }
  const [namespace, serviceAccount] = [random.pick(['a', 'b', 'ab']), random.pick(['x', 'y'])]
  const trustDomain = random.pick(['td', 'td', 'other'])
  const principal = formatSpiffeId({ trustDomain, namespace, serviceAccount })
  return { principal, namespace, serviceAccount, address }
}

const randomToken = (random: SeededRandom): VerifiedToken => {
  const [issuer, subject] = [random.pick(['idp', 'other']), random.pick(['u', 'v'])]
  const claims = { iss: issuer, sub: subject, role: random.pick(['admin', ['user', 'admin'], 'user']) }
  return { principal: `${issuer}/${subject}`, issuer, subject, audiences: [], presenter: undefined, claims }
}
