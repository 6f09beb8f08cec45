import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { externalAuth, toExternalAuthRef } from './external-auth.ts'

const backendRef = { name: 'authz', namespace: 'auth', port: 80 }
const shared = { timeoutMs: 2000, failOpen: false, statusOnError: 403, addedHeaders: [] }
const exact = (...names: readonly string[]) => names.map((text) => ({ kind: 'exact', text }))

const settingsOf = (written: object): unknown => {
  const decoded = externalAuth.decode({ backendRef, ...written }, 'e')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const { settings, ...ref } = toExternalAuthRef(decoded.value, 'p')
  assert.deepEqual(ref, { group: '', kind: 'Service', ...backendRef, path: 'p' })
  return settings
}

describe('ExternalAuth', () => {
  it('over gRPC shows everything, and lets the answer change everything', () => {
    assert.deepEqual(settingsOf({ protocol: 'GRPC' }), {
      ...shared,
      protocol: 'grpc',
      answer: { toUpstream: 'all', toDownstreamOnAllow: 'all', toDownstreamOnDeny: 'all' },
      pathPrefix: '',
    })
  })

  it('over gRPC shows what is listed', () => {
    const settings = settingsOf({ protocol: 'GRPC', grpc: { allowedHeaders: ['X-A'] } })
    assert.deepEqual(Object(settings).shownHeaders, exact('x-a'))
  })

  it('over HTTP shows Authorization, and takes all fields of the answer', () => {
    assert.deepEqual(settingsOf({ protocol: 'HTTP', http: {} }), {
      ...shared,
      protocol: 'http',
      shownHeaders: exact('authorization'),
      answer: { toUpstream: 'all', toDownstreamOnAllow: [], toDownstreamOnDeny: 'all' },
      pathPrefix: '',
    })
  })

  it('over HTTP says all of it', () => {
    const http = { path: 'check', allowedHeaders: ['Cookie'], allowedResponseHeaders: ['X-User'] }
    assert.deepEqual(settingsOf({ protocol: 'HTTP', http, forwardBody: { maxSize: 100 } }), {
      ...shared,
      protocol: 'http',
      shownHeaders: exact('authorization', 'cookie'),
      answer: { toUpstream: exact('x-user'), toDownstreamOnAllow: [], toDownstreamOnDeny: 'all' },
      pathPrefix: '/check',
      body: { maxBytes: 100, allowsPartial: false, asBytes: true },
    })
  })

  it('shows no body of size 0', () => {
    assert.equal(Object(settingsOf({ protocol: 'GRPC', forwardBody: {} })).body, undefined)
  })

  const bad: readonly (readonly [name: string, written: object, path: string])[] = [
    ['no protocol', {}, 'e.protocol'],
    ['another protocol', { protocol: 'grpc' }, 'e.protocol'],
    ['no backend', { protocol: 'GRPC', backendRef: null }, 'e.backendRef'],
    ['a Service without port', { protocol: 'GRPC', backendRef: { name: 'a' } }, 'e.backendRef.port'],
    ['settings of HTTP', { protocol: 'GRPC', http: {} }, 'e.http'],
    ['settings of gRPC', { protocol: 'HTTP', grpc: {} }, 'e.grpc'],
    ['an unknown field', { protocol: 'GRPC', failOpen: true }, 'e.failOpen'],
    ['a path with a query', { protocol: 'HTTP', http: { path: '/a?b' } }, 'e.http.path'],
    ['a field that is none', { protocol: 'HTTP', http: { allowedHeaders: ['a b'] } }, 'e.http.allowedHeaders[0]'],
    ['too many fields', { protocol: 'GRPC', grpc: { allowedHeaders: Array(65).fill('a') } }, 'e.grpc.allowedHeaders'],
    ['a body below nothing', { protocol: 'GRPC', forwardBody: { maxSize: -1 } }, 'e.forwardBody.maxSize'],
    ['too large a body', { protocol: 'GRPC', forwardBody: { maxSize: 20_000_000 } }, 'e.forwardBody.maxSize'],
  ]
  for (const [name, written, path] of bad) {
    it(`with ${name}: refused`, () => {
      const decoded = externalAuth.decode({ backendRef, ...written }, 'e')
      assert.ok(!decoded.ok)
      assert.deepEqual(
        decoded.issues.map((issue) => issue.path),
        [path],
      )
    })
  }
})
