import { H2Connection } from '../../../../src/http/h2/connection.ts'
import { ignoreStream } from '../../../../src/http/h2/stream.ts'
import type { H2Stream, StreamHandler } from '../../../../src/http/h2/stream.ts'
import type { TurnFlush } from '../../load/turn-flush.ts'
import { encodeMessage } from '../../pipes/grpc-message.ts'
import type { Pipe, PipeHandler, PipeUser } from '../../pipes/pipe.ts'
import { ADDED_HEADER } from '../responder.ts'
import type { Tally } from '../tally.ts'
import { serveHttp } from './http.ts'

/** The first byte of the HTTP/2 preface; no method of the bench begins with it. */
const PREFACE_START = 'P'.charCodeAt(0)
const MAX_STREAMS = 1000

/** HTTP/2 by prior knowledge, gRPC calls too; HTTP/1.1 for proxies that speak that to destinations. */
export const serveH2 = (bodyBytes: number, tally: Tally, flush: TurnFlush): PipeUser => {
  const useHttp = serveHttp(bodyBytes, tally)
  const answers = createAnswers(bodyBytes)
  return (pipe) => {
    let chosen: PipeHandler | undefined
    return {
      onData: (buffer, start, end) => {
        chosen ??= buffer[start] === PREFACE_START ? openH2(pipe, answers, tally, flush) : useHttp(pipe)
        chosen.onData(buffer, start, end)
      },
      onDrain: () => chosen?.onDrain(),
      onEnd: () => (chosen?.onEnd ?? pipe.end)(),
      onLost: (why) => chosen?.onLost(why),
    }
  }
}

interface Answers {
  readonly body: Buffer
  readonly head: readonly string[]
  readonly message: Buffer
}

const createAnswers = (bodyBytes: number): Answers => ({
  body: Buffer.alloc(bodyBytes, 'x'),
  head: [':status', '200', 'content-type', 'text/plain', 'content-length', String(bodyBytes)],
  message: encodeMessage(bodyBytes),
})

const grpcHead: readonly string[] = [':status', '200', 'content-type', 'application/grpc']
const grpcTrailers: readonly string[] = ['grpc-status', '0']

const openH2 = (pipe: Pipe, answers: Answers, tally: Tally, flush: TurnFlush): PipeHandler => {
  const write = (): void => {
    if (connection.outputBytes > 0) pipe.write(connection.take())
  }
  const connection: H2Connection = new H2Connection(
    {
      onOutput: () => flush.markInner(write),
      onStream: (stream, fields, isEnd) => {
        if (!fields.includes(ADDED_HEADER)) tally.onMissingHeader()
        const isGrpc = fields.includes('application/grpc')
        const reply = (): void => {
          tally.onRequests(1)
          if (isGrpc) answerCall(connection, stream, answers)
          else answerRequest(connection, stream, answers)
        }
        if (!isEnd) return replyAtEnd(connection, stream, reply)
        reply()
        return ignoreStream
      },
      onGoaway: () => {},
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: () => pipe.end(),
    },
    { role: 'server', settings: { maxConcurrentStreams: MAX_STREAMS } },
  )
  connection.start()
  return {
    onData: (buffer, start, end) => {
      connection.forgive()
      connection.feed(buffer.subarray(start, end))
    },
    onDrain: () => {},
    onEnd: () => pipe.end(),
    onLost: () => connection.abort(0),
  }
}

/** A call is answered when its message is there whole, as a server does that decodes it. */
const replyAtEnd = (connection: H2Connection, stream: H2Stream, reply: () => void): StreamHandler => ({
  ...ignoreStream,
  onData: (_buffer, start, end) => connection.consume(stream, end - start),
  onEnd: reply,
})

const answerCall = (connection: H2Connection, stream: H2Stream, { message }: Answers): void => {
  connection.headers(stream, grpcHead, false)
  connection.data(stream, message, 0, message.length)
  connection.headers(stream, grpcTrailers, true)
}

const answerRequest = (connection: H2Connection, stream: H2Stream, { head, body }: Answers): void => {
  connection.headers(stream, head, false)
  connection.data(stream, body, 0, body.length)
  connection.end(stream)
}
