import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseFrames } from '../../../../test/support/http/h2-frames.ts'
import { HpackDecoder } from '../../hpack/decoder.ts'
import { HpackEncoder } from '../../hpack/encoder.ts'
import * as h2 from '../constants.ts'
import { BufferPools } from './buffer-pool.ts'
import { FrameOutput } from './output.ts'

const MAX = 16_384
const summary = (output: FrameOutput): (readonly number[])[] =>
  parseFrames(output.take()).map(({ type, flags, streamId, payload }) => [type, flags, streamId, payload.length])

describe('the frame output', () => {
  it('grows one frame from neighbouring pieces of a stream, up to the limit', () => {
    const output = new FrameOutput()
    output.data(1, MAX, Buffer.alloc(10_000), 0, 10_000)
    output.text(1, MAX, 'x'.repeat(6000))
    output.text(1, MAX, 'y'.repeat(500))
    output.data(1, MAX, Buffer.alloc(16_000), 0, 16_000)
    assert.deepEqual(summary(output), [
      [0, 0, 1, 16_000],
      [0, 0, 1, 16_384],
      [0, 0, 1, 116],
    ])
  })

  it('does not mix streams, nor grow a frame that is taken', () => {
    const output = new FrameOutput()
    output.text(1, MAX, 'a')
    output.text(3, MAX, 'b')
    output.text(1, MAX, 'c')
    assert.deepEqual(
      parseFrames(output.take()).map(({ streamId, payload }) => `${streamId}${payload}`),
      ['1a', '3b', '1c'],
    )
    output.text(1, MAX, 'd')
    assert.deepEqual(summary(output), [[0, 0, 1, 1]])
    assert.equal(output.bytes, 0)
    assert.equal(output.take().length, 0)
  })

  it('ends a stream on its last frame while that is there', () => {
    const output = new FrameOutput()
    output.text(1, MAX, 'a')
    output.endStream(1)
    output.text(3, MAX, 'b')
    output.resetStream(5, h2.CANCEL)
    output.endStream(3)
    assert.deepEqual(summary(output), [
      [0, h2.FLAG_END_STREAM, 1, 1],
      [0, 0, 3, 1],
      [3, 0, 5, 4],
      [0, h2.FLAG_END_STREAM, 3, 0],
    ])
  })

  it('puts window updates and PING ahead, and keeps what follows data behind it', () => {
    const output = new FrameOutput()
    output.text(1, MAX, 'a')
    output.settingsAck()
    output.goaway(1, h2.NO_ERROR, 'x'.repeat(1000))
    output.ping(Buffer.alloc(8, 1), true)
    output.windowUpdate(0, 5)
    assert.deepEqual(summary(output), [
      [6, h2.FLAG_ACK, 0, 8],
      [8, 0, 0, 4],
      [0, 0, 1, 1],
      [4, h2.FLAG_ACK, 0, 0],
      [7, 0, 0, 264],
    ])
  })

  it('cuts a header block into frames, whatever its length', () => {
    const encoder = new HpackEncoder()
    const decoder = new HpackDecoder()
    for (const size of [0, 16_000, 16_370, 16_375, 16_378, 16_379, 16_380, 33_000]) {
      const output = new FrameOutput()
      const fields = [':status', '200', 'x', '~'.repeat(size)]
      output.headers(1, fields, true, { encoder, maxFrameBytes: MAX })
      const frames = parseFrames(output.take())
      assert.deepEqual(
        frames.map(({ type, flags }) => [type, flags]),
        frames.map((_, i) => [i === 0 ? 1 : 9, (i === 0 ? h2.FLAG_END_STREAM : 0) | (i === frames.length - 1 ? 4 : 0)]),
      )
      assert.ok(frames.every(({ payload }) => payload.length <= MAX))
      const block = Buffer.concat(frames.map(({ payload }) => payload))
      const result = decoder.decode(block, 0, block.length)
      assert.deepEqual(result.kind === 'ok' && result.fields, fields)
    }
  })

  it('keeps no scratch while there is nothing in it, and works on', () => {
    const output = new FrameOutput()
    assert.equal(output.scratchBytes, 0)
    for (let i = 0; i < 3; i++) {
      output.data(1, MAX, Buffer.alloc(100_000), 0, 100_000)
      output.ping(Buffer.alloc(8), true)
      assert.ok(output.scratchBytes >= 100_000)
      output.take()
      assert.equal(output.scratchBytes, 0)
      output.text(1, MAX, 'a')
      assert.deepEqual(summary(output), [[0, 0, 1, 1]])
      assert.equal(output.scratchBytes, 0)
    }
  })

  it('grows through memory that others have outgrown, and what is encoded stays its own', () => {
    const outputs = Array.from({ length: 50 }, () => new FrameOutput())
    for (let round = 0; round < 20; round++) {
      for (const [i, output] of outputs.entries()) {
        const bytes = Buffer.alloc(((i + round) % 7) * 5000 + 1, i)
        output.data(1, MAX, bytes.subarray(0, bytes.length >> 1), 0, bytes.length >> 1)
        output.data(1, MAX, bytes.subarray(bytes.length >> 1), 0, bytes.length - (bytes.length >> 1))
      }
      for (const [i, output] of outputs.entries()) {
        const payload = Buffer.concat(parseFrames(output.take()).map((frame) => frame.payload))
        assert.deepEqual(payload, Buffer.alloc(((i + round) % 7) * 5000 + 1, i))
      }
    }
  })

  it('gives memory that later frames leave alone', () => {
    const output = new FrameOutput()
    output.text(1, MAX, 'first')
    const taken = output.take()
    const before = Buffer.from(taken)
    output.data(1, MAX, Buffer.alloc(100_000, 'z'), 0, 100_000)
    output.take()
    assert.deepEqual(taken, before)
  })
})

describe('pools of buffers', () => {
  it('have one of at least the size that is asked for, and give what came back', () => {
    const pools = new BufferPools(4, 32, 64)
    const sizes = [1, 4, 5, 32, 33].map((bytes) => pools.take(bytes).length)
    assert.deepEqual(sizes, [4, 4, 8, 32, 64])
    const buffer = pools.take(16)
    pools.give(buffer)
    assert.equal(pools.take(9), buffer)
    assert.notEqual(pools.take(9), buffer)
    const large = pools.take(64)
    pools.give(large)
    assert.notEqual(pools.take(64), large)
    pools.give(Buffer.alloc(0))
    pools.give(Buffer.alloc(12))
    assert.equal(pools.take(12).length, 16)
  })

  it('keep no more than so many bytes of each size', () => {
    const pools = new BufferPools(4, 32, 64)
    const given = Array.from({ length: 5 }, () => pools.take(32))
    for (const buffer of given) pools.give(buffer)
    const taken = new Set(given.map(() => pools.take(32)))
    assert.equal(given.filter((buffer) => taken.has(buffer)).length, 2)
  })
})
