import { H1RequestParser, H1ResponseParser } from '../../../../src/http/h1/parser.ts'
import { encodeRequestHead } from '../../../../src/http/h1/encode.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import type { ConnectionHandler } from '../../../../src/http/h2/connection.ts'
import { ignoreStream } from '../../../../src/http/h2/stream.ts'
import type { H2Stream, StreamHandler } from '../../../../src/http/h2/stream.ts'
import { HpackDecoder } from '../../../../src/http/hpack/decoder.ts'
import { HpackEncoder } from '../../../../src/http/hpack/encoder.ts'
import { createH2Pair } from '../../../support/http/h2-pair.ts'
import type { Operation } from './operation.ts'

const STREAMS = 64
const FRAME_BYTES = 100

const fields = [
  ...['user-agent', 'curl/8.14.1', 'accept', '*/*', 'x-request-id', '2f1b6a3e-8f0e-4f0e-9a51-100000000000'],
  ...['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'cookie', 'session=abcdef0123456789'],
]

const h1Fields = Array.from({ length: fields.length / 2 }, (_, i) => `${fields[2 * i]}: ${fields[2 * i + 1]}\r\n`)

/** The codecs: HTTP/1.1 heads, header blocks, DATA frames. */
export const codecOperations = (): readonly Operation[] => [
  readH1Request(),
  readH1Response(),
  { name: 'h1 request head write (6 fields)', run: writeH1Request },
  codeHeaderBlock(),
  echoDataFrame(),
]

const ignoreBody = { onBody: () => {}, onEnd: () => {} }

const failOn = (failure: { readonly message: string }): void => {
  throw new Error(failure.message)
}

const readH1Request = (): Operation => {
  const parser = new H1RequestParser({ ...ignoreBody, onRequest: () => {}, onFailure: failOn })
  const head = Buffer.from(`GET /api/v1/items?page=3 HTTP/1.1\r\nhost: api.shop\r\n${h1Fields.join('')}\r\n`, 'latin1')
  return {
    name: 'h1 request head read (6 fields)',
    run: (times) => {
      for (let i = 0; i < times; i++) parser.feed(head, 0, head.length)
    },
  }
}

const readH1Response = (): Operation => {
  const handler = { ...ignoreBody, onInformational: () => {}, onResponse: () => {}, onFailure: failOn }
  const parser = new H1ResponseParser(handler)
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1024\r\n\r\n`
  const answer = Buffer.from(head + 'x'.repeat(1024), 'latin1')
  return {
    name: 'h1 response read (2 fields, 1 KB)',
    run: (times) => {
      for (let i = 0; i < times; i++) {
        parser.expect('GET')
        parser.feed(answer, 0, answer.length)
      }
    },
  }
}

const writeH1Request = (times: number): void => {
  const headers = new HeaderList(fields)
  const line = { method: 'GET', target: '/api/v1/items?page=3', host: 'api.shop' }
  for (let i = 0; i < times; i++) {
    if (typeof encodeRequestHead(line, headers, { bodyLength: 0 }) !== 'string') throw new Error('not writable')
  }
}

const codeHeaderBlock = (): Operation => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder({ maxListBytes: 65_536 })
  const block = Buffer.alloc(4096)
  const request = [
    ':method',
    'GET',
    ':scheme',
    'http',
    ':path',
    '/api/v1/items?page=3',
    ':authority',
    'api.shop',
    ...fields,
  ]
  return {
    name: 'hpack write and read (9 fields)',
    run: (times) => {
      for (let i = 0; i < times; i++) decoder.decode(block, 0, encoder.encode(request, block, 0))
    },
  }
}

const quiet: ConnectionHandler = {
  onOutput: () => {},
  onStream: () => ignoreStream,
  onGoaway: () => {},
  onSettings: () => {},
  onPong: () => {},
  onStreamClosed: () => {},
  onFailure: (_code, message) => {
    throw new Error(message)
  },
}

/** There and back through two connections in memory, 64 streams at once: writing and reading of two frames. */
const echoDataFrame = (): Operation => {
  const body = Buffer.alloc(FRAME_BYTES, 'x')
  const echo = (stream: H2Stream): StreamHandler => {
    pair.server.headers(stream, [':status', '200'], false)
    return {
      ...ignoreStream,
      onData: (buffer, start, end) => {
        pair.server.data(stream, buffer, start, end)
        pair.server.consume(stream, end - start)
      },
    }
  }
  const pair = createH2Pair({ client: quiet, server: { ...quiet, onStream: echo } })
  const open = (index: number): H2Stream => {
    const connect = [':method', 'CONNECT', ':authority', `10.0.0.${index}:80`]
    const onData = (_buffer: Buffer, start: number, end: number): void => pair.client.consume(stream, end - start)
    const stream: H2Stream = pair.client.open(connect, { ...ignoreStream, onData }, false)
    return stream
  }
  const streams = Array.from({ length: STREAMS }, (_, i) => open(i))
  pair.settle()
  return {
    name: 'h2 DATA frame there and back (100 bytes)',
    run: (times) => {
      for (let done = 0; done < times; done += STREAMS) {
        for (const stream of streams) pair.client.data(stream, body, 0, FRAME_BYTES)
        pair.settle()
        pair.client.forgive()
        pair.server.forgive()
      }
    },
  }
}
