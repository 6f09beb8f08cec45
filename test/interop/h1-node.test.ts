/**
 * The corpus of HTTP/1.1, read by our codec and by `node:http`, a parser of another origin: they must agree on what is
 * refused, and to the letter on what is read. Where they do not, the case says why, and says it only as long as it holds.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { H1RequestHead, H1ResponseHead } from '../../src/http/h1/message.ts'
import { H1RequestParser, H1ResponseParser } from '../../src/http/h1/parser.ts'
import { switchesProtocol } from '../../src/http/h1/response-head.ts'
import type { HeaderList } from '../../src/http/header-list.ts'
import { BAD_REQUESTS, BAD_RESPONSES, GOOD_REQUESTS, GOOD_RESPONSES } from '../support/http/h1-cases.ts'
import type { BadCase, GoodCase } from '../support/http/h1-corpus/case.ts'
import { NodeServer, type ReadMessage, type Reading, readWithNodeClient } from './h1-node-reader.ts'

const REQUESTS = [...GOOD_REQUESTS, ...BAD_REQUESTS]
const RESPONSES = [...GOOD_RESPONSES, ...BAD_RESPONSES]
const AT_ONCE = 32

test('the corpus has at least 300 messages, each by a name of its own', () => {
  assert.ok(REQUESTS.length >= 300, `${REQUESTS.length}`)
  assert.equal(new Set(REQUESTS.map(({ name }) => name)).size, REQUESTS.length)
  assert.equal(new Set(RESPONSES.map(({ name }) => name)).size, RESPONSES.length)
})

describe('node:http reads the request as we do, or the case says why not:', () => {
  const server = new NodeServer()
  let readings: readonly Reading[] = []
  before(async () => {
    await server.listen()
    readings = await inTurns(REQUESTS, ({ text }) => server.read(text))
  })
  after(() => server.close())
  for (const [i, one] of REQUESTS.entries()) test(one.name, () => compare(one, readRequests(one.text), readings[i]))
})

describe('node:http reads the response as we do, or the case says why not:', () => {
  let readings: readonly Reading[] = []
  before(async () => {
    readings = await inTurns(RESPONSES, ({ text, methods }) => readWithNodeClient(text, methods?.[0] ?? 'GET'))
  })
  for (const [i, one] of RESPONSES.entries())
    test(one.name, () => compare(one, readResponse(one.text, one.methods?.[0] ?? 'GET'), readings[i]))
})

function compare({ differs }: GoodCase | BadCase, ours: Reading, theirs: Reading | undefined): void {
  if (differs === undefined) return assert.deepEqual(theirs, ours)
  assert.notDeepEqual(theirs, ours, `it does not differ any more: ${differs}`)
}

async function inTurns<Input, Output>(
  inputs: readonly Input[],
  run: (input: Input) => Promise<Output>,
): Promise<readonly Output[]> {
  const outputs: Output[] = []
  for (let i = 0; i < inputs.length; i += AT_ONCE)
    outputs.push(...(await Promise.all(inputs.slice(i, i + AT_ONCE).map(run))))
  return outputs
}

/** As an owner would read a connection: on after each message, unless that was the last, or protocols change. */
function readRequests(text: string): Reading {
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

function readResponse(text: string, method: string): Reading {
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
