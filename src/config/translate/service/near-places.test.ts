import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AskedDistribution, TrafficDistribution } from '../../objects/traffic-distribution.ts'
import { distributionFor, lackOfPlace, nearPlaces } from './near-places.ts'

interface Told {
  readonly zone?: string
  readonly node?: string
  readonly forZones?: readonly string[]
  readonly forNodes?: readonly string[]
}

const place = ({ zone, node, forZones, forNodes }: Told) => ({
  endpoint: {
    addresses: ['10.0.0.1'],
    conditions: {},
    ...(zone === undefined ? {} : { zone }),
    ...(node === undefined ? {} : { nodeName: node }),
    ...(forZones === undefined && forNodes === undefined
      ? {}
      : { hints: { zones: forZones ?? [], nodes: forNodes ?? [] } }),
  },
})

const here = { zone: 'a', node: 'n1' }
const [near, sameZone, far] = [
  { zone: 'a', node: 'n1' },
  { zone: 'a', node: 'n2' },
  { zone: 'b', node: 'n3' },
]

/** Which of the places are near, by position. */
const cases: readonly (readonly [
  name: string,
  asked: TrafficDistribution | undefined,
  places: readonly Told[],
  wanted: readonly number[] | undefined,
  where?: { readonly zone?: string; readonly node?: string },
])[] = [
  ['nothing is asked', undefined, [near, far], undefined],
  ['the zone', 'PreferSameZone', [near, sameZone, far], [0, 1]],
  ['all are in it', 'PreferSameZone', [near, sameZone], undefined],
  ['none is in it', 'PreferSameZone', [far], undefined],
  ['it is not known where we are', 'PreferSameZone', [near, far], undefined, {}],
  ['nobody knows where anything is', 'PreferSameZone', [{}, {}], undefined, {}],
  ['the node', 'PreferSameNode', [near, sameZone, far], [0]],
  ['the node has none, the zone has', 'PreferSameNode', [sameZone, far], [0]],
  ['only the node is known', 'PreferSameNode', [near, sameZone, far], [0], { node: 'n1' }],
  ['the zone, however near the node', 'PreferSameZone', [near, far], undefined, { node: 'n1' }],
  [
    'hints count before the place itself',
    'PreferSameZone',
    [
      { ...near, forZones: ['b'] },
      { ...far, forZones: ['b', 'a'] },
    ],
    [1],
  ],
  ['some have hints', 'PreferSameZone', [{ ...far, forZones: ['a'] }, sameZone, far], [0, 1]],
  [
    'hints for nodes',
    'PreferSameNode',
    [
      { ...near, forNodes: ['n9'] },
      { ...far, forNodes: ['n1'] },
    ],
    [1],
  ],
  ['hints for zones where nodes are asked for', 'PreferSameNode', [{ zone: 'b', forZones: ['a'] }, far], [0]],
]
for (const [name, asked, told, wanted, where = here] of cases) {
  test(`near places when ${name}`, () => {
    const places = told.map(place)
    const found = nearPlaces(places, asked, where)
    assert.deepEqual(found === undefined ? undefined : [...found].map((one) => places.indexOf(one)), wanted)
  })
}

const saying = (distribution?: AskedDistribution) => (distribution === undefined ? {} : { distribution })
const inherited: readonly (readonly [
  own: AskedDistribution | undefined,
  namespace: AskedDistribution | undefined,
  wanted: string,
])[] = [
  [undefined, undefined, 'undefined'],
  [undefined, 'PreferSameZone', 'PreferSameZone'],
  [undefined, 'Any', 'undefined'],
  ['PreferSameNode', 'PreferSameZone', 'PreferSameNode'],
  ['Any', 'PreferSameZone', 'undefined'],
]
for (const [own, namespace, wanted] of inherited) {
  test(`a Service that asks for ${own} in a Namespace that asks for ${namespace} has ${wanted}`, () => {
    const metadata = { name: 'api', namespace: 'shop', labels: {}, annotations: {}, owners: [] }
    const object = {
      kind: 'Namespace',
      metadata: { ...metadata, name: 'shop', namespace: '' },
      ...saying(namespace),
    } as const
    const namespaces = { get: (name: string) => (name === 'shop' ? { object } : undefined) }
    assert.equal(String(distributionFor({ metadata, ...saying(own) }, namespaces)), wanted)
  })
}

const lacks: readonly (readonly [asked: TrafficDistribution | undefined, where: Told, wanted: RegExp])[] = [
  [undefined, {}, /^undefined$/],
  ['PreferSameZone', {}, /^trafficDistribution PreferSameZone has no effect, .*\(--zone\)$/],
  ['PreferSameZone', { node: 'n1' }, /\(--zone\)$/],
  ['PreferSameZone', { zone: 'a' }, /^undefined$/],
  ['PreferSameNode', {}, /\(--node, --zone\)$/],
  ['PreferSameNode', { node: 'n1' }, /^undefined$/],
  ['PreferSameNode', { zone: 'a' }, /^undefined$/],
]
for (const [asked, where, wanted] of lacks) {
  test(`whether it is told where we are: ${asked} with ${JSON.stringify(where)}`, () =>
    assert.match(String(lackOfPlace(asked, where)), wanted))
}
