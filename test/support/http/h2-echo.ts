import { createH2Pair } from './h2-pair.ts'
import type { H2Pair } from './h2-pair.ts'
import { recordConnection, recordStream } from './h2-recorder.ts'
import type { ConnectionRecord } from './h2-recorder.ts'

/** A tunnel's request. */
export const connect = [':method', 'CONNECT', ':authority', '10.0.0.1:8080'] as const
const ok = [':status', '200'] as const
/** Bytes that differ from their neighbours. */
export const body = (bytes: number): Buffer => Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 7) & 0xff))

/** A pair whose server accepts every tunnel and sends back what comes, credit and end included. */
export const createEcho = (
  options: Parameters<typeof createH2Pair>[1] = {},
): { readonly pair: H2Pair; readonly server: ConnectionRecord; readonly client: ConnectionRecord } => {
  const client = recordConnection()
  const server = recordConnection((stream) => {
    pair.server.headers(stream, ok, false)
    let owed = 0
    return {
      onData: (buffer, start, end) => {
        if (pair.server.data(stream, buffer, start, end)) pair.server.consume(stream, end - start)
        else owed += end - start
      },
      onDrain: () => {
        pair.server.consume(stream, owed)
        owed = 0
      },
      onEnd: () => pair.server.end(stream),
    }
  })
  const pair = createH2Pair({ client: client.handler, server: server.handler }, options)
  return { pair, server, client }
}

/** Sends `bytes` through an echo server in pieces, waiting for drain as an owner does; what came back. */
export const echo = (pair: H2Pair, bytes: Buffer, pieceBytes: number): ReturnType<typeof recordStream> => {
  let at = 0
  const send = (): void => {
    while (at < bytes.length) {
      const end = Math.min(at + pieceBytes, bytes.length)
      const isSent = pair.client.data(stream, bytes, at, end)
      at = end
      if (!isSent) return
    }
    pair.client.end(stream)
  }
  const record = recordStream({
    onData: (_buffer, start, end) => pair.client.consume(stream, end - start),
    onDrain: () => {
      if (!stream.isLocalClosed && !stream.isEndQueued) send()
    },
  })
  const stream = pair.client.open(connect, record.handler, false)
  send()
  return record
}
