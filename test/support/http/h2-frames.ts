import * as h2 from '../../../src/http/h2/constants.ts'
import { HpackEncoder } from '../../../src/http/hpack/encoder.ts'

/** A frame as it stands on the wire. */
export interface RawFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** One frame, whatever is wrong with it. */
export const formatFrame = (
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** The frames of a stretch of bytes that begins and ends with whole ones; a client preface in front is skipped. */
export const parseFrames = (bytes: Buffer): RawFrame[] => {
  const frames: RawFrame[] = []
  let at =
    bytes.subarray(0, h2.CLIENT_PREFACE.length).toString('latin1') === h2.CLIENT_PREFACE ? h2.CLIENT_PREFACE.length : 0
  while (at < bytes.length) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) throw new Error(`a frame is cut at ${bytes.length}, it ends at ${end}`)
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}

/** 32-bit words, as WINDOW_UPDATE, RST_STREAM, PING and GOAWAY carry them. */
export const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4))
  return bytes
}

/** A SETTINGS payload. */
export const settingsPayload = (...entries: readonly (readonly [id: number, value: number])[]): Buffer => {
  const bytes = Buffer.alloc(entries.length * 6)
  entries.forEach(([id, value], index) => {
    bytes.writeUInt16BE(id, index * 6)
    bytes.writeUInt32BE(value, index * 6 + 2)
  })
  return bytes
}

/** Header blocks of one connection's direction. */
export const createBlockWriter = (): ((...fields: readonly string[]) => Buffer) => {
  const encoder = new HpackEncoder()
  return (...fields) => {
    const target = Buffer.alloc(HpackEncoder.bound(fields))
    return target.subarray(0, encoder.encode(fields, target, 0))
  }
}

export const clientPreface = Buffer.from(h2.CLIENT_PREFACE, 'latin1')

/** DATA of one byte unless told otherwise. */
export const dataFrame = (flags: number, streamId: number, payload = Buffer.from('x')): Buffer =>
  formatFrame(h2.FRAME_DATA, flags, streamId, payload)
export const headersFrame = (flags: number, streamId: number, block: Buffer): Buffer =>
  formatFrame(h2.FRAME_HEADERS, flags, streamId, block)
export const resetFrame = (streamId: number, code = h2.CANCEL): Buffer =>
  formatFrame(h2.FRAME_RST_STREAM, 0, streamId, words(code))
export const windowFrame = (streamId: number, bytes: number): Buffer =>
  formatFrame(h2.FRAME_WINDOW_UPDATE, 0, streamId, words(bytes))
export const settingsFrame = (...entries: readonly (readonly [number, number])[]): Buffer =>
  formatFrame(h2.FRAME_SETTINGS, 0, 0, settingsPayload(...entries))

/** What the other side would see: GOAWAY and RST_STREAM, by code name. */
export const formatVerdict = (bytes: Buffer): string[] =>
  parseFrames(bytes).flatMap(({ type, streamId, payload }) => {
    if (type === h2.FRAME_GOAWAY) return [`connection ${h2.formatErrorCode(payload.readUInt32BE(4))}`]
    if (type === h2.FRAME_RST_STREAM) return [`stream ${streamId} ${h2.formatErrorCode(payload.readUInt32BE(0))}`]
    return []
  })
