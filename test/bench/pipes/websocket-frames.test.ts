import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientFrameReader, encodeClientFrame, encodeServerFrame } from './websocket-frames.ts'

const messages = ['', 'a', 'x'.repeat(125)].map((text) => Buffer.from(text))
const bytes = Buffer.concat(messages.map(encodeClientFrame))

test('messages are read as they were sent, cut anywhere', () => {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = new ClientFrameReader()
    const read: Buffer[] = []
    reader.feed(bytes, 0, cut, (message) => read.push(message))
    reader.feed(bytes, cut, bytes.length, (message) => read.push(message))
    assert.deepEqual(read, messages)
  }
})

test('the mask hides what is sent (RFC 6455 section 5.3), a server does not mask', () => {
  assert.ok(!encodeClientFrame(Buffer.from('hello')).includes('hello'))
  assert.deepEqual(encodeServerFrame(Buffer.from('hi')), Buffer.from([0x82, 2, 0x68, 0x69]))
})

test('anything but a short masked binary message is refused', () => {
  const ignore = (): void => {}
  for (const head of [
    [0x81, 0x80],
    [0x82, 0x01],
    [0x82, 0xfe],
  ]) {
    assert.throws(() => new ClientFrameReader().feed(Buffer.from([...head, 0]), 0, 3, ignore), /no short binary frame/)
  }
  assert.throws(() => encodeServerFrame(Buffer.alloc(126)), /126 bytes/)
})
