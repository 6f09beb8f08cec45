import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Mesh } from '../../../test/support/mesh/mesh.ts'
import { backendOf, matchOf } from '../../../test/support/models.ts'
import type { Rule } from '../../model/route.ts'
import { responseToH2 } from '../../http/bridge/response.ts'
import { HeaderList } from '../../http/header-list.ts'
import { toGrpcReply } from './grpc-reply.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

const GRPC = 'content-type: application/grpc+proto\r\ncontent-length: 0\r\n'
const invalid = {
  kind: 'invalid',
  weight: 1,
  status: 500,
  reason: 'no such Service',
  ref: 'Service shop/x:80',
} as const
const cases: readonly (readonly [name: string, rule: Partial<Rule>, status: string])[] = [
  ['no route: UNIMPLEMENTED', { matches: [matchOf({ path: { type: 'Exact', value: '/other' } })] }, '12'],
  ['no endpoint: UNAVAILABLE', { backends: [backendOf('nobody')] }, '14'],
  ['an invalid backend: UNAVAILABLE', { backends: [invalid] }, '14'],
  ['no weight: UNAVAILABLE', { backends: [{ ...invalid, weight: 0 }] }, '14'],
  ['a closed rule: UNAVAILABLE', { closed: { status: 500, reason: 'the filter is unknown' } }, '14'],
]
for (const [name, rule, status] of cases) {
  test(`gRPC, ${name}, as Trailers-Only`, async () => {
    mesh = await Mesh.start({ rule })
    const tunnel = await mesh.tunnel()
    const { head, body } = await tunnel.request('POST', '/shop.Cart/Add', GRPC)
    assert.deepEqual([head.status, head.headers.get('grpc-status'), String(body)], [200, status, ''])
    assert.equal(head.headers.get('content-type'), 'application/grpc')
    const record = await mesh.record(1)
    assert.deepEqual([record.status, record.grpcStatus], [200, status])
    // Others get text.
    assert.ok((await tunnel.request('POST', '/shop.Cart/Add', 'content-length: 0\r\n')).head.status >= 404)
  })
}

test('what a filter wrote stays, but for what describes the text', () => {
  const headers = new HeaderList(['content-type', 'text/html', 'content-length', '9', 'retry-after', '3'])
  const reply = toGrpcReply({ status: 429, headers, body: '<b>é 100%</b>\n' })
  assert.deepEqual(reply, {
    status: 200,
    body: '',
    headers: new HeaderList([
      ...['retry-after', '3', 'content-type', 'application/grpc', 'grpc-status', '14'],
      ...['grpc-message', '<b>%C3%A9 100%25</b>'],
    ]),
  })
})

test('a message is no longer than what a client takes as a head', () => {
  const { headers } = toGrpcReply({ status: 403, headers: new HeaderList(), body: 'é'.repeat(100_000) })
  assert.equal(headers.get('grpc-message'), '%C3%A9'.repeat(512))
})

for (const [what, body, message] of [
  ['begins and ends with blanks', ' not you \n', 'not you'],
  ['is cut at a blank', `${'a'.repeat(1023)} b`, 'a'.repeat(1023)],
  ['is cut within a character', `${'a'.repeat(1022)}☃`, 'a'.repeat(1022)],
  ['is nothing but blanks', ' \n', undefined],
] as const) {
  test(`a text that ${what} is a message that HTTP/2 takes, and gRPC reads`, () => {
    const { headers } = toGrpcReply({ status: 403, headers: new HeaderList(), body })
    assert.equal(headers.get('grpc-message'), message)
    const fields = responseToH2({ status: 200 }, headers, { bodyLength: 0, method: 'POST' })
    assert.ok(Array.isArray(fields))
  })
}

test('a status that nobody has mapped is UNKNOWN', () => {
  const reply = toGrpcReply({ status: 418, headers: new HeaderList(), body: '' })
  assert.deepEqual(reply.headers.fields, ['content-type', 'application/grpc', 'grpc-status', '2'])
})
