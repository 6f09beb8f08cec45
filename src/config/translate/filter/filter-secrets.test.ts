import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { readObject } from '../../objects/read-object.ts'
import { translate } from '../translate.ts'

const options = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
} as const
const read = (text: string) => ({ read: readObject(parse(text)), locate: () => undefined })
const others = [
  '{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: w, namespace: shop }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }',
  '{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: w } }, spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] } }',
].map(read)
const keys = read(
  '{ apiVersion: fairway.dev/v1alpha1, kind: ApiKey, metadata: { name: k, namespace: shop }, spec: { targetRefs: [{ kind: Service, name: api }], secretRefs: [{ name: s }] } }',
)
const secret = (type: string, data: string, namespace = 'shop') =>
  read(`{ apiVersion: v1, kind: Secret, metadata: { name: s, namespace: ${namespace} }, type: ${type}, ${data} }`)
/** SHA-256 of `hunter2`. */
const hash = '{SHA256}9S+9MrKzuG/4jvbEkGKChfSCrxXdyylUH5S89Saj9sc='

const come = (...objects: ReturnType<typeof read>[]) => {
  const { model, conditions } = translate([...others, keys, ...objects], options)
  return {
    service: model.services[0],
    told: conditions
      .filter(({ object }) => object.kind === 'ApiKey')
      .map(({ status, message }) => `${status} ${message}`),
    all: JSON.stringify([model, conditions]),
  }
}

describe('Secrets of filters', () => {
  for (const data of [
    'stringData: { ann: hunter2 }',
    'data: { ann: aHVudGVyMg== }',
    'stringData: { ann: "hunter2\\n" }',
    'stringData: { ann: hunter2 }, data: { ann: bm8= }',
  ]) {
    it(`become hashes, and nothing else of them stays: ${data}`, () => {
      const { service, told, all } = come(secret('fairway.dev/api-keys', data))
      assert.partialDeepStrictEqual(service?.filters[0]?.config, { credentials: [{ client: 'ann', hash }] })
      assert.match(told.join(), /True it is in force/)
      assert.ok(!/hunter2|aHVudGVyMg/.test(all))
    })
  }

  for (const [what, secrets, message] of [
    ['is not there', [], 'spec.secretRefs[0].name: there is no Secret shop/s'],
    ['is elsewhere', [secret('fairway.dev/api-keys', 'stringData: { a: b }', 'web')], 'there is no Secret shop/s'],
    [
      'is of another type',
      [secret('Opaque', 'stringData: { a: hunter2 }')],
      'a Secret of another type: found "Opaque"',
    ],
    ['has no key', [secret('fairway.dev/api-keys', 'stringData: { a: "" }')], 'Secret s has what cannot be used'],
  ] as const) {
    it(`close what the filter is for when one ${what}`, () => {
      const { service, told, all } = come(...secrets)
      assert.ok(String(service?.closed).includes(message), String(service?.closed))
      assert.ok(
        told.every((line) => line.startsWith('False') && line.includes(message)),
        told.join(),
      )
      assert.ok(!all.includes('hunter2'))
    })
  }
})
