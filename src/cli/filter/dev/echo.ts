import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HostPort } from '../../host-port.ts'
import type { Message } from './decision.ts'

/** By this header the echo knows of which request it is; filters see it too. */
export const ID_HEADER = 'x-fairway-dev'

/** A backend that answers with what it got. */
export interface Echo {
  readonly address: HostPort
  readonly close: () => void
}

/** What the echo got for a request, and what it answered. */
export interface Echoed {
  readonly request: Message
  readonly response: Message
}

/** Starts it on a free port of the loopback. */
export const startEcho = async (onEchoed: (id: string, echoed: Echoed) => void): Promise<Echo> => {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces)
      const { [ID_HEADER]: id, ...headers } = request.headers
      const seen = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: pairsOf(request.rawHeaders),
        body,
      }
      const text = { method: seen.method, path: seen.target, headers, body: body.toString() }
      const answer = Buffer.from(`${JSON.stringify(text, null, 2)}\n`)
      const answered = [
        ['content-type', 'application/json'] as const,
        ['content-length', String(answer.length)] as const,
      ]
      if (typeof id === 'string') {
        onEchoed(id, { request: seen, response: { method: '', target: '', headers: answered, body: answer } })
      }
      response.writeHead(200, answered.flat()).end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo
  return {
    address: { host: '127.0.0.1', port },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Names in lower case. */
export const pairsOf = (raw: readonly string[]): readonly (readonly [name: string, value: string])[] =>
  raw.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1] ?? ''] as const] : []))
