/** Messages as our codec reads them, in the terms of `h1-node-reader.ts`. */
import type { H1RequestHead, H1ResponseHead } from '../../src/http/h1/message.ts'
import { H1RequestParser, H1ResponseParser } from '../../src/http/h1/parser.ts'
import { switchesProtocol } from '../../src/http/h1/response-head.ts'
import type { HeaderList } from '../../src/http/header-list.ts'
import type { ReadMessage, Reading } from './h1-node-reader.ts'

/** As an owner would read a connection: on after each message, unless that was the last, or protocols change. */
export function readRequests(text: string): Reading {
  const notes = createNotes()
  const parser = new H1RequestParser({
    ...notes.handler,
    onRequest: (head) => {
      notes.begin(`${head.method} ${head.target}`, head)
      notes.isSwitching = head.method === 'CONNECT' || head.upgrade !== undefined
      notes.isLast = notes.isSwitching || !head.keepAlive
    },
  })
  return notes.finish(parser, Buffer.from(text, 'latin1'))
}

/** The first final response, and the informational ones before it. */
export function readResponse(text: string, method: string): Reading {
  const notes = createNotes()
  const parser = new H1ResponseParser({
    ...notes.handler,
    onInformational: ({ status }) => notes.informational.push(status),
    onResponse: (head) => {
      notes.begin(`${head.status} ${head.reason}`, head)
      notes.isSwitching = switchesProtocol(method, head.status)
      notes.isLast = true
    },
  })
  parser.expect(method)
  return notes.finish(parser, Buffer.from(text, 'latin1'))
}

function createNotes() {
  const messages: ReadMessage[] = []
  let open: ReadMessage | undefined
  const notes = {
    informational: [] as number[],
    isSwitching: false,
    isLast: false,
    isRefused: false,
    begin: (line: string, { headers }: H1RequestHead | H1ResponseHead) => {
      open = { line, fields: headers.fields, body: '', trailers: [] }
    },
    handler: {
      onBody: (buffer: Buffer, start: number, end: number) => {
        if (open !== undefined) open.body += buffer.toString('latin1', start, end)
      },
      onEnd: (trailers: HeaderList | undefined) => {
        if (open === undefined) return
        open.trailers = trailers?.fields ?? []
        messages.push(open)
        open = undefined
      },
      onFailure: () => {
        notes.isRefused = true
      },
    },
    finish: (parser: H1RequestParser | H1ResponseParser, bytes: Buffer): Reading => {
      let at = 0
      const isOver = (): boolean => notes.isLast && open === undefined
      while (at < bytes.length && !isOver()) at = parser.feed(bytes, at, bytes.length)
      if (!isOver()) parser.finish()
      const handedOver = notes.isSwitching && !notes.isRefused ? bytes.toString('latin1', at) : undefined
      const { informational, isRefused } = notes
      return { messages, informational, isRefused, handedOver }
    },
  }
  return notes
}
