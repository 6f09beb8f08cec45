import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOptions, sourcedText } from '../../../../test/support/config/sourced-text.ts'
import { translate } from '../translate.ts'
import type { FilterVersion } from './filter-version.ts'

const api = 'gateway.networking.k8s.io'
const gateway = (name: string, className: string): string =>
  `{ apiVersion: ${api}/v1, kind: Gateway, metadata: { name: ${name}, namespace: shop }, spec: { gatewayClassName: ${className}, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }`
const service = (name: string, ports: string, waypoint = 'w'): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: ${waypoint} } }, spec: { clusterIP: 10.0.0.1, ports: [${ports}] } }`
const route = (name: string, parent: string, filters = ''): string =>
  `{ apiVersion: ${api}/v1, kind: HTTPRoute, metadata: { name: ${name}, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: ${parent} }], rules: [{ ${filters} backendRefs: [{ name: web, port: 80 }] }] } }`
const extension = (name: string, kind = 'RateLimit'): string =>
  `filters: [{ type: ExtensionRef, extensionRef: { group: fairway.dev, kind: ${kind}, name: ${name} } }],`

const base = [
  gateway('w', 'c'),
  gateway('other', 'istio-waypoint'),
  service('web', '{ name: http, port: 80 }, { name: redis, port: 6379 }'),
  service('db', '{ name: tcp-a, port: 1 }, { name: b, port: 2, appProtocol: https }'),
  service('far', '{ name: http, port: 80 }', 'other'),
  route('here', 'web'),
  route('there', 'far'),
  route('nowhere', 'gone'),
  route('bytes', 'db'),
]

const ref = (kind: string, name: string, section = ''): string =>
  `{ group: ${kind === 'Service' ? "''" : api}, kind: ${kind}, name: ${name}${section === '' ? '' : `, sectionName: ${section}`} }`
const limit = (...refs: readonly string[]): string =>
  `{ apiVersion: fairway.dev/v1alpha1, kind: RateLimit, metadata: { name: l, namespace: shop }, spec: { limits: [{ name: a, rate: { requests: 5, per: 1s } }]${refs.length === 0 ? '' : `, targetRefs: [${refs.join()}]`} } }`
const filter = (...refs: readonly string[]): string =>
  `{ apiVersion: fairway.dev/v1alpha1, kind: Filter, metadata: { name: l, namespace: shop }, spec: { module: l.ts, targetRefs: [${refs.join()}] } }`

const versionWith = (hooks: readonly string[] | undefined): FilterVersion => ({
  inForce: {
    module: { digest: 'l', root: '/f', entry: 'l.ts', files: {}, kind: 'L', stage: 'shape' },
    config: {},
    user: {
      ...{
        id: 'shop/l',
        module: 'l',
        version: '1',
        failureMode: 'closed',
        hookMs: 10,
        waitMs: 1000,
        isolation: 'none',
      },
      ...(hooks === undefined ? {} : { hooks }),
    },
  },
})

const toldOf = (documents: readonly string[], hooks?: readonly string[]): readonly string[] =>
  translate([...base, ...documents].map(sourcedText), plainOptions, new Map([['shop/l', versionWith(hooks)]]))
    .conditions.filter(({ object }) => object.name === 'l')
    .map(
      ({ type, status, reason, message, position }) =>
        `${type}=${status} ${reason} ${position?.file ?? ''}: ${message}`,
    )

describe('a filter that does nothing where it is', () => {
  const nothing = 'TargetNotFound spec.targetRefs'
  const cases: readonly (readonly [
    name: string,
    documents: readonly string[],
    hooks: readonly string[] | undefined,
    accepted: RegExp,
  ])[] = [
    ['acts on a Service with a port for requests', [limit(ref('Service', 'web'))], undefined, /^Accepted=True/],
    [
      'has no requests on a Service for bytes alone',
      [limit(ref('Service', 'db'))],
      undefined,
      new RegExp(`^Accepted=False ${nothing}\\[0\\]: .*Service shop/db is declared as TCP or TLS`),
    ],
    [
      'has none on one port for bytes',
      [limit(ref('Service', 'web'), ref('Service', 'web', 'redis'))],
      undefined,
      new RegExp(`^Accepted=False ${nothing}\\[1\\]: .*Service shop/web:6379 is declared as TCP or TLS`),
    ],
    [
      'one of users as well',
      [filter(ref('Service', 'db'))],
      ['onRequest'],
      new RegExp(`^Accepted=False ${nothing}\\[0\\]: .*Service shop/db is declared`),
    ],
    ['takes connections', [filter(ref('Service', 'db'))], ['onTunnel'], /^Accepted=True/],
    ['may take connections', [filter(ref('Service', 'db'))], undefined, /^Accepted=True/],
    ['acts on a route', [limit(ref('HTTPRoute', 'here'))], undefined, /^Accepted=True Accepted : it acts on HTTPRoute/],
    [
      'is for a route at another waypoint',
      [limit(ref('HTTPRoute', 'there'))],
      undefined,
      /^Accepted=True Accepted : it acts on HTTPRoute shop\/there \(not here\)$/,
    ],
    ...['nowhere', 'bytes'].map(
      (name) =>
        [
          `is for a route that acts on nothing: ${name}`,
          [limit(ref('HTTPRoute', name))],
          undefined,
          new RegExp(
            `^Accepted=False ${nothing}\\[0\\]: .*HTTPRoute shop/${name} acts on nothing; what is said of the route`,
          ),
        ] as const,
    ),
    [
      'is named by nobody',
      [limit()],
      undefined,
      new RegExp(
        `^Accepted=False ${nothing}: .*there are none, and no rule refers to it by an extensionRef: it acts nowhere$`,
      ),
    ],
    [
      'is named by a rule',
      [limit(), route('r', 'web', extension('l'))],
      undefined,
      /^Accepted=True .*where rules refer/,
    ],
    [
      'has the name of one of another kind',
      [limit(), route('r', 'web', extension('l', 'Filter'))],
      undefined,
      /^Accepted=False TargetNotFound/,
    ],
  ]
  for (const [name, documents, hooks, accepted] of cases) {
    it(name, () => {
      const [first = '', second = ''] = toldOf(documents, hooks)
      assert.match(first, accepted)
      // What acts on nothing is not in force either.
      assert.equal(second.startsWith('Programmed=True'), first.startsWith('Accepted=True'), second)
    })
  }
})
