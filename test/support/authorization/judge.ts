import assert from 'node:assert/strict'
import { stringify } from 'yaml'
import type { TranslateOptions } from '../../../src/config/translate/options.ts'
import { translate } from '../../../src/config/translate/translate.ts'
import type { VerifiedToken } from '../../../src/filter/verified-token.ts'
import { HeaderList } from '../../../src/http/header-list.ts'
import { normalizePath, splitTarget } from '../../../src/http/path.ts'
import type { AuthorizationDecision } from '../../../src/model/security/authorization-decision.ts'
import { decodeSpiffeId, parseSpiffeId } from '../../../src/model/identity.ts'
import { compile } from '../../../src/snapshot/compile.ts'
import { findFrontend } from '../../../src/snapshot/resolve.ts'
import { authorize, findCustoms, watch } from '../../../src/snapshot/security/authorize.ts'
import { destinationOf } from '../../../src/snapshot/security/facts-of.ts'
import { explainAuthorization } from '../../../src/snapshot/security/explain-authorization.ts'
import type { AuthorizationIndex } from '../../../src/snapshot/security/policy-plans.ts'
import type { RequestFacts } from '../../../src/snapshot/security/request-facts.ts'
import type { Frontend, Snapshot } from '../../../src/snapshot/snapshot.ts'
import { loadText } from '../load-text.ts'
import { noFilters } from '../models.ts'
import type { AuthorizationCase, CaseRequest, verdicts } from './case-file.ts'

/** What became of a request, and by what. */
export interface Outcome {
  readonly verdict: (typeof verdicts)[number]
  readonly by: string | undefined
  readonly notes: readonly string[]
}

const bound = { 'istio.io/use-waypoint': 'waypoint', 'istio.io/use-waypoint-namespace': 'shop' }

/** The waypoint `shop/waypoint` of class `fairway`, its Services, and one Pod. */
const mesh = [
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'waypoint', namespace: 'shop', labels: { 'istio.io/waypoint-for': 'all' } },
    spec: {
      gatewayClassName: 'fairway',
      listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE', allowedRoutes: { namespaces: { from: 'All' } } }],
    },
  },
  ...[
    ['shop', 'api', ['10.96.0.1', 'fd00::1']],
    ['shop', 'cart', ['10.96.0.2']],
    ['bank', 'vault', ['10.96.0.3']],
  ].map(([namespace, name, clusterIPs]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: bound },
    spec: {
      clusterIPs,
      ports: [
        { name: 'http', port: 80 },
        { name: 'http-admin', port: 8080 },
        { name: 'tcp-db', port: 5432 },
      ],
    },
  })),
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'api-1', namespace: 'shop', labels: bound },
    status: { podIP: '10.2.0.1' },
  },
]

/** Policies in force, as a case has them. */
export class Judge {
  readonly snapshot: Snapshot
  readonly conditions: ReturnType<typeof translate>['conditions']
  readonly #trustDomains: readonly string[]

  constructor({ policies, dryRun, mesh: { trustDomain, aliases, pathNormalization } }: AuthorizationCase) {
    const objects = Object.entries(policies).map(([key, spec]) => policyObject(key, spec, dryRun.includes(key)))
    const text = [...mesh, ...objects].map((object) => stringify(object)).join('---\n')
    const options: TranslateOptions = {
      clusterDomain: 'cluster.local',
      trustDomain,
      trustDomainAliases: aliases,
      rootNamespace: 'istio-system',
      pathNormalization,
    }
    const { model, conditions } = translate(loadText('case.yaml', text).objects, options)
    this.conditions = conditions
    this.#trustDomains = [trustDomain, ...aliases]
    this.snapshot = compile(model, { generation: 1, filters: noFilters })
  }

  /** Asks what the data path asks, in its order. */
  ask(request: CaseRequest): Outcome {
    const frontend = findFrontend(this.snapshot, request.to)
    assert.ok(frontend !== undefined, `nothing is bound at ${request.to}`)
    const facts = factsOf(request, frontend, this.snapshot)
    if (facts === undefined) return { verdict: 'bad', by: undefined, notes: [] }
    if (frontend.closed !== undefined) return { verdict: 'closed', by: undefined, notes: [] }
    const index = frontend.authorization
    if (index === undefined) return { verdict: 'allow', by: undefined, notes: [] }
    const [custom] = findCustoms(index, facts)
    this.#checkExplanation(index, facts)
    const notes = index.isWatched ? watch(index, facts).map(formatNote) : []
    if (custom !== undefined) return { verdict: 'ask', by: formatRule(custom.decision), notes }
    const decision = authorize(index, facts)
    return { verdict: decision.verdict, by: formatRule(decision), notes }
  }

