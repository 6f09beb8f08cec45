import { H2Connection } from '../../../../src/http/h2/connection.ts'
import { formatErrorCode, NO_ERROR, REFUSED_STREAM } from '../../../../src/http/h2/constants.ts'
import { ignoreStream } from '../../../../src/http/h2/stream.ts'
import type { H2Stream, StreamHandler } from '../../../../src/http/h2/stream.ts'
import { encodeMessage } from '../../pipes/grpc-message.ts'
import type { PipeUser } from '../../pipes/pipe.ts'
import type { Lane, LaneOwner } from '../lane.ts'
import type { Work } from '../plan.ts'
import type { TurnFlush } from '../turn-flush.ts'

type H2Work = Extract<Work, { readonly kind: 'h2' }>

interface Deps {
  readonly owner: LaneOwner
  readonly flush: TurnFlush
}

/** HTTP/2 by prior knowledge: each pipe carries as many lanes as the work has streams, once the server has spoken. */
export const useH2 =
  (work: H2Work, { owner, flush }: Deps): PipeUser =>
  (pipe) => {
    let isOpen = false
    const lose = (why: string): void => {
      pipe.destroy()
      owner.onLost(why)
    }
    const write = (): void => {
      if (connection.outputBytes > 0) pipe.write(connection.take())
    }
    const connection: H2Connection = new H2Connection(
      {
        onOutput: () => flush.markInner(write),
        onStream: () => ignoreStream,
        onGoaway: (_last, code) => {
          if (code === NO_ERROR && owner.onRetired !== undefined) owner.onRetired()
          else lose(`the HTTP/2 connection was given up (${formatErrorCode(code)})`)
        },
        onSettings: () => {
          if (isOpen) return
          isOpen = true
          for (let i = 0; i < work.streams; i++) owner.onOpen(createLane(connection, work, owner))
        },
        onPong: () => {},
        onStreamClosed: () => {},
        onFailure: (_code, message) => lose(`HTTP/2 to the proxy failed: ${message}`),
      },
      { role: 'client' },
    )
    connection.start()
    return {
      onData: (buffer, start, end) => {
        if (!isOpen && buffer.toString('latin1', start, start + 7) === 'HTTP/1.') {
          return lose(`the proxy does not take HTTP/2: it answered ${firstLine(buffer, start, end)}`)
        }
        connection.forgive()
        connection.feed(buffer.subarray(start, end))
      },
      onDrain: () => {},
      onEnd: () =>
        lose(isOpen ? 'the HTTP/2 connection was ended' : 'the proxy does not take HTTP/2: it ended the tunnel'),
      onLost: (why) => owner.onLost(isOpen ? why : `the proxy does not take HTTP/2: ${why}`),
    }
  }

const firstLine = (buffer: Buffer, start: number, end: number): string =>
  buffer.toString('latin1', start, Math.min(end, start + 80)).split('\r\n', 1)[0] ?? ''

const createLane = (connection: H2Connection, { fields, messageBytes }: H2Work, owner: LaneOwner): Lane => {
  const message = messageBytes === undefined ? undefined : encodeMessage(messageBytes)
  let status = 0
  let bodyBytes = 0
  let grpcStatus: string | undefined
  let grpcMessage: string | undefined
  let stream: H2Stream
  const fail = (why: string, mayRepeat = false): void => {
    if (owner.onFailed === undefined) owner.onLost(why)
    else owner.onFailed(lane, why, mayRepeat)
  }
  // One for all requests of the lane, since it has one at a time.
  const handler: StreamHandler = {
    ...ignoreStream,
    onHeaders: (received) => {
      if (status === 0) status = Number(received[1])
      if (message === undefined) return
      grpcStatus ??= valueOf(received, 'grpc-status')
      if (grpcStatus !== '0') grpcMessage ??= valueOf(received, 'grpc-message')
    },
    onData: (_buffer, start, end) => {
      bodyBytes += end - start
      connection.consume(stream, end - start)
    },
    onEnd: () => {
      if (message === undefined || (grpcStatus === '0' && status === 200)) owner.onAnswer(lane, status, bodyBytes)
      else
        fail(
          `a call was answered ${status} with grpc-status ${grpcStatus ?? 'missing'}: ${grpcMessage ?? 'no message'}`,
        )
    },
    onReset: (code) => fail(`a request was reset with ${formatErrorCode(code)}`, code === REFUSED_STREAM),
  }
  const lane: Lane = {
    dueAt: 0,
    send: () => {
      status = bodyBytes = 0
      grpcStatus = grpcMessage = undefined
      stream = connection.open(fields, handler, message === undefined)
      if (message === undefined) return
      connection.data(stream, message, 0, message.length)
      connection.end(stream)
    },
  }
  return lane
}

const valueOf = (fields: readonly string[], name: string): string | undefined => {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
  return undefined
}
