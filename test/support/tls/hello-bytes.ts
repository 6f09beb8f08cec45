import { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'

/** What OpenSSL sends first with these options: one record with one ClientHello. */
export const realHello = async (options: ConnectionOptions): Promise<Buffer> => {
  const pieces: Buffer[] = []
  const below = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      pieces.push(chunk)
      done()
    },
  })
  const socket = connect({ ...options, socket: below, rejectUnauthorized: false })
  socket.on('error', () => {})
  while (pieces.length === 0) await new Promise((resolve) => setImmediate(resolve))
  socket.destroy()
  return Buffer.concat(pieces)
}

const be = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}

const vector = (lengthBytes: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([be(content.length, lengthBytes), content])
}

/** One extension of a ClientHello. */
export const extension = (type: number, content: Uint8Array): Buffer => Buffer.concat([be(type, 2), vector(2, content)])

/** The server_name extension; its type of name is host_name. */
export const serverName = (name: string): Buffer =>
  extension(0, vector(2, Buffer.from([0]), vector(2, Buffer.from(name, 'latin1'))))

/** A ClientHello message without records, written by hand; without `extensions` as TLS 1.2 may have it. */
export const helloMessage = (extensions?: readonly Buffer[]): Buffer => {
  const versionAndRandom = Buffer.alloc(34, 7)
  const body = [
    versionAndRandom,
    vector(1, Buffer.alloc(32)),
    vector(2, Buffer.from([0x13, 1])),
    vector(1, Buffer.alloc(1)),
  ]
  if (extensions !== undefined) body.push(vector(2, ...extensions))
  return Buffer.concat([Buffer.from([1]), vector(3, ...body)])
}

/** A handshake message in records of at most so many bytes. */
export const inRecords = (message: Buffer, recordBytes = 16_384): Buffer => {
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + recordBytes)))
  }
  return Buffer.concat(records)
}
