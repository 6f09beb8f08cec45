import type { ConnectionHandler } from '../../../src/http/h2/connection.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'

/** What a stream's owner was told, bodies joined. */
export interface StreamRecord {
  readonly handler: StreamHandler
  readonly heads: string[][]
  readonly events: string[]
  readonly body: () => Buffer
}

export const recordStream = (hooks: Partial<StreamHandler> = {}): StreamRecord => {
  const heads: string[][] = []
  const events: string[] = []
  const pieces: Buffer[] = []
  const handler: StreamHandler = {
    onHeaders: (fields, isEnd) => {
      heads.push(fields)
      events.push(isEnd ? 'headers+end' : 'headers')
      hooks.onHeaders?.(fields, isEnd)
    },
    onData: (buffer, start, end) => {
      pieces.push(buffer.subarray(start, end))
      hooks.onData?.(buffer, start, end)
    },
    onEnd: () => {
      events.push('end')
      hooks.onEnd?.()
    },
    onReset: (code) => {
      events.push(`reset ${code}`)
      hooks.onReset?.(code)
    },
    onDrain: () => {
      events.push('drain')
      hooks.onDrain?.()
    },
  }
  return { handler, heads, events, body: () => Buffer.concat(pieces) }
}

/** What a connection's owner was told, with the streams that came. */
export interface ConnectionRecord {
  readonly handler: ConnectionHandler
  readonly events: string[]
  readonly streams: {
    readonly stream: H2Stream
    readonly fields: string[]
    readonly isEnd: boolean
    readonly record: StreamRecord
  }[]
}

/** `onStream` decides what is done with a stream that comes; without it, it is only recorded. */
export const recordConnection = (
  onStream: (stream: H2Stream, record: StreamRecord) => Partial<StreamHandler> | void = () => {},
): ConnectionRecord => {
  const events: string[] = []
  const streams: ConnectionRecord['streams'] = []
  const handler: ConnectionHandler = {
    onOutput: () => {},
    onStream: (stream, fields, isEnd) => {
      // Set once the owner has seen the stream, which is before anything can come on it.
      let hooks: Partial<StreamHandler> | void = undefined
      const record = recordStream({
        onHeaders: (more, end) => hooks?.onHeaders?.(more, end),
        onData: (buffer, start, end) => hooks?.onData?.(buffer, start, end),
        onEnd: () => hooks?.onEnd?.(),
        onReset: (code) => hooks?.onReset?.(code),
        onDrain: () => hooks?.onDrain?.(),
      })
      streams.push({ stream, fields, isEnd, record })
      hooks = onStream(stream, record)
      return record.handler
    },
    onGoaway: (last, code) => void events.push(`goaway ${last} ${code}`),
    onSettings: () => void events.push('settings'),
    onPong: () => void events.push('pong'),
    onStreamClosed: () => void events.push('closed'),
    onFailure: (code, message) => void events.push(`failure ${code}: ${message}`),
  }
  return { handler, events, streams }
}
