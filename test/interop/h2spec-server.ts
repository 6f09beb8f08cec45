/**
 * A small HTTP/2 server on our codec for conformance tools: h2spec, nghttp, curl. It answers every request, once it is
 * complete, with 200 and a body. By hand: `node test/interop/h2spec-server.ts [--tls]` prints its port and stays.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import type { H2Connection } from '../../src/http/h2/connection.ts'
import type { H2Stream, StreamHandler } from '../../src/http/h2/stream.ts'
import { ignoreStream } from '../../src/http/h2/stream.ts'
import { createDevCa } from '../../src/identity/ca/dev-ca.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { formatSpiffeId } from '../../src/model/identity.ts'
import { attachH2 } from '../support/http/h2-socket.ts'

const BODY = Buffer.from('fairway answers with this body\n')

/** A running server. */
export interface ConformanceServer extends Disposable {
  readonly port: number
}

/** Starts the server on a free port of this machine. */
export const startConformanceServer = async (kind: 'tcp' | 'tls'): Promise<ConformanceServer> => {
  const sockets = new Set<Socket>()
  const onSocket = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const connection: H2Connection = attachH2(
      socket,
      { onStream: (stream, _fields, isEnd) => answer(connection, stream, isEnd) },
      { role: 'server' },
    )
  }
  const server =
    kind === 'tcp'
      ? createTcpServer(onSocket)
      : createTlsServer({ ...(await issueCertificate()), ALPNProtocols: ['h2'] }, onSocket)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: close }
}

const answer = (connection: H2Connection, stream: H2Stream, isEnd: boolean): StreamHandler => {
  const respond = (): void => {
    connection.headers(stream, [':status', '200', 'content-length', String(BODY.length)], false)
    connection.data(stream, BODY, 0, BODY.length)
    connection.end(stream)
  }
  if (isEnd) respond()
  return {
    ...ignoreStream,
    onData: (_buffer, start, end) => connection.consume(stream, end - start),
    onEnd: respond,
  }
}

const issueCertificate = async (): Promise<{ readonly cert: string; readonly key: string }> => {
  const dir = mkdtempSync(join(tmpdir(), 'fairway-h2spec-'))
  try {
    const ca = await createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
    const id = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'test', serviceAccount: 'h2spec' })
    const { certificateChainPem, privateKeyPem } = await ca.issue(id)
    return { cert: certificateChainPem, key: privateKeyPem }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { port } = await startConformanceServer(process.argv.includes('--tls') ? 'tls' : 'tcp')
  process.stdout.write(`${port}\n`)
}
