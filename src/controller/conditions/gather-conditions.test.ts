import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadText } from '../../../test/support/load-text.ts'
import type { KubeCondition, KubeStatus } from '../../config/status/kube-status.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { reachOf } from '../pass/reach.ts'
import { gatherStatuses } from './gather-conditions.ts'
import { createOwnership } from './ownership.ts'
import { createGatewayTranslation } from './translate-gateways.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

const gateway = (name: string, className = 'fairway-waypoint'): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: shop }
spec:
  gatewayClassName: ${className}
  listeners: [{ name: mesh, port: 15008, protocol: HBONE, allowedRoutes: { namespaces: { from: All } } }]
---`

const service = (name: string, waypoint: string, namespace = 'shop'): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace}, labels: { istio.io/use-waypoint: ${waypoint}, istio.io/use-waypoint-namespace: shop } }
spec: { clusterIP: 10.0.0.${name.length}, ports: [{ name: http, port: 80 }], selector: { app: a } }
---`

const route = (name: string, parents: string, more = ''): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: shop }
spec: { parentRefs: [${parents}], rules: [{ backendRefs: [{ name: api, port: 80 }]${more} }] }
---`

const to = (name: string): string => `{ group: '', kind: Service, name: ${name} }`

const policy = (name: string, spec: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: shop }
spec: { ${spec} }
---`

/** Two Gateways of ours, and one of somebody else. */
const mesh = [
  ...[gateway('east'), gateway('west'), gateway('theirs', 'istio-waypoint')],
  ...[service('api', 'east'), service('other', 'west'), service('foreign', 'theirs')],
].join('')

const run = (text: string) => {
  const { objects } = loadText('objects.yaml', mesh + text)
  const gateways = ['east', 'west'].map((name) => ({ key: `shop/${name}`, className: 'fairway-waypoint' }))
  const ownership = createOwnership(objects, gateways, options.rootNamespace)
  const translations = createGatewayTranslation(() => options)(objects, gateways, ownership)
  const conditions = [...translations.values()].flatMap((translation) => translation.conditions)
  return { objects, translations, statuses: gatherStatuses(conditions, objects, ownership) }
}

