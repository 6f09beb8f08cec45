import { createHash } from 'node:crypto'
import type { Pipe, PipeUser } from '../../pipes/pipe.ts'
import { ClientFrameReader, encodeServerFrame } from '../../pipes/websocket-frames.ts'
import { hasAddedHeader } from '../responder.ts'
import type { Tally } from '../tally.ts'
import { HeadReader } from './head-reader.ts'

/** RFC 6455 section 4.2.2. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** WebSockets that send every message back. */
export const serveWebSocket =
  (tally: Tally): PipeUser =>
  (pipe) => {
    const frames = new ClientFrameReader()
    let isOpen = false
    const heads = new HeadReader((head) => {
      if (!hasAddedHeader(head)) tally.onMissingHeader()
      isOpen = acceptUpgrade(pipe, head)
    })
    const onMessage = (message: Buffer): void => {
      tally.onRequests(1)
      pipe.write(encodeServerFrame(message))
    }
    return {
      onData: (buffer, start, end) => {
        const at = isOpen ? start : heads.feed(buffer, start, end)
        if (at < end) frames.feed(buffer, at, end, onMessage)
      },
      onDrain: () => {},
      onEnd: pipe.end,
      onLost: () => {},
    }
  }

const acceptUpgrade = (pipe: Pipe, head: string): boolean => {
  const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1]
  const isUpgrade = /\r\nupgrade: *websocket\r\n/i.test(head)
  if (key === undefined || !isUpgrade) {
    pipe.write(Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n', 'latin1'))
    return false
  }
  const accept = createHash('sha1')
    .update(key + KEY_SUFFIX)
    .digest('base64')
  const answer = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`
  pipe.write(Buffer.from(answer, 'latin1'))
  return true
}
