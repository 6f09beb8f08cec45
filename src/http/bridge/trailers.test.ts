import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../header-list.ts'
import { trailersToH1, trailersToH2 } from './trailers.ts'

test('trailers pass both ways as they are', () => {
  const fields = ['grpc-status', '0', 'grpc-message', '', 'x-sum', '7']
  const headers = trailersToH1(fields)
  assert.ok(headers instanceof HeaderList)
  assert.deepEqual(headers.fields, fields)
  assert.deepEqual(trailersToH2(headers), fields)
})

const refused: readonly (readonly [name: string, value: string])[] = [
  ['content-length', '3'],
  ['transfer-encoding', 'chunked'],
  ['connection', 'close'],
  ['host', 'a'],
  ['te', 'trailers'],
  ['trailer', 'x'],
  ['authorization', 'x'],
  ['cookie', 'a=b'],
  ['content-type', 'a/b'],
  ['if-match', '"a"'],
  ['x-forwarded-for', 'a'],
  ['x-forwarded-client-cert', 'a'],
  ['x-envoy-internal', 'true'],
  ['x-istio-attributes', 'a'],
  ['x_forwarded_client_cert', 'a'],
  [':status', '200'],
  ['X', '1'],
  ['x', 'a\r\nb: c'],
  ['x', '\u010a'],
  ['', '1'],
]
for (const [name, value] of refused) {
  test(`the trailer ${JSON.stringify(name)}: ${JSON.stringify(value)} passes neither way`, () => {
    const fields = ['x-a', '1', name, value]
    assert.ok('code' in trailersToH1(fields))
    assert.ok('code' in trailersToH2(new HeaderList(fields)))
  })
}
