import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeExplainParameters } from './explain-parameters.ts'

const sources: readonly (readonly [query: string, source: object])[] = [
  ['', { sourceNamespace: undefined }],
  ['&source=web', { sourceNamespace: 'web' }],
  ['&source=web/front', { sourceNamespace: 'web', serviceAccount: 'front' }],
  [
    '&source=spiffe://acme.example/ns/shop/sa/api',
    { sourceNamespace: 'shop', serviceAccount: 'api', trustDomain: 'acme.example' },
  ],
]

for (const [query, source] of sources) {
  test(`'${query}' is that client`, () => {
    assert.deepEqual(decodeExplainParameters(new URLSearchParams(`authority=10.0.0.1:80${query}`)), {
      ok: true,
      value: { authority: '10.0.0.1:80', method: 'GET', target: '/', headers: [], ...source },
    })
  })
}

const bad: readonly (readonly [query: string, paths: readonly string[]])[] = [
  ['', ['authority']],
  ['authority=api', ['authority']],
  ['authority=a:80&pfad=/', ['pfad']],
  ['authority=a:80&path=items', ['path']],
  ['authority=a:80&path=/a%0d%0ab', ['path']],
  ['authority=a:80&method=G%20T', ['method']],
  ['authority=a:80&header=novalue&header=a%0ab:c', ['header', 'header']],
  ['authority=a:80&source=a/b/c', ['source']],
  ['authority=a:80&authority=b:80', ['authority']],
  ['authority=a:80&sni=a%20b', ['sni']],
  ['authority=a:80&address=here', ['address']],
  ['authority=a:80&claims=abc', ['claims']],
  ['authority=a:80&claims=[]', ['claims']],
]

for (const [query, paths] of bad) {
  test(`'${query}' is refused, and nothing of claims is shown`, () => {
    const decoded = decodeExplainParameters(new URLSearchParams(query))
    assert.ok(!decoded.ok)
    assert.deepEqual(
      decoded.issues.map(({ path }) => path),
      paths,
    )
    assert.ok(decoded.issues.every(({ path, found }) => path !== 'claims' || found === undefined))
  })
}
