import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADDED_HEADER, createResponder } from './responder.ts'
import { createTally } from './tally.ts'

const requestWith = (header: string): Buffer => Buffer.from(`GET / HTTP/1.1\r\nhost: a\r\n${header}\r\n\r\n`, 'latin1')

test('the answer is what its head says', () => {
  const text = createResponder(10, createTally()).answer.toString('latin1')
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*content-length: 10\r\n\r\nx{10}$/)
})

test('requests are counted over all connections until the counts are taken', () => {
  const tally = createTally()
  const responder = createResponder(1, tally)
  const request = requestWith(`${ADDED_HEADER}: api`)
  for (const accept of [responder.accept(), responder.accept()]) assert.equal(accept(request, 0, request.length), 1)
  assert.deepEqual(tally.take(), { requests: 2, withoutHeader: 0 })
  assert.deepEqual(tally.take(), { requests: 0, withoutHeader: 0 })
})

test('a proxy that did not add the header is noticed, however it writes names', () => {
  const tally = createTally()
  const responder = createResponder(1, tally)
  const without = requestWith('accept: */*')
  responder.accept()(without, 0, without.length)
  const capitals = requestWith(`${ADDED_HEADER.toUpperCase()}: api`)
  responder.accept()(capitals, 0, capitals.length)
  assert.deepEqual(tally.take(), { requests: 2, withoutHeader: 1 })
})
