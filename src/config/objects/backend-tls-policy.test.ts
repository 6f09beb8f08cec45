import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeBackendTlsPolicy, type BackendTlsPolicyObject } from './backend-tls-policy.ts'

const read = (spec: unknown): BackendTlsPolicyObject => {
  const metadata = { name: 'p', namespace: 'shop', labels: {}, annotations: {}, owners: [] }
  const decoded = decodeBackendTlsPolicy({ metadata, body: { spec }, warnings: [] })
  assert.ok(decoded.ok)
  return decoded.value
}

const target = { group: '', kind: 'Service', name: 'api' }
const validation = { hostname: 'api.internal', wellKnownCACertificates: 'System' }
const ca = { group: '', kind: 'ConfigMap', name: 'roots' }

describe('a BackendTLSPolicy', () => {
  it('is read whole', () => {
    const subjectAltNames = [
      { type: 'Hostname', hostname: '*.internal' },
      { type: 'URI', uri: 'spiffe://td/ns/shop/sa/api' },
    ]
    const spec = {
      targetRefs: [target, { ...target, sectionName: 'https' }],
      validation: { hostname: 'api.internal', caCertificateRefs: [ca], subjectAltNames },
      options: {},
    }
    const { targetRefs, validation: whom, defects } = read(spec)
    assert.deepEqual(defects, [])
    assert.deepEqual(targetRefs, [
      { ...target, path: 'spec.targetRefs[0]' },
      { ...target, sectionName: 'https', path: 'spec.targetRefs[1]' },
    ])
    assert.deepEqual(whom, {
      hostname: 'api.internal',
      subjectAltNames: [
        { type: 'Hostname', value: '*.internal' },
        { type: 'URI', value: 'spiffe://td/ns/shop/sa/api' },
      ],
      ca: [{ ...ca, path: 'spec.validation.caCertificateRefs[0]' }],
    })
  })

  const bad: readonly (readonly [name: string, spec: unknown, paths: readonly string[]])[] = [
    ['nothing', undefined, ['spec.targetRefs', 'spec.validation.hostname']],
    ['no object', 'x', ['spec', 'spec.targetRefs', 'spec.validation.hostname']],
    ['no targets', { targetRefs: [], validation }, ['spec.targetRefs']],
    ['the older tls', { targetRefs: [target], tls: validation }, ['spec.tls', 'spec.validation.hostname']],
    ['nobody to trust', { targetRefs: [target], validation: { hostname: 'a' } }, ['spec.validation']],
    [
      'two ways to trust',
      { targetRefs: [target], validation: { ...validation, caCertificateRefs: [ca] } },
      ['spec.validation'],
    ],
    [
      'somebody unknown to trust',
      { targetRefs: [target], validation: { ...validation, wellKnownCACertificates: 'Mozilla' } },
      ['spec.validation.wellKnownCACertificates'],
    ],
    [
      'a wildcard as hostname',
      { targetRefs: [target], validation: { ...validation, hostname: '*.internal' } },
      ['spec.validation.hostname'],
    ],
    [
      'an address as hostname',
      { targetRefs: [target], validation: { ...validation, hostname: '10.0.0.1' } },
      ['spec.validation.hostname'],
    ],
    [
      'a relative URI',
      { targetRefs: [target], validation: { ...validation, subjectAltNames: [{ type: 'URI', uri: '/a' }] } },
      ['spec.validation.subjectAltNames[0].uri'],
    ],
    [
      'a name of the other type',
      {
        targetRefs: [target],
        validation: { ...validation, subjectAltNames: [{ type: 'Hostname', hostname: 'a', uri: 'b:c' }] },
      },
      ['spec.validation.subjectAltNames[0].uri'],
    ],
    [
      'an option, which might ask for more than is done',
      { targetRefs: [target], validation, options: { 'a.example/min': '1.3' } },
      ['spec.options'],
    ],
  ]
  for (const [name, spec, paths] of bad) {
    it(`with ${name} has defects`, () => {
      assert.deepEqual(
        read(spec).defects.map(({ path }) => path),
        paths,
      )
    })
  }

  it('targets the whole of what it cannot be understood to target a part of', () => {
    const { targetRefs, defects } = read({ targetRefs: [{ ...target, sectionName: 1, port: 80 }, {}], validation })
    assert.deepEqual(targetRefs, [{ ...target, path: 'spec.targetRefs[0]' }])
    assert.ok(defects.length >= 3)
  })
})
