import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { H2Connection } from '../../../src/http/h2/connection.ts'
import { CANCEL, INTERNAL_ERROR } from '../../../src/http/h2/constants.ts'
import { findField } from '../../../src/http/h2/fields.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { serverTlsOptions } from '../../../src/identity/tls.ts'
import { attachH2 } from '../http/h2-socket.ts'

/** A pod as ztunnel makes it: each tunnel is a TCP connection to the CONNECT's authority, whatever it carries. */
export class RelayPod implements Disposable {
  readonly address: string
  port = 0
  /** Authorities of all CONNECTs. */
  readonly authorities: string[] = []
  readonly #server
  readonly #sockets = new Set<TLSSocket | Socket>()

  constructor(credentials: Credentials, address: string) {
    this.address = address
    this.#server = createServer(serverTlsOptions(credentials), (socket) => {
      this.#keep(socket)
      const connection = attachH2(
        socket,
        { onStream: (stream, fields) => this.#onStream(connection, stream, findField(fields, ':authority') ?? '') },
        { role: 'server' },
      )
    })
  }

  async listen(port: number): Promise<this> {
    this.#server.listen(port, this.address)
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  [Symbol.dispose](): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #keep(socket: TLSSocket | Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #onStream(connection: H2Connection, stream: H2Stream, authority: string): StreamHandler {
    this.authorities.push(authority)
    const [host = '', port = ''] = authority.split(':')
    const app = connect({ host, port: Number(port), allowHalfOpen: true })
    this.#keep(app)
    let isOver = false
    connection.headers(stream, [':status', '200'], false)
    app.on('data', (chunk: Buffer) => {
      if (!isOver && !connection.data(stream, chunk, 0, chunk.length)) app.pause()
    })
    app.on('end', () => isOver || connection.end(stream))
    app.on('error', () => isOver || connection.reset(stream, INTERNAL_ERROR))
    return {
      onHeaders: () => {},
      onData: (buffer, start, end) => {
        const bytes = end - start
        app.write(Buffer.from(buffer.subarray(start, end)), () => isOver || connection.consume(stream, bytes))
      },
      onEnd: () => app.end(),
      onDrain: () => app.resume(),
      onReset: (code) => {
        isOver = true
        if (code === CANCEL) app.destroy()
        else app.resetAndDestroy()
      },
    }
  }
}