const format = (status: KubeStatus | undefined): unknown => {
  const said = (conditions: readonly KubeCondition[] = []) =>
    conditions.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`).join(' ')
  if (status === undefined) return undefined
  const entries = (status.parents ?? status.ancestors ?? []).map((entry) => {
    const ref = 'parentRef' in entry ? entry.parentRef : entry.ancestorRef
    return `${ref.name}: ${said(entry.conditions)}`
  })
  return [...entries, ...(status.conditions === undefined ? [] : [said(status.conditions)])]
}

const ok = 'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs'

const cases: readonly {
  readonly what: string
  readonly text: string
  readonly key: string
  readonly told: readonly string[] | undefined
}[] = [
  {
    what: 'a route has an entry for each parent of ours, of whichever Gateway',
    text: route('r', [to('api'), to('other'), to('foreign'), to('gone'), '{ name: edge }'].join()),
    key: 'HTTPRoute/shop/r',
    told: [`api: ${ok}`, `other: ${ok}`],
  },
  {
    what: 'a route of others is told nothing',
    text: route('r', to('foreign')),
    key: 'HTTPRoute/shop/r',
    told: undefined,
  },
  {
    what: 'nor is one that goes nowhere',
    text: route('r', to('gone')),
    key: 'HTTPRoute/shop/r',
    told: undefined,
  },
  {
    what: 'a route that means one of our Gateways itself is refused by that one',
    text: route('r', '{ name: east }'),
    key: 'HTTPRoute/shop/r',
    told: ['east: Accepted=False/NotAllowedByListeners'],
  },
  {
    what: 'a policy is told what the Gateway that has its target says',
    text: policy('p', `targetRefs: [${to('other')}], rules: [{}]`),
    key: 'AuthorizationPolicy/shop/p',
    told: ['Accepted=True/Accepted'],
  },
  {
    what: 'a policy that is none of ours is told nothing',
    text: policy('p', `targetRefs: [${to('foreign')}], rules: [{}]`),
    key: 'AuthorizationPolicy/shop/p',
    told: undefined,
  },
  {
    what: 'nor is one for ztunnels, even one that we do not understand',
    text: policy('p', 'selector: { matchLabels: { app: a } }, rules: [{ whne: [] }]'),
    key: 'AuthorizationPolicy/shop/p',
    told: undefined,
  },
  {
    what: 'one of ours that cannot be understood is told so',
    text: policy('p', `targetRefs: [${to('api')}], rules: [{ whne: [] }]`),
    key: 'AuthorizationPolicy/shop/p',
    told: ['Accepted=False/Invalid'],
  },
  {
    what: 'a kind of ours that acts on nothing is told so, once',
    text: `
apiVersion: fairway.dev/v1alpha1
kind: BackendPolicy
metadata: { name: b, namespace: shop }
spec: { targetRefs: [{ kind: Service, name: gone }], loadBalancing: { algorithm: RoundRobin } }
`,
    key: 'BackendPolicy/shop/b',
    told: ['Accepted=False/TargetNotFound'],
  },
  {
    what: 'a filter of ours for a Service that asks for a waypoint that is not there is told so',
    text: `
apiVersion: v1
kind: Service
metadata: { name: lost, namespace: shop, labels: { istio.io/use-waypoint: wapyoint } }
spec: { clusterIP: 10.0.0.99, ports: [{ port: 80 }] }
---
apiVersion: fairway.dev/v1alpha1
kind: IpAccess
metadata: { name: i, namespace: shop }
spec: { allow: [10.0.0.0/8], targetRefs: [{ kind: Service, name: lost }] }
`,
    key: 'IpAccess/shop/i',
    told: ['Accepted=False/TargetNotFound Programmed=False/TargetNotFound'],
  },
  {
    what: 'whether a Filter is in force, its waypoints say',
    text: `
apiVersion: fairway.dev/v1alpha1
kind: Filter
metadata: { name: f, namespace: shop }
spec: { module: a.ts, targetRefs: [{ kind: Service, name: api }] }
`,
    key: 'Filter/shop/f',
    told: ['Accepted=True/Accepted'],
  },
  {
    what: 'a route that refers to a Filter is not told that nobody has tried it here',
    text: `${route('r', to('api'), ', filters: [{ type: ExtensionRef, extensionRef: { group: fairway.dev, kind: Filter, name: f } }]')}
apiVersion: fairway.dev/v1alpha1
kind: Filter
metadata: { name: f, namespace: shop }
spec: { module: a.ts }
`,
    key: 'HTTPRoute/shop/r',
    told: [`api: ${ok}`],
  },
  { what: 'a Service is told nothing', text: '', key: 'Service/shop/api', told: undefined },
]

describe('what is said of objects', () => {
  for (const { what, text, key, told } of cases) {
    it(what, () => assert.deepEqual(format(run(text).statuses.get(key)), told))
  }

  it('is made again only for Gateways that a change is about', () => {
    const gateways = ['east', 'west'].map((name) => ({ key: `shop/${name}`, className: 'fairway-waypoint' }))
    const { objects } = loadText('objects.yaml', mesh + route('a', to('api')) + route('o', to('other')))
    const translate = createGatewayTranslation(() => options)
    const look = (seen: typeof objects) => translate(seen, gateways, createOwnership(seen, gateways, 'istio-system'))
    const first = look(objects)
    const second = look(objects.filter(({ read }) => read.ref?.name !== 'o'))
    assert.equal(second.get('shop/east'), first.get('shop/east'))
    assert.notEqual(second.get('shop/west'), first.get('shop/west'))
  })
})

it('who refers to Secrets where requests merely go lets nobody read them there', () => {
  const key = (namespace: string): string => `
apiVersion: fairway.dev/v1alpha1
kind: ApiKey
metadata: { name: k, namespace: ${namespace} }
spec: { secretRefs: [{ name: s }] }
---`
  const across = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: across, namespace: shop }
spec: { parentRefs: [${to('api')}], rules: [{ backendRefs: [{ name: goods, namespace: stock, port: 80 }] }] }
---`
  const { objects, translations } = run(
    [
      service('goods', 'none', 'stock'),
      service('till', 'east', 'pay'),
      across,
      ...['shop', 'stock', 'pay'].map(key),
    ].join(''),
  )
  const model = translations.get('shop/east')?.model
  assert.ok(model !== undefined)
  assert.deepEqual(reachOf(model, objects), {
    namespaces: ['pay', 'shop', 'stock'],
    certificates: [],
    secrets: ['pay', 'shop'],
  })
})
