import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientPreface, dataFrame, formatFrame } from '../../../../test/support/http/h2-frames.ts'
import { FRAME_PING, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from '../constants.ts'
import { FrameReader } from './frame-reader.ts'
import type { DataPiece, FrameSink } from './frame-reader.ts'

const record = (
  onEach: () => void = () => {},
): { readonly sink: FrameSink; readonly seen: string[]; readonly pieces: string[] } => {
  const seen: string[] = []
  const pieces: string[] = []
  const sink: FrameSink = {
    onFrame: (type, flags, streamId, buffer, start, end) => {
      seen.push(`frame ${type} ${flags} ${streamId} ${buffer.toString('latin1', start, end)}`)
      onEach()
    },
    onData: ({ streamId, flags, frameBytes, isLast, buffer, start, end }) => {
      if (frameBytes > 0 || end === start) seen.push(`data ${streamId} ${flags} ${frameBytes}`)
      pieces.push(buffer.toString('latin1', start, end))
      if (isLast) seen.push('last')
      onEach()
    },
    onFrameError: (code) => seen.push(`error ${code}`),
  }
  return { sink, seen, pieces }
}

const feed = (reader: FrameReader, bytes: Buffer, step: number): void => {
  for (let at = 0; at < bytes.length; at += step) reader.feed(bytes, at, Math.min(bytes.length, at + step))
}

describe('the frame reader', () => {
  const bytes = Buffer.concat([
    clientPreface,
    formatFrame(FRAME_PING, 1, 0, Buffer.from('12345678')),
    dataFrame(1, 0x7fff_ffff, Buffer.from('a body in pieces')),
    dataFrame(0, 3, Buffer.alloc(0)),
    formatFrame(0xfe, 0xff, 5),
    dataFrame(8, 5, Buffer.from('\x02padded..')),
  ])
  for (const step of [1, 2, 5, 9, 10, 30, 1000]) {
    it(`finds the same frames in chunks of ${step}`, () => {
      const { sink, seen, pieces } = record()
      const reader = new FrameReader(sink, { expectPreface: true })
      feed(reader, bytes, step)
      assert.equal(reader.hasPreface, true)
      assert.deepEqual(seen, [
        'frame 6 1 0 12345678',
        'data 2147483647 1 16',
        'last',
        'data 3 0 0',
        'last',
        'frame 254 255 5 ',
        'frame 0 8 5 \x02padded..',
      ])
      assert.equal(pieces.join(''), 'a body in pieces')
    })
  }

  it('ignores the reserved bit of a stream number', () => {
    const { sink, seen } = record()
    new FrameReader(sink, { expectPreface: false }).feed(formatFrame(6, 0, 0x8000_0001), 0, 9)
    assert.deepEqual(seen, ['frame 6 0 1 '])
  })

  for (const step of [1, 1000]) {
    it(`refuses a frame above the limit at its header, in chunks of ${step}`, () => {
      const { sink, seen } = record()
      const reader = new FrameReader(sink, { expectPreface: false, maxFrameBytes: 20 })
      feed(
        reader,
        Buffer.concat([formatFrame(6, 0, 0, Buffer.alloc(20)), formatFrame(6, 0, 0, Buffer.alloc(21))]),
        step,
      )
      assert.deepEqual(
        seen.map((line) => line.slice(0, 7)),
        ['frame 6', `error ${FRAME_SIZE_ERROR}`],
      )
    })

    it(`refuses another preface at its first wrong byte, in chunks of ${step}`, () => {
      const { sink, seen } = record()
      const reader = new FrameReader(sink, { expectPreface: true })
      feed(reader, Buffer.from('PRI * HTTP/1.1\r\n\r\nmore of it'), step)
      assert.deepEqual(seen, [`error ${PROTOCOL_ERROR}`])
      assert.equal(reader.hasPreface, false)
    })

    it(`delivers nothing once it is stopped, in chunks of ${step}`, () => {
      const { sink, seen } = record(() => reader.stop())
      const reader: FrameReader = new FrameReader(sink, { expectPreface: false })
      feed(reader, Buffer.concat([formatFrame(6, 0, 0), formatFrame(6, 0, 0), dataFrame(0, 1)]), step)
      assert.deepEqual(seen, ['frame 6 0 0 '])
    })
  }

  it('leaves the memory of a cut frame to the one who got it', () => {
    const kept: Buffer[] = []
    const { sink } = record()
    const reader = new FrameReader(
      {
        ...sink,
        onFrame: (_type, _flags, _streamId, buffer, start, end) => void kept.push(buffer.subarray(start, end)),
      },
      { expectPreface: false },
    )
    feed(
      reader,
      Buffer.concat([formatFrame(9, 0, 1, Buffer.from('first')), formatFrame(9, 0, 1, Buffer.from('other'))]),
      7,
    )
    assert.deepEqual(kept.map(String), ['first', 'other'])
  })

  for (const step of [1, 5, 30, 1000]) {
    it(`stops after as many frames as it may, in chunks of ${step}, and goes on where it stopped`, () => {
      const whole = record()
      new FrameReader(whole.sink, { expectPreface: true }).feed(bytes, 0, bytes.length)
      const { sink, seen, pieces } = record()
      const reader = new FrameReader(sink, { expectPreface: true })
      let rests = 0
      reader.framesLeft = 1
      for (let at = 0; at < bytes.length;) {
        const end = Math.min(bytes.length, at + step)
        at = reader.feed(bytes, at, end)
        if (at === end) continue
        rests++
        reader.framesLeft = 1
      }
      assert.equal(rests, 4)
      assert.equal(pieces.join(''), whole.pieces.join(''))
      assert.deepEqual(seen, whole.seen)
    })
  }

  it('keeps hold of no chunk once its frames are through', () => {
    let last: DataPiece | undefined
    const { sink } = record()
    const keep: FrameSink = { ...sink, onData: (piece) => (last = piece) }
    const reader = new FrameReader(keep, { expectPreface: false })
    for (const payload of [Buffer.from('a body'), Buffer.alloc(0)]) {
      const chunk = dataFrame(1, 1, payload)
      reader.feed(chunk, 0, chunk.length)
      assert.equal(last?.buffer.length, 0)
    }
  })
})
