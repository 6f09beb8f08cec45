import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../test/support/random.ts'
import { GrpcMessages } from './grpc-messages.ts'

const messageOf = (length: number): Buffer => {
  const message = Buffer.alloc(5 + length, 0xff)
  message[0] = 0
  message.writeUInt32BE(length, 1)
  return message
}

const count = (pieces: readonly Buffer[]): number => {
  const messages = new GrpcMessages()
  return pieces.reduce((sum, piece) => sum + messages.feed(piece, 0, piece.length), 0)
}

describe('gRPC messages', () => {
  it('are counted, empty ones and those of 4 GiB too', () => {
    assert.equal(count([Buffer.concat([messageOf(0), messageOf(3), messageOf(0), messageOf(70_000)])]), 4)
    assert.equal(count([Buffer.of(1, 0xff, 0xff, 0xff, 0xff), Buffer.alloc(1 << 20)]), 1)
  })

  it('count when their length is whole', () => {
    assert.equal(count([messageOf(9).subarray(0, 4)]), 0)
    assert.equal(count([messageOf(9).subarray(0, 5)]), 1)
  })

  for (const seed of [1, 2, 3]) {
    it(`count the same however they are cut (seed ${seed})`, () => {
      const random = seededRandom(seed)
      const lengths = Array.from({ length: 200 }, () => random.below(40))
      const bytes = Buffer.concat(lengths.map((length) => messageOf(length)))
      const pieces: Buffer[] = []
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random.below(13)
        pieces.push(bytes.subarray(at, end))
        at = end
      }
      assert.equal(count(pieces), 200)
    })
  }
})
