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
}

/** An object by its text and line: the very same as long as neither changes, as files have it. */
const known = new Map<string, SourcedObject>()
const load = (text: string, line = 1): SourcedObject => {
  const object = known.get(`${line} ${text}`) ?? {
    read: readObject(parse(text)),
    locate: () => ({ file: 'f.yaml', line, column: 1 }),
  }
  known.set(`${line} ${text}`, object)
  return object
}

const group = 'gateway.networking.k8s.io'
const gateway = `{ apiVersion: ${group}/v1, kind: Gateway, metadata: { name: w, namespace: shop }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }`
const service = (name: string, ports = '{ name: http, port: 80 }, { port: 81 }', label = 'w'): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: ${label} } }, spec: { clusterIP: 10.0.0.${name.length}, ports: [${ports}] } }`
const parent = (name: string, more = ''): string =>
  `{ group: '', kind: Service, name: ${name}, namespace: shop${more} }`
const rule = (backend: string, more = ''): string =>
  `{ backendRefs: [{ name: ${backend}, namespace: shop, port: 80 }]${more} }`
const route = (kind: string, name: string, parents: readonly string[], rules: readonly string[], more = ''): string =>
  `{ apiVersion: ${group}/${kind.startsWith('T') ? 'v1alpha2' : 'v1'}, kind: ${kind}, metadata: { name: ${name}, namespace: ${name.startsWith('c') ? 'client' : 'shop'} }, spec: { parentRefs: [${parents.join()}], rules: [${rules.join()}]${more} } }`
const path = (value: string): string => `, matches: [{ path: { value: ${value} } }]`

/** Each line is one route in its versions. */
const routes: readonly (readonly string[])[] = [
  [
    route('HTTPRoute', 'a', [parent('api')], [rule('web')]),
    route('HTTPRoute', 'a', [parent('api')], [rule('web', path('/a')), rule('api', path('/a/b'))]),
    route('HTTPRoute', 'a', [parent('api'), parent('web')], [rule('gone')]),
    route('HTTPRoute', 'a', [parent('web', ', port: 81')], [rule('far')]),
  ],
  [
    route('HTTPRoute', 'b', [parent('api')], [rule('web', path('/a'))]),
    route('HTTPRoute', 'b', [parent('api', ', sectionName: http')], [rule('far')]),
    route('HTTPRoute', 'b', [], [rule('far')]),
    route('HTTPRoute', 'b', [parent('nowhere'), parent('far')], [rule('api')]),
    `{ apiVersion: ${group}/v1, kind: HTTPRoute, metadata: { name: b, namespace: shop }, spec: 1 }`,
    `{ apiVersion: ${group}/v9, kind: HTTPRoute, metadata: { name: b, namespace: shop } }`,
  ],
  [
    route('GRPCRoute', 'a', [parent('api', ', port: 80')], [rule('web')]),
    route('GRPCRoute', 'a', [parent('web')], [rule('web'), rule('api')]),
  ],
  [
    route('HTTPRoute', 'c', [parent('api')], [rule('web', path('/a'))]),
    route('GRPCRoute', 'c', [parent('api')], [rule('web', ', filters: [{ type: What }]')]),
    route('HTTPRoute', 'c', [parent('web'), parent('far')], [rule('far', ', timeouts: { request: bad }')]),
  ],
  [
    route('TCPRoute', 't', [parent('raw')], [rule('web'), rule('far')]),
    route('TCPRoute', 't', [parent('api')], [rule('gone')]),
  ],
  [route('TCPRoute', 'u', [parent('raw')], [rule('web')]), route('TCPRoute', 'u', [parent('raw'), parent('api')], [])],
  [
    route('TLSRoute', 'v', [parent('raw')], [rule('web')], ', hostnames: [a.b]'),
    route('TLSRoute', 'v', [parent('raw')], [rule('far')], ', hostnames: [a.b, c.d]'),
  ],
  [route('TLSRoute', 'w', [parent('raw')], [rule('web')], ', hostnames: [c.d]')],
  [
    route('HTTPRoute', 'h', [`{ group: ${group}, kind: Gateway, name: w }`], [rule('web')]),
    route('HTTPRoute', 'h', [parent('hosts')], [rule('web', ', sessionPersistence: { type: Header }')]),
  ],
]
/** The same for everything else. */
const others: readonly (readonly string[])[] = [
  [service('api'), service('api', '{ port: 80, appProtocol: kubernetes.io/h2c }'), service('api', '{ port: 81 }')],
  [service('web'), service('web', '{ port: 80, appProtocol: https }')],
  [service('raw', '{ name: tcp, port: 80 }')],
  [service('far', '{ port: 80 }', 'none'), service('far', '{ port: 80 }')],
  [
    `{ apiVersion: ${group}/v1, kind: BackendTLSPolicy, metadata: { name: tls, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: far }], validation: { hostname: a.b, wellKnownCACertificates: System } } }`,
  ],
  [
    `{ apiVersion: fairway.dev/v1alpha1, kind: BackendPolicy, metadata: { name: p, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: web }], sessionPersistence: {} } }`,
  ],
  [
    '{ apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: { name: z, namespace: shop }, spec: { targetRefs: [{ kind: Service, name: api }] } }',
  ],
]

describe('a set in which only routes changed', () => {
  for (const seed of [1, 2, 3]) {
    it(`comes to what it comes to anew, whatever came before it (seed ${seed})`, () => {
      const random = seededRandom(seed)
      const remembering = createTranslator(options)
      const choices = [...others, ...routes]
      let chosen = choices.map(([first]) => ({ text: first, line: 1 }))
      let before: ReturnType<typeof translate> | undefined
      let kept = 0
      for (let step = 0; step < 400; step++) {
        const changing = new Set(
          Array.from({ length: 1 + random.below(3) }, () =>
            random.chance(0.1) ? random.below(others.length) : others.length + random.below(routes.length),
          ),
        )
        chosen = chosen.map((now, i) => {
          if (!changing.has(i)) return now
          return random.chance(0.2)
            ? { ...now, line: 1 + random.below(9) }
            : { ...now, text: random.chance(0.2) ? undefined : random.pick(choices[i] ?? ['']) }
        })
        const objects = [
          load(gateway),
          ...chosen.flatMap(({ text, line }) => (text === undefined ? [] : [load(text, line)])),
        ]
        const now = remembering(objects)
        const { wants, ...anew } = translate(objects, options)
        const { wants: alsoBefore, ...changed } = now
        assert.deepEqual(changed, anew, `step ${step}`)
        // Routes that are gone may have wanted more.
        for (const namespace of wants.services) assert.ok(alsoBefore.services.includes(namespace), `step ${step}`)
        if (now.model.endpoints === before?.model.endpoints) kept++
        before = now
      }
      assert.ok(kept > 100, `the rest was kept ${kept} times`)
    })
  }

  it('may have mirrors that a MirrorComparison is about', () => {
    const comparison = `{ apiVersion: fairway.dev/v1alpha1, kind: MirrorComparison, metadata: { name: m, namespace: shop }, spec: { targetRefs: [{ group: ${group}, kind: HTTPRoute, name: a }] } }`
    const mirror = `, filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: api, port: 80 } } }]`
    const remembering = createTranslator(options)
    const keys = ['', mirror].map((more) => {
      const objects = [
        gateway,
        service('api'),
        comparison,
        route('HTTPRoute', 'a', [parent('api')], [rule('api', more)]),
      ]
      const { model } = remembering(objects.map((text) => load(text)))
      return model.routes[0]?.rules[0]?.mirrors?.map((one) => one.comparison?.key)
    })
    assert.deepEqual(keys, [undefined, ['shop/m']])
  })

  it('keeps everything that has nothing to do with them', () => {
    const next = createTranslator(options)
    const services = [load(gateway), load(service('api')), load(service('other')), load(service('third'))]
    const [a, b, c] = ['api', 'other', 'third'].map((name) =>
      load(route('HTTPRoute', name, [parent(name)], [rule('api')])),
    )
    assert.ok(a !== undefined && b !== undefined && c !== undefined)
    const first = next([...services, a, b, c])
    const second = next([...services, a, load(route('HTTPRoute', 'other', [parent('other')], [rule('third')])), c])
    const same = <T>(before: readonly T[], after: readonly T[]) => after.map((item, i) => item === before[i])
    assert.deepEqual(same(first.model.routes, second.model.routes), [true, false, true])
    assert.deepEqual(same(first.model.services, second.model.services), [true, false, true])
    assert.equal(first.model.endpoints, second.model.endpoints)
    const of = ({ conditions }: typeof first, name: string) => conditions.filter(({ object }) => object.name === name)
    for (const name of ['api', 'third']) {
      assert.deepEqual(
        same(of(first, name), of(second, name)),
        of(first, name).map(() => true),
      )
    }
    assert.equal(next([...services, a, b, c]).conditions.length, first.conditions.length)
  })

  it('is not taken for one when nearly all routes share a Service', () => {
    const next = createTranslator(options)
    const services = [load(gateway), load(service('api'))]
    const of = (value: string) =>
      Array.from({ length: 1200 }, (_, i) =>
        load(route('HTTPRoute', `r${i}`, [parent('api')], [rule('api', path(i === 0 ? value : `/${i}`))])),
      )
    const first = next([...services, ...of('/0')])
    const second = next([...services, ...of('/1')])
    assert.deepEqual(second, translate([...services, ...of('/1')], options))
    assert.notEqual(second.model.endpoints, first.model.endpoints)
  })

  it('is not taken for one when routes are neighbours by way of very many others', () => {
    const next = createTranslator(options)
    const names = Array.from({ length: 40 }, (_, i) => `s${'x'.repeat(40 - i)}`)
    const chain = (last: string) => [
      load(gateway),
      ...names.map((name) => load(service(name))),
      ...names.map((name, i) =>
        load(route('HTTPRoute', name, [parent(name), parent(names[i + 1] ?? 'end')], [rule(i === 39 ? last : 'api')])),
      ),
    ]
    for (const last of ['api', 'web', names[0] ?? '']) {
      assert.deepEqual(next(chain(last)), translate(chain(last), options))
    }
  })
})
