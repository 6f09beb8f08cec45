import { encodeClientFrame, encodeServerFrame } from '../../pipes/websocket-frames.ts'
import type { PipeUser } from '../../pipes/pipe.ts'
import type { Lane, LaneOwner } from '../lane.ts'
import type { Work } from '../plan.ts'

const HEAD_END = '\r\n\r\n'

/** One WebSocket on each pipe, which is a lane once the upgrade was answered 101; each message must come back. */
export const useWebSocket =
  (
    request: string,
    { messageBytes }: Extract<Work, { readonly kind: 'websocket' }>,
    { owner }: { readonly owner: LaneOwner },
  ): PipeUser =>
  (pipe) => {
    const message = Buffer.alloc(messageBytes, 'x')
    const frame = encodeClientFrame(message)
    const echo = encodeServerFrame(message)
    const lane: Lane = { dueAt: 0, send: () => pipe.write(frame) }
    let head: string | undefined = ''
    let matched = 0
    const lose = (why: string): void => {
      pipe.destroy()
      owner.onLost(why)
    }
    const readHead = (text: string): void => {
      head = (head ?? '') + text
      if (!head.includes(HEAD_END)) return
      if (!head.startsWith('HTTP/1.1 101 ')) return lose(`the upgrade was answered ${head.split('\r\n', 1)[0]}`)
      head = undefined
      owner.onOpen(lane)
    }
    pipe.write(Buffer.from(request, 'latin1'))
    return {
      onData: (buffer, start, end) => {
        if (head !== undefined) return readHead(buffer.toString('latin1', start, end))
        const last = Math.min(echo.length, matched + end - start)
        const isEqual = echo.compare(buffer, start, start + last - matched, matched, last) === 0
        // One message is under way at a time, so nothing may follow it.
        if (!isEqual || last - matched < end - start) return lose('what came back is not the message that was sent')
        matched = last
        if (matched < echo.length) return
        matched = 0
        owner.onAnswer(lane, 200, messageBytes)
      },
      onDrain: () => {},
      onEnd: () => lose('the WebSocket was ended'),
      onLost: owner.onLost,
    }
  }
