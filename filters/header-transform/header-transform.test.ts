import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange, runFilter } from 'fairway/filter/testing'
import headerTransform from './header-transform.ts'
import { compileTemplate } from './template.ts'

const exchange = {
  method: 'POST',
  path: '/orders/7',
  headers: [
    ['x-user', 'mallory'],
    ['X-Tenant', 'a'],
  ],
  source: { namespace: 'web', serviceAccount: 'front', address: '10.0.0.7' },
  claims: {
    iss: 'https://id.example',
    sub: 'ann',
    email: 'ann@example.com',
    level: 3,
    name: 'Łukasz Jörg 张',
    broken: 'a\r\nx-admin: 1',
    groups: ['dev', 'ops'],
    realm: { roles: ['a'], '{odd}': 1 },
    'https://example.com/id': 'x',
  },
  match: { route: 'HTTPRoute/shop/api', rule: 'r', prefix: undefined },
} as const

describe('a template', () => {
  for (const [text, value] of [
    ['fixed', 'fixed'],
    ['{request.method} {request.path}', 'POST /orders/7'],
    ['{source.namespace}/{source.serviceAccount}@{source.address}', 'web/front@10.0.0.7'],
    ['{claims[email]}', 'ann@example.com'],
    ['{claims[level]}', '3'],
    ['{claims[groups]}', 'dev,ops'],
    ['{claims[realm][roles]}', 'a'],
    ['{claims[https://example.com/id]}', 'x'],
    // In UTF-8, a byte a character, as claims go out that RequestAuthentications name.
    ['{claims[name]}', Buffer.from('Łukasz Jörg 张').toString('latin1')],
    ['{claims[broken]}', undefined],
    ['{claims[nothing]}', undefined],
    ['{claims[realm]}', undefined],
    ['{claims[constructor]}', undefined],
    ['a {source.workload}', undefined],
    ['{token.principal}', 'https://id.example/ann'],
    ['{request.headers[X-Tenant]}', 'a'],
    ['{{{destination.name}}}', '{api}'],
    ['{match.rule}', 'r'],
    ['{response.status}', undefined],
  ] as const) {
    it(`${text} comes to ${value ?? 'nothing'}`, () => {
      const made = compileTemplate(text)
      assert.ok(typeof made === 'function')
      assert.equal(made(createExchange(exchange)), value)
    })
  }

  for (const text of [
    '{',
    '}',
    '{}',
    '{claims}',
    '{nothing}',
    '{request.headers[a][b]}',
    '{constructor}',
    'a{b',
    '{claims[]}',
  ]) {
    it(`${text} is refused`, () => assert.equal(typeof compileTemplate(text), 'object'))
  }
})

describe('HeaderTransform', () => {
  it('writes headers of requests from who calls, and never leaves what the client wrote in place of it', async () => {
    const config = {
      request: {
        set: [
          { name: 'X-User', value: '{claims[email]}' },
          { name: 'x-tenant', value: '{claims[tenant]}' },
          { name: 'x-team', value: '{claims[team]}', default: 'none' },
        ],
        add: [
          { name: 'x-from', value: '{source.namespace}' },
          { name: 'x-none', value: '{source.workload}' },
        ],
        remove: ['x-debug'],
      },
    }
    const headers = [...exchange.headers, ['x-debug', '1'], ['x_user', 'mallory'], ['x_tenant', 'b']] as const
    const { request } = await runFilter(headerTransform, config, { exchange: { ...exchange, headers } })
    assert.deepEqual(Object.fromEntries(request.headers), {
      'x-user': 'ann@example.com',
      'x-team': 'none',
      'x-from': 'web',
    })
  })

  it('writes headers of responses', async () => {
    const config = { response: { set: [{ name: 'x-was', value: '{response.status} {response.headers[server]}' }] } }
    const response = { status: 404, headers: [['server', 'app']] } as const
    const outcome = await runFilter(headerTransform, config, { exchange, response })
    assert.equal(outcome.response.headers.get('x-was'), '404 app')
  })

  for (const [config, path] of [
    [{}, 'spec'],
    [{ request: { set: [{ name: 'x', value: '{nobody}' }] } }, 'spec.request.set[0].value'],
    [{ request: { set: [{ name: 'host', value: '{claims[host]}' }] } }, 'spec.request'],
    [{ request: { set: [{ name: 'x-forwarded-client-cert', value: 'a' }] } }, 'spec.request'],
    [{ response: { add: [{ name: 'content-length', value: '1' }] } }, 'spec.response.add[0].name'],
    [{ response: { add: [{ name: 'x', value: 'a\nb' }] } }, 'spec.response.add[0].value'],
  ] as const) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      const decoded = headerTransform.config.decode(config, 'spec')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, path)
    })
  }
})
