import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { findField } from '../../../src/http/h2/fields.ts'
import { attachH2 } from '../http/h2-socket.ts'

/** A backend that speaks HTTP/2 in plaintext and answers every request. */
export interface H2Backend {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Starts one; `onRequest` gets the head of each that is whole, as HTTP/1.1 would write it, field by field as it came. */
export const startH2Backend = async (address: string, onRequest: (head: string) => void): Promise<H2Backend> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const connection = attachH2(
      socket,
      {
        onStream: (stream, fields, isEnd) => {
          const answer = (): void => {
            onRequest(formatHead(fields))
            connection.headers(stream, [':status', '200'], false)
            connection.text(stream, 'ok')
            connection.end(stream)
          }
          if (isEnd) answer()
          return {
            onHeaders: () => {},
            onData: (_buffer, start, end) => connection.consume(stream, end - start),
            onEnd: answer,
            onReset: () => {},
            onDrain: () => {},
          }
        },
      },
      { role: 'server' },
    )
  })
  server.listen(0, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const formatHead = (fields: readonly string[]): string => {
  const lines = [`${findField(fields, ':method')} ${findField(fields, ':path')} HTTP/2`]
  const host = findField(fields, ':authority')
  if (host !== undefined) lines.push(`host: ${host}`)
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]?.startsWith(':') === false) lines.push(`${fields[i]}: ${fields[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
