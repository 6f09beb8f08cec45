const PREFIX_BYTES = 5

/** A gRPC message of so many bytes, not compressed, behind its length (gRPC over HTTP/2, Length-Prefixed-Message). */
export const encodeMessage = (bytes: number): Buffer => {
  const message = Buffer.alloc(PREFIX_BYTES + bytes, 'x')
  message.writeUInt8(0, 0)
  message.writeUInt32BE(bytes, 1)
  return message
}

/** Length of a body that is one message of so many bytes. */
export const messageBodyBytes = (bytes: number): number => PREFIX_BYTES + bytes
