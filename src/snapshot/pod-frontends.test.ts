import assert from 'node:assert/strict'
import test from 'node:test'
import { modelOf, noFilters, requestOf, routeOf, serviceOf } from '../../test/support/models.ts'
import { decodeSpiffeId } from '../model/identity.ts'
import type { BoundPod } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import { compile } from './compile.ts'
import { resolveTcp, tunnelKindOf } from './resolve-tcp.ts'
import { findFrontend, groupOf, resolve } from './resolve.ts'
import type { Frontend, Snapshot } from './snapshot.ts'

const identity = decodeSpiffeId('spiffe://cluster.local/ns/shop/sa/api')

const podOf = (name: string, parts: Partial<BoundPod> = {}): BoundPod => ({
  key: `shop/${name}`,
  addresses: ['10.1.0.1', 'fd00::1'],
  transport: 'hbone',
  ...(identity === undefined ? {} : { identity }),
  workload: { uid: name, name, namespace: 'shop' },
  ...parts,
})

const build = (pods: readonly BoundPod[], previous?: Snapshot, parts: Partial<Model> = {}): Snapshot =>
  compile(modelOf([routeOf('a')], { trafficType: 'all', pods, ...parts }), {
    generation: 1,
    previous,
    filters: noFilters,
  })

const frontendOf = (snapshot: Snapshot, authority: string): Frontend => {
  const frontend = findFrontend(snapshot, authority)
  assert.ok(frontend, authority)
  return frontend
}

const authorities: readonly (readonly [string, string])[] = [
  ['10.1.0.1:8080', 'shop/api:8080'],
  ['10.1.0.1:1', 'shop/api:1'],
  ['10.1.0.1:65535', 'shop/api:65535'],
  ['[fd00::1]:8080', 'shop/api:8080'],
  ['[FD00:0::01]:8080', 'shop/api:8080'],
  ['10.1.0.1:65536', 'nothing'],
  ['10.1.0.1:0', 'nothing'],
  ['10.1.0.1:08', 'nothing'],
  ['10.1.0.1', 'nothing'],
  ['fd00::1:8080', 'nothing'],
  ['10.1.0.2:8080', 'nothing'],
  ['10.96.0.12:80', 'the Service'],
]
for (const [authority, wanted] of authorities) {
  test(`authority ${authority} means ${wanted}`, () => {
    const frontend = findFrontend(build([podOf('api')]), authority)
    const found = frontend?.kind === 'pod' ? `${frontend.pod.key}:${frontend.port.port}` : frontend && 'the Service'
    assert.equal(found ?? 'nothing', wanted)
  })
}

test('a Pod is its only endpoint, at the port that was asked for, and no Service’s routes are about it', () => {
  const snapshot = build([podOf('api')])
  const frontend = frontendOf(snapshot, '[fd00::1]:9000')
  const resolution = resolve(frontend, requestOf(), 'shop')
  assert.equal(resolution, resolveTcp(frontend, 'shop'))
  assert.equal(tunnelKindOf(frontend, 'shop'), 'sniff')
  assert.ok(resolution.kind === 'pass-through')
  assert.deepEqual(groupOf(snapshot, resolution.backend)?.endpoints, [
    {
      address: 'fd00::1',
      port: 9000,
      transport: 'hbone',
      identity,
      workload: { uid: 'api', name: 'api', namespace: 'shop' },
    },
  ])
  assert.deepEqual(frontend.destination, { namespace: 'shop', name: 'unknown', hostname: 'unknown', port: 9000 })
})

test('a closed Pod refuses', () => {
  const frontend = frontendOf(build([podOf('api', { closed: 'a policy' })]), '10.1.0.1:80')
  assert.equal(frontend.closed, 'a policy')
  assert.equal(resolveTcp(frontend, undefined).kind, 'refused')
})

for (const trafficType of ['service', 'none'] as const) {
  test(`a waypoint for ${trafficType} has no Pods`, () => {
    const snapshot = build([podOf('api')], undefined, { trafficType })
    assert.equal(snapshot.pods, undefined)
    assert.equal(findFrontend(snapshot, '10.1.0.1:80'), undefined)
    assert.equal(findFrontend(snapshot, '10.96.0.12:80') !== undefined, trafficType === 'service')
  })
}

test('a waypoint for workloads has no Services', () => {
  const snapshot = build([podOf('api')], undefined, { trafficType: 'workload' })
  assert.equal(findFrontend(snapshot, '10.96.0.12:80'), undefined)
  assert.ok(findFrontend(snapshot, '10.1.0.1:80'))
})

test('an address that a Service has is the Service’s', () => {
  const services = [serviceOf({}, { addresses: ['10.1.0.1'] })]
  const snapshot = build([podOf('api')], undefined, { services })
  assert.deepEqual(
    ['10.1.0.1:80', '10.1.0.1:81'].map((authority) => frontendOf(snapshot, authority).kind),
    ['service', 'pod'],
  )
})

test('frontends are kept while their Pod is the same, and no longer', () => {
  const others = [podOf('b', { addresses: ['10.1.0.2'] }), podOf('c', { addresses: ['10.1.0.3'] })]
  const first = build([podOf('api'), ...others])
  const asked = ['10.1.0.1:80', '10.1.0.2:80', '10.1.0.3:80'].map((authority) => frontendOf(first, authority))
  // The second Pod is another one at its address, and the third is gone.
  const second = build(structuredClone([podOf('api'), podOf('b2', { addresses: ['10.1.0.2'] })]), first)
  assert.equal(findFrontend(second, '10.1.0.1:80'), asked[0])
  const next = frontendOf(second, '10.1.0.2:80')
  assert.ok(next.kind === 'pod' && next.pod.key === 'shop/b2')
  assert.equal(findFrontend(second, '10.1.0.3:80'), undefined)
  assert.equal(frontendOf(first, '10.1.0.2:80'), asked[1])
})

test('nothing is made anew while the Pods are the same', () => {
  const pods = [podOf('api')]
  const first = build(pods)
  assert.equal(build(pods, first).pods, first.pods)
})

test('whatever is asked for, only some thousand frontends are kept, and those that are in use stay', () => {
  const snapshot = build([podOf('api')])
  const used = frontendOf(snapshot, '10.1.0.1:1')
  for (let port = 2; port < 20_000; port++) {
    frontendOf(snapshot, `10.1.0.1:${port}`)
    if (port % 1000 === 0) assert.equal(frontendOf(snapshot, '10.1.0.1:1'), used)
  }
  const made = [...(snapshot.pods?.made() ?? [])]
  assert.ok(made.length > 2000 && made.length <= 4096, `${made.length}`)
  const kept = build(structuredClone([podOf('api')]), snapshot)
  assert.equal([...(kept.pods?.made() ?? [])].length, made.length)
})
