import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { HeaderList } from '../header-list.ts'
import { requestTrailersToH1, requestTrailersToH2, responseTrailersToH1, responseTrailersToH2 } from './trailers.ts'

test('trailers pass both ways as they are', () => {
  const fields = ['grpc-status', '0', 'grpc-message', '', 'x-sum', '7']
  for (const headers of [requestTrailersToH1(fields), responseTrailersToH1(fields)]) {
    assert.ok(headers instanceof HeaderList)
    assert.deepEqual(headers.fields, fields)
    assert.deepEqual(requestTrailersToH2(headers), fields)
    assert.deepEqual(responseTrailersToH2(headers), fields)
  }
})

type Case = readonly [name: string, value: string]

/** No version has them, or they frame a message. */
const framing: readonly Case[] = [
  ['content-length', '3'],
  ['host', 'a'],
  ['te', 'trailers'],
  ['trailer', 'x'],
  ['http2-settings', 'x'],
]
const ofConnection: readonly Case[] = [
  ['transfer-encoding', 'chunked'],
  ['connection', 'close'],
]
/** Of a head, or claims of who the client is. */
const early: readonly Case[] = [
  ['authorization', 'x'],
  ['cookie', 'a=b'],
  ['set-cookie', 'a=b'],
  ['content-type', 'a/b'],
  ['if-match', '"a"'],
  ['x-forwarded-for', 'a'],
  ['x-forwarded-client-cert', 'a'],
  ['x-envoy-internal', 'true'],
  ['x-envoy-upstream-service-time', '1'],
  ['x-istio-attributes', 'a'],
  ['x_forwarded_client_cert', 'a'],
]
const unwritable: readonly Case[] = [
  [':status', '200'],
  ['X', '1'],
  ['x', 'a\r\nb: c'],
  ['x', '\u010a'],
  ['', '1'],
]
const around = ({ 0: name, 1: value }: Case): string[] => ['x-a', '1', name, value, 'grpc-status', '0']
const titleOf = ([name, value]: Case): string => `${JSON.stringify(name)}: ${JSON.stringify(value)}`

describe('a request is refused with the trailer', () => {
  for (const one of [...framing, ...ofConnection, ...early, ...unwritable]) {
    it(titleOf(one), () => {
      assert.ok('code' in requestTrailersToH1(around(one)))
      assert.ok('code' in requestTrailersToH2(new HeaderList(around(one))))
    })
  }
})

describe('a response loses of its trailers nothing but', () => {
  for (const one of [...framing, ...ofConnection]) {
    it(titleOf(one), () => {
      const rest = ['x-a', '1', 'grpc-status', '0']
      assert.deepEqual(responseTrailersToH1(around(one)).fields, rest)
      assert.deepEqual(responseTrailersToH2(new HeaderList(around(one))), rest)
    })
  }
})

describe('a response keeps all of its trailers with', () => {
  for (const one of early) {
    it(titleOf(one), () => {
      assert.deepEqual(responseTrailersToH1(around(one)).fields, around(one))
      assert.deepEqual(responseTrailersToH2(new HeaderList(around(one))), around(one))
    })
  }
})

describe('to HTTP/2 a response does not go with the trailer', () => {
  for (const one of unwritable)
    it(titleOf(one), () => assert.ok('code' in responseTrailersToH2(new HeaderList(around(one)))))
})