  /** What is told must be what is decided, and every policy has to have its say. */
  #checkExplanation(index: AuthorizationIndex, facts: RequestFacts): void {
    const { decision, asked, verdict, considered } = explainAuthorization(index, facts)
    assert.deepEqual(decision, authorize(index, facts))
    assert.equal(asked.length, findCustoms(index, facts).length)
    assert.equal(verdict, decision.verdict === 'allow' && asked.length > 0 ? 'ask' : decision.verdict)
    assert.deepEqual(
      considered.map(({ policy }) => policy),
      index.policies.map(({ source }) => source.key),
    )
    const matching = considered.filter(({ matches }) => matches !== undefined).map(({ policy }) => policy)
    if (decision.policy !== undefined) assert.ok(matching.includes(decision.policy), verdict)
    for (const { policy, matches, failed } of considered) {
      if (matches === undefined) continue
      assert.equal(failed.length, matches)
      if (this.#mayCome(facts)) assert.ok(!this.#isSaidNever(policy, matches, facts), `${policy} rules[${matches}]`)
    }
  }

  /** Nobody else gets as far as a policy: cases about them show what would become of them. */
  #mayCome({ source, token }: RequestFacts): boolean {
    // No case has a RequestAuthentication, which would have verified it.
    if (token !== undefined) return false
    const trustDomain = parseSpiffeId(source.principal ?? '')?.trustDomain
    return trustDomain !== undefined && this.#trustDomains.includes(trustDomain)
  }

  /** Whether the conditions of a policy say that a rule of it cannot match. */
  #isSaidNever(policy: string, rule: number, { request }: RequestFacts): boolean {
    const said = this.conditions.filter(({ object }) => `${object.namespace}/${object.name}` === policy)
    const lacks = [
      new RegExp(String.raw`rules\[${rule}\] [a-z ]+ nothing, since nothing can match it`),
      ...(request === undefined
        ? []
        : [new RegExp(String.raw`rules\[${rule}\] [a-z ]+ no request, since none can match it`)]),
    ]
    return said.some(({ message }) => lacks.some((lack) => lack.test(message)))
  }
}

const policyObject = (key: string, spec: Readonly<Record<string, unknown>>, isDryRun: boolean) => {
  const [name = '', namespace = 'shop'] = key.split('/').toReversed()
  const isAttached = ['targetRefs', 'targetRef', 'selector'].some((field) => field in spec)
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace, ...(isDryRun ? { annotations: { 'istio.io/dry-run': 'true' } } : {}) },
    spec: isAttached ? spec : { ...spec, targetRefs: [{ group: '', kind: 'Service', name: 'api' }] },
  }
}

/** What a request of a case is judged by; `undefined` when its path is refused before. */
export const factsOf = (
  request: CaseRequest,
  frontend: Frontend,
  { pathNormalization }: Pick<Snapshot, 'pathNormalization'>,
): RequestFacts | undefined => {
  const about = { ...destinationOf(frontend), source: sourceOf(request), token: tokenOf(request.token) }
  if (request.tcp) return { ...about, request: undefined, sni: request.sni }
  const [method = '', target = ''] = request.http.split(' ')
  const split = splitTarget(target, method)
  const path = normalizePath(split.path, pathNormalization)
  if (path === undefined) return undefined
  const { query } = split
  const fields = Object.entries(request.headers).flatMap(([name, value]) =>
    [value].flat().flatMap((line) => [name.toLowerCase(), String(line)]),
  )
  const part = { method, authority: request.host, path, query, headers: new HeaderList(fields) }
  return { ...about, request: part, sni: undefined }
}

const sourceOf = ({ from, ip }: CaseRequest): RequestFacts['source'] => {
  if (from === 'nobody') return { principal: undefined, namespace: undefined, serviceAccount: undefined, address: ip }
  const [namespace = '', name = ''] = from.split('/')
  const written = from.includes('/ns/') ? `spiffe://${from}` : `spiffe://cluster.local/ns/${namespace}/sa/${name}`
  const principal = decodeSpiffeId(written)
  const parts = parseSpiffeId(written)
  assert.ok(principal !== undefined && parts !== undefined, written)
  return { principal, namespace: parts.namespace, serviceAccount: parts.serviceAccount, address: ip }
}

/** As the verification of a token gives it. */
const tokenOf = (claims: CaseRequest['token']): VerifiedToken | undefined => {
  if (claims === undefined) return undefined
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const { iss, sub, aud, azp } = claims
  return {
    principal: `${text(iss)}/${text(sub)}`,
    issuer: text(iss),
    subject: text(sub),
    audiences: [aud ?? []].flat().map(text),
    presenter: typeof azp === 'string' ? azp : undefined,
    claims,
  }
}

/** `web[0]`; one of another namespace with it; `none`. */
const formatRule = ({ policy, rule }: AuthorizationDecision): string =>
  policy === undefined ? 'none' : `${policy.replace(/^shop\//, '')}[${rule}]`

const formatNote = (decision: AuthorizationDecision): string =>
  decision.mode === 'dry-run' ? `would ${decision.verdict} ${formatRule(decision)}` : formatRule(decision)
