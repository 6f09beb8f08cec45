import { HpackEncoder } from '../../../src/http/hpack/encoder.ts'
import * as frames from '../../support/http/h2-frames.ts'
import { encodeBlock } from './hpack-blocks.ts'

const TUNNEL = [':method', 'CONNECT', ':authority', '10.0.0.1:80', 'baggage', 'k8s.namespace.name=shop']
const REQUEST = [':method', 'POST', ':scheme', 'http', ':authority', 'api.shop', ':path', '/cart', 'te', 'trailers']
const RESPONSE = [':status', '200', 'content-type', 'text/plain']

/** Conversations as they should be, one side of each: what a client sends, and what a server does. */
export function h2Seeds(): readonly Buffer[] {
  const { clientPreface, dataFrame, headersFrame, settingsFrame, windowFrame, resetFrame } = frames
  const ping = frames.formatFrame(6, 0, 0, frames.words(1, 2))
  const acknowledged = frames.formatFrame(4, 1, 0)
  const client = new HpackEncoder()
  const server = new HpackEncoder()
  const block = (fields: readonly string[]): Buffer => encodeBlock(client, fields)
  const answer = (fields: readonly string[]): Buffer => encodeBlock(server, fields)
  const settings = settingsFrame([3, 100], [4, 65_535], [5, 16_384])
  return [
    [clientPreface, settings, acknowledged, headersFrame(4, 1, block(TUNNEL)), dataFrame(0, 1), dataFrame(1, 1)],
    [
      ...[clientPreface, settings, windowFrame(0, 1 << 20), headersFrame(4, 1, block(REQUEST))],
      ...[dataFrame(0, 1, Buffer.alloc(1200, 0x61)), headersFrame(5, 3, block(REQUEST)), windowFrame(1, 50_000)],
      ...[headersFrame(5, 1, block(['x-sum', '1'])), ping, resetFrame(3), acknowledged],
    ],
    [
      ...[clientPreface, settingsFrame([4, 0]), headersFrame(4, 1, block(TUNNEL)), headersFrame(4, 3, block(TUNNEL))],
      ...[windowFrame(1, 10), settingsFrame([4, 1000]), windowFrame(3, 70_000), dataFrame(0, 3), dataFrame(1, 1)],
    ],
    [settings, acknowledged, headersFrame(4, 1, answer(RESPONSE)), dataFrame(0, 1), dataFrame(1, 1), ping],
    [
      ...[settings, headersFrame(4, 1, answer([':status', '103'])), headersFrame(4, 1, answer(RESPONSE))],
      ...[dataFrame(0, 1, Buffer.alloc(900)), headersFrame(5, 1, answer(['x-sum', '1'])), windowFrame(3, 40_000)],
      ...[headersFrame(5, 3, answer([':status', '204'])), frames.formatFrame(7, 0, 0, frames.words(3, 0))],
    ],
  ].map((parts) => Buffer.concat(parts))
}
