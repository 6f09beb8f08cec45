import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import * as s from '../../../lib/schema.ts'
import type { SourcedObject } from '../options.ts'
import { translate } from '../translate.ts'
import { readObject } from '../../objects/read-object.ts'
import { builtInFilterJson, createFilterDecoder } from '../../objects/filter/built-in-filter.ts'

/** What a kind of ours may look like. */
const limit = {
  kind: 'Limit',
  stage: 'admit' as const,
  config: s.object({ perSecond: s.documented(s.integer({ min: 1 }), 'How many.') }),
}
const metadata = { namespace: 'shop', name: 'l', labels: {}, annotations: {}, owners: [] }

const read = (spec: unknown): SourcedObject => {
  const decoded = createFilterDecoder(limit)({ metadata, body: { spec }, warnings: [] })
  assert.ok(decoded.ok)
  const ref = { kind: 'Limit', namespace: 'shop', name: 'l' }
  return { read: { state: 'typed', ref, object: decoded.value, issues: [] }, locate: () => undefined }
}
const others = [
  '{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: w, namespace: shop }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }',
  '{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: w } }, spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] } }',
].map((text): SourcedObject => ({ read: readObject(parse(text)), locate: () => undefined }))

const targetRefs = [{ kind: 'Service', name: 'api' }]
const come = (spec: unknown) => {
  const { model, conditions } = translate([...others, read(spec)], {
    clusterDomain: 'cluster.local',
    trustDomain: 'td',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  })
  const told = conditions.filter(({ object }) => object.kind === 'Limit')
  return { service: model.services[0], told: told.map(({ type, status, message }) => `${type}=${status} ${message}`) }
}

describe('an object of a built-in filter', () => {
  it('is in force where it says, with what it is told, and is not tried', () => {
    const { service, told } = come({ perSecond: 5, targetRefs })
    assert.deepEqual(service?.filters, [
      { kind: 'Limit', config: { perSecond: 5 }, origin: 'Limit shop/l at Service shop/api' },
    ])
    assert.deepEqual(told, ['Accepted=True it acts on Service shop/api', 'Programmed=True it is in force'])
  })

  it('closes what it is for when it cannot be carried out', () => {
    const { service, told } = come({ perSecond: 0, targetRefs })
    const why = 'spec.perSecond: wrong value: found 0, expected an integer of at least 1'
    assert.deepEqual(service?.filters, [])
    assert.equal(service.closed, `Limit shop/l: ${why}`)
    assert.deepEqual(told, [`Accepted=False ${why}`, `Programmed=False ${why}; what it is for is closed`])
  })

  const gone = { kind: 'Service', name: 'gone' }
  const fault = (index: number) => `spec.targetRefs[${index}]: there is no readable Service shop/gone among the objects`
  const missing: readonly (readonly [targets: readonly object[], accepted: string, programmed: string])[] = [
    [[gone], fault(0), `${fault(0)}; it acts only where rules refer to it`],
    [[...targetRefs, gone], fault(1), `${fault(1)}; it acts on Service shop/api`],
  ]
  for (const [targets, accepted, programmed] of missing) {
    it(`is not in force as it is written when a target is missing, ${targets.length} in all`, () => {
      const { service, told } = come({ perSecond: 5, targetRefs: targets })
      assert.equal(service?.filters.length, targets.length - 1)
      assert.deepEqual(told, [`Accepted=False ${accepted}`, `Programmed=False ${programmed}`])
    })
  }

  it('has a schema with its fields and its targets', () => {
    const json = builtInFilterJson(limit)
    assert.deepEqual(json['required'], ['perSecond'])
    assert.deepEqual(Object.keys(json['properties'] ?? {}), ['perSecond', 'targetRefs'])
  })
})
