/** Messages that our HTTP/1.1 codec takes must mean the same to `node:http`, a parser with another origin. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { type TestContext, describe, test } from 'node:test'
import type { H1RequestHead, H1ResponseHead } from '../../src/http/h1/message.ts'
import { GOOD_REQUESTS, GOOD_RESPONSES } from '../support/http/h1-cases.ts'
import { type H1Event, recordRequests, recordResponses } from '../support/http/h1-events.ts'

/** A message as both sides can tell it. */
interface Message {
  readonly line: string
  readonly fields: readonly string[]
  body: string
  trailers: readonly string[]
}

/** `node:http` has other events for CONNECT, upgrades and informational responses. */
const NOT_COMPARED = ['CONNECT', 'an upgrade', 'a switch of protocols', 'a tunnel', 'no tunnel', '100 and 103 before']

describe('node:http reads the same request:', () => {
  for (const { name, text } of GOOD_REQUESTS.filter((good) => !NOT_COMPARED.includes(good.name))) {
    test(name, async (t) => {
      const ours = messagesOf(recordRequests(text))
      assert.deepEqual(await readByNodeServer(t, text, ours.length), ours)
    })
  }
})

describe('node:http reads the same response:', () => {
  const single = GOOD_RESPONSES.filter(
    ({ name, events }) => !NOT_COMPARED.includes(name) && !/ end .*end/s.test(events),
  )
  for (const { name, text, methods } of single) {
    test(name, async (t) => {
      const [ours] = messagesOf(recordResponses(text, methods === undefined ? {} : { methods }))
      assert.deepEqual(await readByNodeClient(t, text, methods?.[0] ?? 'GET'), ours)
    })
  }
})

function messagesOf(events: readonly H1Event[]): readonly Message[] {
  const messages: Message[] = []
  for (const event of events) {
    const last = messages.at(-1)
    if (event.kind === 'request') messages.push(startOf(`${event.head.method} ${event.head.target}`, event.head))
    else if (event.kind === 'response') messages.push(startOf(`${event.head.status} ${event.head.reason}`, event.head))
    else if (event.kind === 'body' && last !== undefined) last.body = event.text
    else if (event.kind === 'end' && last !== undefined) last.trailers = event.trailers ?? []
    else assert.fail(`unexpected ${event.kind}`)
  }
  return messages
}

function startOf(line: string, { headers }: H1RequestHead | H1ResponseHead): Message {
  return { line, fields: withNumericLength(headers.fields), body: '', trailers: [] }
}

/** We take zeros off the front of a length, Node does not. */
function withNumericLength(fields: readonly string[]): readonly string[] {
  return fields.map((field, i) => (fields[i - 1] === 'content-length' ? String(Number(field)) : field))
}

async function readMessage(message: http.IncomingMessage, line: string): Promise<Message> {
  const lower = (raw: readonly string[]): readonly string[] =>
    raw.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
  message.setEncoding('latin1')
  let body = ''
  for await (const piece of message) body += String(piece)
  return { line, fields: withNumericLength(lower(message.rawHeaders)), body, trailers: lower(message.rawTrailers) }
}

async function readByNodeServer(t: TestContext, text: string, count: number): Promise<readonly Message[]> {
  const messages: Message[] = []
  const { promise: allRead, resolve, reject } = Promise.withResolvers<void>()
  const answer = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    messages.push(await readMessage(request, `${request.method} ${request.url}`))
    response.end()
    if (messages.length === count) resolve()
  }
  const server = http.createServer((request, response) => void answer(request, response).catch(reject))
  server.on('clientError', reject)
  const port = await listen(t, server)
  const socket = net.connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', reject)
  socket.resume()
  socket.write(text, 'latin1')
  await allRead
  return messages
}

async function readByNodeClient(t: TestContext, text: string, method: string): Promise<Message> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(text, 'latin1'))
  })
  const port = await listen(t, server)
  const request = http.request({ port, host: '127.0.0.1', method, agent: false })
  request.end()
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  return readMessage(response, `${response.statusCode} ${response.statusMessage}`)
}

async function listen(t: TestContext, server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  // Listening on TCP: the address is never a path.
  return (server.address() as AddressInfo).port
}
