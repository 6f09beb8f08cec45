import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { seededRandom } from '../../../../test/support/random.ts'
import { readObject } from '../../objects/read-object.ts'
import type { SourcedObject, TranslateOptions } from '../options.ts'
import { createTranslator, translate } from '../translate.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
  refusesLocal: true,
}

const group = 'gateway.networking.k8s.io'
const gateway = (labels = '{}'): string =>
  `{ apiVersion: ${group}/v1, kind: Gateway, metadata: { name: w, namespace: shop, labels: ${labels} }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }`
const service = (name: string, label = 'w'): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: ${label} } }, spec: { clusterIP: 10.0.0.${name.length}, ports: [{ name: http, port: 80 }, { name: more, port: 81 }] } }`
const slice = (name: string, of: string, endpoints: string, more = ''): string =>
  `{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: ${name}, namespace: shop, labels: { ${of === '' ? '' : `kubernetes.io/service-name: ${of}`} } }, addressType: IPv4, endpoints: [${endpoints}], ports: [{ name: http, port: 8080 }]${more} }`
const at = (address: string, pod = '', ready = true): string =>
  `{ addresses: [${address}], conditions: { ready: ${ready}, serving: true, terminating: ${!ready} }${pod === '' ? '' : `, targetRef: { kind: Pod, name: ${pod} }`} }`
const pod = (name: string, ip: string, more = ''): string =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: ${name}, namespace: shop, annotations: { ambient.istio.io/redirection: enabled }, labels: { app: a${more} } }, spec: { serviceAccountName: ${name} }, status: { podIP: ${ip} } }`
const route = (name: string, backend: string): string =>
  `{ apiVersion: ${group}/v1, kind: HTTPRoute, metadata: { name: ${name}, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: api }], rules: [{ backendRefs: [{ name: ${backend}, port: 80 }] }] } }`

/** Each line is one object in its versions; none of them may be there. */
const places: readonly (readonly string[])[] = [
  [
    slice('api-1', 'api', [at('10.1.0.1', 'p1'), at('10.1.0.2', 'p2')].join()),
    slice('api-1', 'api', at('10.1.0.1', 'p1', false)),
    slice('api-1', 'web', at('10.1.0.1', 'p1')),
    slice('api-1', '', at('10.1.0.1', 'p1')),
    slice('api-1', 'api', at('127.0.0.1')),
    slice('api-1', 'api', '7'),
  ],
  [
    slice('api-2', 'api', at('10.1.0.1')),
    slice('api-2', 'api', at('10.1.0.9', 'p2'), ', addressType: FQDN').replace('addressType: IPv4, ', ''),
  ],
  [slice('web-1', 'web', [at('10.1.0.2'), at('169.254.1.1')].join()), slice('web-1', 'web', '')],
  [slice('far-1', 'far', at('10.1.0.3', 'p3'))],
  [
    pod('p1', '10.1.0.1'),
    pod('p1', '10.1.0.2'),
    pod('p1', '10.1.0.1').replace('annotations', 'labls'),
    pod('p1', '[]'),
  ],
  [pod('p2', '10.1.0.2'), pod('p2', '10.1.0.1'), pod('p2', '10.1.0.2', ', istio.io/use-waypoint: w')],
  [pod('p3', '10.1.0.3'), `{ apiVersion: v1, kind: Pod, metadata: { name: p3, namespace: 7 } }`],
]
const routes: readonly (readonly string[])[] = [
  [route('a', 'web'), route('a', 'api'), route('a', 'far')],
  [route('b', 'gone'), route('b', 'api')],
]
const others: readonly (readonly string[])[] = [
  [gateway(), gateway('{ istio.io/waypoint-for: all }')],
  [service('api'), service('api', 'none')],
  [service('web')],
  [service('far', 'none'), service('far')],
]

describe('a set in which slices, Pods and routes changed', () => {
  const known = new Map<string, SourcedObject>()
  const load = (text: string): SourcedObject => {
    const object = known.get(text) ?? { read: readObject(parse(text)), locate: () => undefined }
    known.set(text, object)
    return object
  }

  for (const seed of [1, 2, 3]) {
    it(`comes to what it comes to anew, whatever came before it (seed ${seed})`, () => {
      const random = seededRandom(seed)
      const remembering = createTranslator(options)
      const choices = [...others, ...routes, ...places]
      let chosen: readonly (string | undefined)[] = choices.map(([first]) => first)
      let before: ReturnType<typeof translate> | undefined
      let kept = 0
      for (let step = 0; step < 400; step++) {
        const changing = new Set(
          Array.from({ length: 1 + random.below(3) }, () =>
            random.chance(0.05)
              ? random.below(others.length)
              : others.length + random.below(routes.length + places.length),
          ),
        )
        chosen = chosen.map((now, i) => {
          if (!changing.has(i)) return now
          return i >= others.length && random.chance(0.2) ? undefined : random.pick(choices[i] ?? [''])
        })
        const objects = chosen.flatMap((text) => (text === undefined ? [] : [load(text)]))
        const { wants: _, ...now } = remembering(objects)
        const { wants: _anew, ...anew } = translate(objects, options)
        assert.deepEqual(now, anew, `step ${step}`)
        if (now.model.services === before?.model.services) kept++
        before = { ...now, wants: _ }
      }
      assert.ok(kept > 50, `the rest was kept ${kept} times`)
    })
  }

  it('leaves alone what has nothing to do with it', () => {
    const remembering = createTranslator(options)
    const set = (text: string): readonly SourcedObject[] =>
      [gateway(), service('api'), service('web'), text, slice('web-1', 'web', at('10.1.0.2'))].map(load)
    const first = remembering(set(slice('api-1', 'api', at('10.1.0.1')))).model
    const second = remembering(set(slice('api-1', 'api', at('10.1.0.7')))).model
    assert.equal(second.services, first.services)
    assert.equal(second.routes, first.routes)
    const same = second.endpoints.filter((endpoints) => first.endpoints.includes(endpoints)).map(({ key }) => key)
    assert.match(same.join(), /shop\/web:80/)
    assert.doesNotMatch(same.join(), /shop\/api:80/)
  })
})
