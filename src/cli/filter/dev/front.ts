import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeaderList } from '../../../http/header-list.ts'
import type { Clock } from '../../../lib/clock.ts'
import { errorCode } from '../../../lib/errors/error-code.ts'
import { exitCodes } from '../../exit-codes.ts'
import { exchange } from '../../hbone-client/exchange.ts'
import type { TunnelPool } from '../../hbone-client/tunnel-pool.ts'
import { CliError } from '../../verb.ts'
import type { Message } from './decision.ts'
import { ID_HEADER, pairsOf } from './echo.ts'

/** A local HTTP server whose requests go through the waypoint. */
export interface Front {
  readonly port: number
  readonly close: () => void
}

export interface FrontOptions {
  readonly port: number
  readonly clock: Clock
  readonly tunnels: TunnelPool
  /** Goes with requests that have no authorization of their own. */
  readonly bearer: string | undefined
  readonly onSent: (id: string, message: Message) => void
  readonly onReceived: (id: string, status: number, message: Message) => void
  /** There is no whole answer. */
  readonly onFailed: (id: string, why: string) => void
}

/** Of whole requests, and for each of them. */
const TIMEOUT_MS = 24 * 3_600_000
/** They are kept in memory until they are complete. */
const MAX_BODY = 64 * 1024 * 1024

/** Starts it on the loopback; throws `CliError` when the port cannot be had. */
export const startFront = async (options: FrontOptions): Promise<Front> => {
  const server = createServer((request, response) => void serve(request, response, options))
  server.listen(options.port, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject)).catch((error) => {
    throw new CliError(exitCodes.failure, `port ${options.port} cannot be listened on: ${errorCode(error) ?? error}`, {
      next: 'choose another one: --port 0 picks a free one',
      cause: error,
    })
  })
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const serve = async (request: IncomingMessage, response: ServerResponse, options: FrontOptions): Promise<void> => {
  try {
    const body = await readBody(request)
    if (body === undefined) return void response.writeHead(413).end('more than 64 MiB\n')
    const failure = await forward({ request, response, body }, options)
    if (failure === undefined) response.end()
    else if (response.headersSent) response.destroy()
    else response.writeHead(502, { 'content-type': 'text/plain' }).end(`${failure}\n`)
  } catch {
    // The client went away, whose business it is.
    response.destroy()
  }
}

const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const pieces: Buffer[] = []
  let length = 0
  const chunks: AsyncIterable<Buffer> = request
  for await (const piece of chunks) {
    length += piece.length
    if (length > MAX_BODY) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: Buffer
}

/** Carries one request; the result says why there is no whole answer. */
const forward = async ({ request, response, body }: Call, options: FrontOptions): Promise<string | undefined> => {
  const { clock, tunnels, bearer, onSent, onReceived, onFailed } = options
  const headers = headersOf(request)
  const id = headers.get('x-request-id') ?? randomUUID()
  headers.set('x-request-id', id)
  const method = request.method ?? 'GET'
  const target = request.url ?? '/'
  const host = request.headers.host ?? 'api'
  onSent(id, { method, target, headers: [...headers, ['host', host]], body })
  headers.set(ID_HEADER, id)
  if (bearer !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${bearer}`)
  const fail = (why: string): string => {
    onFailed(id, why)
    return why
  }
  const session = await tunnels.acquire()
  if ('message' in session) return fail(session.message)
  const received: Buffer[] = []
  const outcome = await exchange(
    session,
    { method, target, host, headers, ...(body.length > 0 ? { body } : {}) },
    {
      clock,
      timeoutMs: TIMEOUT_MS,
      onHead: (head) => response.writeHead(head.status, [...head.headers].filter(isLasting).flat()),
      onBody: (piece) => {
        const copy = Buffer.from(piece)
        received.push(copy)
        return response.write(copy) ? undefined : new Promise((resolve) => response.once('drain', resolve))
      },
    },
  )
  if (!outcome.ok) return fail(outcome.failure.message)
  tunnels.release(session)
  const { status } = outcome.head
  onReceived(id, status, { method: '', target: '', headers: [...outcome.head.headers], body: Buffer.concat(received) })
  return undefined
}

/** Of a connection, not of a message. */
const hop: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'host', 'content-length'],
  'expect',
])

const headersOf = ({ rawHeaders }: IncomingMessage): HeaderList => {
  const headers = new HeaderList()
  for (const [name, value] of pairsOf(rawHeaders)) if (!hop.has(name)) headers.add(name, value)
  return headers
}

const isLasting = ([name]: readonly [string, string]): boolean =>
  name !== 'connection' && name !== 'keep-alive' && name !== 'transfer-encoding'
