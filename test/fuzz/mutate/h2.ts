import * as h2 from '../../../src/http/h2/constants.ts'
import { clientPreface, formatFrame, settingsPayload, words } from '../../support/http/h2-frames.ts'
import type { SeededRandom } from '../../support/random.ts'
import { mutateBytes } from './bytes.ts'
import { hpackInteger, literalBlock, randomRepresentation } from '../support/hpack-blocks.ts'

/** A frame that can be changed; `length` is what its header says, whatever the payload is. */
export interface LooseFrame {
  type: number
  flags: number
  streamId: number
  length: number
  payload: Buffer
}

const MAX_FRAMES = 60

/** Heads of requests, responses and trailers, good and bad; as literals, so that each stands for itself. */
const HEADS: readonly (readonly string[])[] = [
  [':method', 'CONNECT', ':authority', '10.0.0.1:80'],
  [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'],
  [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/', 'content-length', '5'],
  [':method', 'HEAD', ':scheme', 'https', ':path', '/a?b', 'host', 'a', 'te', 'trailers'],
  [':method', 'GET', ':path', '/'],
  [':method', 'GET', ':scheme', 'http', ':path', '/', 'transfer-encoding', 'chunked'],
  [':method', 'GET', ':scheme', 'http', ':path', '/ x', 'X-Upper', '1'],
  [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/', 'x-long', 'v'.repeat(900)],
  [':status', '200'],
  [':status', '200', 'content-length', '3'],
  [':status', '103', 'link', '</a>'],
  [':status', '101'],
  [':status', '304', 'content-length', '9'],
  ['x-trailer', '1'],
  ['x-trailer', 'a\r\nb'],
  [],
]
const STREAMS = [0, 1, 1, 1, 3, 3, 5, 7, 9, 2, 101, 0x7fff_ffff, 0x8000_0001]
const FLAGS = [0, 1, 4, 5, 5, 8, 9, 0x0c, 0x20, 0x2d, 0xff]
const INCREMENTS = [0, 1, 100, 16_384, 65_535, 0x7fff_0000, 0x7fff_ffff, 0x8000_0001]
/** Around the windows and limits that are likely; below 32 a frame counts as small. */
const DATA_BYTES = [0, 1, 2, 3, 5, 31, 50, 51, 300, 1000, 1001, 2000]
const SETTINGS: readonly (readonly [number, readonly number[]])[] = [
  [1, [0, 1, 4096, 65_536, 0xffff_ffff]],
  [2, [0, 1, 2]],
  [3, [0, 1, 100, 0xffff_ffff]],
  [4, [0, 1, 100, 65_535, 1 << 20, 0x7fff_ffff, 0x8000_0000]],
  [5, [16_383, 16_384, 65_536, 0xff_ffff, 0x100_0000]],
  [6, [0, 100, 0xffff_ffff]],
  [8, [0, 1, 2]],
  [0x7777, [0]],
]

/** Frames of a connection's direction; a preface and a rest that is no frame stay outside. */
export function splitFrames(input: Buffer): {
  readonly preface: Buffer
  readonly frames: LooseFrame[]
  readonly rest: Buffer
} {
  const hasPreface = input.subarray(0, clientPreface.length).equals(clientPreface)
  let at = hasPreface ? clientPreface.length : 0
  const preface = input.subarray(0, at)
  const frames: LooseFrame[] = []
  while (at + 9 <= input.length) {
    const length = input.readUIntBE(at, 3)
    if (at + 9 + length > input.length) break
    const [type, flags] = [input.readUInt8(at + 3), input.readUInt8(at + 4)]
    frames.push({
      type,
      flags,
      streamId: input.readUInt32BE(at + 5),
      length,
      payload: input.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return { preface, frames, rest: input.subarray(at) }
}

/** A change that knows of frames; now and then one that does not. */
export function mutateH2(input: Buffer, other: Buffer, random: SeededRandom): Buffer {
  if (random.chance(0.08)) return mutateBytes(input, other, random)
  const { preface, frames, rest } = splitFrames(input)
  // Most single changes of a frame end a connection, and what comes then is not read: fitting frames lead further.
  if (random.chance(0.65)) addFittingFrame(frames, preface.length > 0 ? 'server' : 'client', random)
  else mutateFrames(frames, other, random)
  const kept = random.chance(0.7) ? Buffer.alloc(0) : rest
  return Buffer.concat([preface, ...frames.slice(0, MAX_FRAMES).map(writeFrame), kept])
}

function writeFrame({ type, flags, streamId, length, payload }: LooseFrame): Buffer {
  const bytes = formatFrame(type, flags, streamId, payload)
  bytes.writeUIntBE(length, 0, 3)
  return bytes
}

function mutateFrames(frames: LooseFrame[], other: Buffer, random: SeededRandom): void {
  const at = random.below(frames.length + 1)
  const frame = frames[at]
  if (frame === undefined || random.chance(0.35)) return void frames.splice(at, 0, randomFrame(random))
  switch (random.below(10)) {
    case 0:
      frame.type = random.chance(0.8) ? random.below(10) : random.below(256)
      return
    case 1:
      frame.flags = random.chance(0.5) ? frame.flags ^ (1 << random.below(6)) : random.pick(FLAGS)
      return
    case 2:
      frame.streamId = random.pick(STREAMS)
      return
    case 3:
      frame.length = Math.max(0, frame.length + random.pick([1, -1, 9, -9, 16_384, 0xff_0000 - frame.length]))
      return
    case 4:
      return resize(frame, mutateBytes(frame.payload, other, random))
    case 5:
      return void frames.splice(at, 1)
    case 6:
      return void frames.splice(random.below(frames.length + 1), 0, { ...frame })
    case 7:
      return void frames.push(...frames.splice(at, 1 + random.below(3)))
    case 8: {
      const others = splitFrames(other).frames
      return void frames.splice(at, 0, ...others.slice(random.below(others.length + 1)))
    }
    default:
      return void frames.splice(at, 1, ...splitBlock(frame, random))
  }
}

function resize(frame: LooseFrame, payload: Buffer): void {
  frame.payload = payload
  frame.length = payload.length
}

/** A header block over several frames, or padded. */
function splitBlock(frame: LooseFrame, random: SeededRandom): readonly LooseFrame[] {
  const { type, flags, streamId, payload } = frame
  if (random.chance(0.3) && (flags & h2.FLAG_PADDED) === 0) {
    const padding = random.pick([0, 1, 255, payload.length])
    const padded = Buffer.concat([Buffer.of(padding), payload, Buffer.alloc(random.pick([padding & 0xff, 0, 1]))])
    return [loose(type, flags | h2.FLAG_PADDED, streamId, padded)]
  }
  const at = random.below(payload.length + 1)
  const end = flags & h2.FLAG_END_HEADERS
  return [
    loose(type, flags & ~h2.FLAG_END_HEADERS, streamId, payload.subarray(0, at)),
    loose(h2.FRAME_CONTINUATION, end, streamId, payload.subarray(at)),
  ]
}

function loose(type: number, flags: number, streamId: number, payload: Buffer): LooseFrame {
  return { type, flags, streamId: streamId >>> 0, length: payload.length, payload }
}

function randomFrame(random: SeededRandom): LooseFrame {
  const streamId = random.pick(STREAMS)
  const near = random.pick([1, 1, 3, 5, 7])
  switch (random.below(13)) {
    case 0:
    case 1:
    case 2:
      return loose(h2.FRAME_HEADERS, random.pick([4, 5, 4, 5, 0]), near, randomBlock(random))
    case 3:
    case 4:
      return loose(h2.FRAME_DATA, random.pick([0, 0, 1, 8]), near, Buffer.alloc(random.pick([0, 1, 3, 5, 300, 2000])))
    case 5:
      return loose(h2.FRAME_RST_STREAM, 0, random.pick([near, streamId]), words(random.below(14)))
    case 6:
      return loose(h2.FRAME_SETTINGS, random.pick([0, 0, 0, 1]), 0, randomSettings(random))
    case 7:
    case 8:
      return loose(h2.FRAME_WINDOW_UPDATE, 0, random.pick([0, near, streamId]), words(random.pick(INCREMENTS)))
    case 9:
      return loose(h2.FRAME_PING, random.pick([0, 1]), 0, words(1, 2))
    case 10:
      return loose(h2.FRAME_GOAWAY, 0, 0, words(random.pick([0, 1, 3, 0x7fff_ffff]), random.below(14)))
    case 11:
      return loose(h2.FRAME_PRIORITY, 0, streamId, Buffer.concat([words(random.pick(STREAMS)), Buffer.of(15)]))
    default:
      return loose(random.below(12), random.pick(FLAGS), streamId, Buffer.alloc(random.below(20), random.below(256)))
  }
}

/** A frame that the rules allow where it is put, mostly: on a stream that is there, or the next one. */
function addFittingFrame(frames: LooseFrame[], role: 'server' | 'client', random: SeededRandom): void {
  const at = 1 + random.below(frames.length)
  const known = frames.slice(0, at).flatMap(({ type, streamId }) => (type === h2.FRAME_HEADERS ? [streamId] : []))
  const last = Math.max(-1, ...known.filter((id) => id < 1000))
  const [streamId, next] = [known.length === 0 ? 1 : random.pick(known), last + 2]
  frames.splice(
    at,
    0,
    fittingFrame(random, { role, streamId, next: role === 'client' && random.chance(0.4) ? streamId : next }),
  )
}

interface Place {
  readonly role: 'server' | 'client'
  readonly streamId: number
  readonly next: number
}

function fittingFrame(random: SeededRandom, { role, streamId, next }: Place): LooseFrame {
  switch (random.below(9)) {
    case 0:
    case 1:
      return loose(h2.FRAME_HEADERS, random.pick([4, 4, 5]), next, fittingBlock(random, role))
    case 2:
    case 3:
      return loose(h2.FRAME_DATA, random.pick([0, 0, 0, 1]), streamId, Buffer.alloc(random.pick(DATA_BYTES), 0x64))
    case 4:
      return loose(h2.FRAME_WINDOW_UPDATE, 0, random.pick([0, streamId]), words(random.pick([1, 99, 5000, 65_535])))
    case 5:
      return loose(h2.FRAME_RST_STREAM, 0, streamId, words(random.pick([0, 5, 7, 8])))
    case 6:
      return loose(h2.FRAME_SETTINGS, 0, 0, settingsPayload([4, random.pick([0, 1, 100, 1000, 65_535, 1 << 20])]))
    case 7:
      return loose(h2.FRAME_HEADERS, 5, streamId, literalBlock(['x-sum', '1']))
    default:
      return random.pick([
        loose(h2.FRAME_SETTINGS, 1, 0, Buffer.alloc(0)),
        loose(h2.FRAME_SETTINGS, 0, 0, settingsPayload([1, random.pick([0, 100, 4096])], [3, random.below(6)])),
        loose(h2.FRAME_PING, random.below(2), 0, words(1, 2)),
        loose(h2.FRAME_GOAWAY, 0, 0, words(random.pick([0, 1, 3, 0x7fff_ffff]), 0)),
        loose(h2.FRAME_DATA, 8, streamId, Buffer.concat([Buffer.of(3), Buffer.alloc(10)])),
      ])
  }
}

function fittingBlock(random: SeededRandom, role: 'server' | 'client'): Buffer {
  const fits = HEADS.filter(([first = '']) => first.startsWith(role === 'server' ? ':method' : ':status'))
  return literalBlock(random.pick(fits), random.chance(0.3))
}

function randomSettings(random: SeededRandom): Buffer {
  if (random.chance(0.1)) return Buffer.alloc(random.below(8))
  const entries = Array.from({ length: random.below(3) }, () => {
    const [id, known] = random.pick(SETTINGS)
    return [id, random.pick(known)] as const
  })
  return settingsPayload(...entries)
}

function randomBlock(random: SeededRandom): Buffer {
  const parts = [literalBlock(random.pick(HEADS), random.chance(0.3))]
  if (random.chance(0.15)) parts.push(randomRepresentation(random))
  if (random.chance(0.05)) parts.unshift(hpackInteger(0x20, 5, random.pick([0, 100, 4096])))
  return Buffer.concat(parts)
}
