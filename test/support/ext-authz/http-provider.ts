import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A question as the provider saw it. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A provider on `node:http`. */
export interface HttpProvider {
  readonly port: number
  readonly seen: SeenRequest[]
  /** Questions whose asker went away. */
  aborted: number
  answer: (request: SeenRequest, response: ServerResponse) => void
  readonly close: () => void
}

export const startHttpProvider = async (
  answer: HttpProvider['answer'] = (_, response) => void response.end(),
): Promise<HttpProvider> => {
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    response.on('close', () => {
      if (!response.writableEnded) provider.aborted++
    })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const whole = { method, url, headers, body: Buffer.concat(pieces).toString() }
      seen.push(whole)
      provider.answer(whole, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  const provider: HttpProvider = { port, seen, aborted: 0, answer, close }
  return provider
}
