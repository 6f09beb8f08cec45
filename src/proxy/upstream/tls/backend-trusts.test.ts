import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import type { BackendTls } from '../../../model/endpoint.ts'
import { BackendTrusts } from './backend-trusts.ts'

const ca = createBackendCa()
const tls = ca.tls('a.shop.svc')

const different: readonly (readonly [name: string, other: BackendTls])[] = [
  ['another hostname', ca.tls('b.shop.svc')],
  ['a listed name', ca.tls('a.shop.svc', { subjectAltNames: [{ type: 'Hostname', value: 'a.shop.svc' }] })],
  ['the same as a URI', ca.tls('a.shop.svc', { subjectAltNames: [{ type: 'URI', value: 'a.shop.svc' }] })],
  ['another root', ca.tls('a.shop.svc', { ca: [createBackendCa().pem] })],
  ['no root', ca.tls('a.shop.svc', { ca: [] })],
  ["the system's roots", ca.tls('a.shop.svc', { ca: 'System' })],
  ['a root called System', ca.tls('a.shop.svc', { ca: ['System'] })],
]

for (const [name, other] of different) {
  test(`settings with ${name} are another trust`, () => {
    const trusts = new BackendTrusts()
    assert.notEqual(trusts.of(tls).id, trusts.of(other).id)
    assert.equal(trusts.size, 2)
  })
}

test('equal settings are one trust, and its context is made once', () => {
  const trusts = new BackendTrusts()
  const trust = trusts.of(tls)
  assert.equal(trusts.of(tls), trust)
  assert.equal(trusts.of(structuredClone(tls)), trust)
  assert.equal(trust.options, trust.options)
  assert.ok(trust.options.secureContext)
})

test('a trust stays while some group has its settings, whatever objects they are', () => {
  const trusts = new BackendTrusts()
  const trust = trusts.of(tls)
  assert.equal(trusts.retain([{}, { tls: structuredClone(tls) }]), false)
  assert.equal(trust.isRetired, false)
  assert.equal(trusts.of(tls), trust)
})

test('a trust that no group has is retired, and never comes back', () => {
  const trusts = new BackendTrusts()
  const trust = trusts.of(tls)
  const other = trusts.of(ca.tls('b.shop.svc'))
  assert.equal(trusts.retain([{}, { tls: other.tls }]), true)
  assert.deepEqual([trust.isRetired, other.isRetired, trusts.size], [true, false, 1])
  assert.notEqual(trusts.of(tls).id, trust.id)
})

test('without any trust the groups are not looked at', () => {
  const groups = {
    [Symbol.iterator]: () => {
      throw new Error('ten thousand groups')
    },
  }
  assert.equal(new BackendTrusts().retain(groups), false)
})
