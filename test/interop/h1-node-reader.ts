/** Messages as `node:http` reads them, over real sockets: raw bytes go in, and what came of them is told. */
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** A message as both sides can tell it; names in lower case. */
export interface ReadMessage {
  /** `GET /` or `200 OK`. */
  readonly line: string
  readonly fields: readonly string[]
  body: string
  trailers: readonly string[]
}

/** What became of the bytes of one connection. */
export interface Reading {
  /** Those that came whole. */
  readonly messages: readonly ReadMessage[]
  /** Statuses of informational responses. */
  readonly informational: readonly number[]
  /** Whether anything was refused, or broke off in the middle. */
  readonly isRefused: boolean
  /** What was left to another protocol, after CONNECT or an upgrade. */
  readonly handedOver: string | undefined
}

/** Beyond what any case has; its own limit is 16 KiB, ours 64. */
const MAX_HEADER_BYTES = 65_536

/** A reading that is being made; messages have their places from their first line on. */
interface Draft {
  readonly messages: ReadMessage[]
  readonly whole: Set<ReadMessage>
  readonly informational: number[]
  isRefused: boolean
  handedOver: string | undefined
}

/** A server of `node:http` that answers everything 200 and remembers what it read on each connection. */
export class NodeServer {
  readonly #server: http.Server
  readonly #drafts = new Map<number, Draft>()

  constructor() {
    this.#server = http.createServer({ maxHeaderSize: MAX_HEADER_BYTES })
    this.#server.maxHeadersCount = 0
    this.#server.on('connection', (socket) => this.#drafts.set(socket.remotePort ?? 0, emptyDraft()))
    const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      this.#read(request)
      request.on('end', () => response.end())
    }
    this.#server.on('request', onRequest)
    this.#server.on('checkExpectation', onRequest)
    this.#server.on('connect', (request, socket, head) => this.#handOver(request, socket, head))
    this.#server.on('upgrade', (request, socket, head) => this.#handOver(request, socket, head))
    this.#server.on('clientError', (_, socket) => {
      const draft = this.#draftOf(socket)
      if (draft !== undefined) draft.isRefused = true
      socket.destroy()
    })
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Sends `text` on a connection of its own, ends it, and tells what was read. */
  async read(text: string): Promise<Reading> {
    const socket = net.connect(portOf(this.#server), '127.0.0.1')
    await once(socket, 'connect')
    const port = socket.localPort ?? 0
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      answer += piece
    })
    socket.on('error', () => {})
    socket.end(text, 'latin1')
    await once(socket, 'close')
    const draft = this.#drafts.get(port) ?? emptyDraft()
    this.#drafts.delete(port)
    // A request without Host is answered 400 before anybody hears of it.
    if (/^HTTP\/1\.1 4/m.test(answer)) draft.isRefused = true
    return finished(draft)
  }

  #draftOf(socket: Duplex): Draft | undefined {
    return this.#drafts.get((socket as net.Socket).remotePort ?? 0)
  }

  #read(request: http.IncomingMessage): void {
    const draft = this.#draftOf(request.socket)
    if (draft !== undefined) readInto(draft, request, `${request.method} ${request.url}`)
  }

  #handOver(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const draft = this.#draftOf(socket)
    if (draft === undefined) return
    const line = `${request.method} ${request.url}`
    if (request.method === 'CONNECT') takeWhole(draft, messageOf(request, line))
    else readInto(draft, request, line)
    takeOver(draft, socket, head)
  }
}

/** Reads one response with the client of `node:http`. */
export async function readWithNodeClient(text: string, method: string): Promise<Reading> {
  const draft = emptyDraft()
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(text, 'latin1'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const options = { port: portOf(server), host: '127.0.0.1', method, agent: false, maxHeaderSize: MAX_HEADER_BYTES }
  const request = http.request(method === 'CONNECT' ? { ...options, path: 'a:80' } : options)
  const { promise: isOver, resolve } = Promise.withResolvers<void>()
  request.on('information', ({ statusCode }) => draft.informational.push(statusCode))
  request.on('response', (response) => {
    readInto(draft, response, `${response.statusCode} ${response.statusMessage}`)
    response.on('close', resolve)
  })
  const switched = (response: http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    takeWhole(draft, messageOf(response, `${response.statusCode} ${response.statusMessage}`))
    takeOver(draft, socket, head)
    socket.on('close', resolve)
  }
  request.on('connect', switched)
  request.on('upgrade', switched)
  request.on('error', () => {
    draft.isRefused = true
    resolve()
  })
  request.end()
  await isOver
  request.destroy()
  server.close()
  return finished(draft)
}

function emptyDraft(): Draft {
  return { messages: [], whole: new Set(), informational: [], isRefused: false, handedOver: undefined }
}

function finished({ messages, whole, informational, isRefused, handedOver }: Draft): Reading {
  const hasBroken = whole.size < messages.length
  const wholeOnes = messages.filter((message) => whole.has(message))
  return { messages: wholeOnes, informational, isRefused: isRefused || hasBroken, handedOver }
}

function takeWhole(draft: Draft, message: ReadMessage): void {
  draft.messages.push(message)
  draft.whole.add(message)
}

function readInto(draft: Draft, incoming: http.IncomingMessage, line: string): void {
  const message = messageOf(incoming, line)
  draft.messages.push(message)
  incoming.setEncoding('latin1')
  incoming.on('data', (piece: string) => {
    message.body += piece
  })
  incoming.on('error', () => {})
  incoming.on('end', () => {
    if (!incoming.complete) return
    message.trailers = inLowerCase(incoming.rawTrailers)
    draft.whole.add(message)
  })
}

function takeOver(draft: Draft, socket: Duplex, head: Buffer): void {
  draft.handedOver = head.toString('latin1')
  socket.on('error', () => {})
  socket.on('data', (piece: Buffer) => {
    draft.handedOver += piece.toString('latin1')
  })
  socket.on('end', () => socket.end())
}

function messageOf({ rawHeaders }: http.IncomingMessage, line: string): ReadMessage {
  return { line, fields: inLowerCase(rawHeaders), body: '', trailers: [] }
}

function inLowerCase(raw: readonly string[]): readonly string[] {
  return raw.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
}

function portOf(server: net.Server): number {
  // Listening on TCP: the address is never a path.
  return (server.address() as AddressInfo).port
}
