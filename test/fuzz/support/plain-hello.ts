/** The message in the handshake records that `bytes` begin with, as far as they go. */
export const handshakeBytes = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = []
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 3)
    if (bytes[at] !== 22 || bytes[at + 1] !== 3 || length === 0 || length > 16_384) break
    parts.push(bytes.subarray(at + 5, at + 5 + length))
    at += 5 + length
  }
  return Buffer.concat(parts)
}

/**
 * The server names of a whole ClientHello message, read the plain way with exceptions for whatever does not fit:
 * the other opinion that ours is compared with.
 */
export const namesOfHello = (message: Buffer): readonly string[] => {
  const length = message.readUIntBE(1, 3)
  if (message.length < 4 + length) throw new Error('not whole')
  let rest = message.subarray(4 + 34, 4 + length)
  const take = (bytes: number): Buffer => {
    if (bytes > rest.length) throw new Error('too short')
    const taken = rest.subarray(0, bytes)
    rest = rest.subarray(bytes)
    return taken
  }
  const number = (bytes: number): number => take(bytes).readUIntBE(0, bytes)
  take(number(1))
  take(number(2))
  take(number(1))
  if (rest.length === 0) return []
  if (number(2) !== rest.length) throw new Error('extensions of another length')
  const names: string[] = []
  while (rest.length > 0) {
    const type = number(2)
    const content = take(number(2))
    if (type !== 0) continue
    const name = content.subarray(5)
    if (content.readUInt16BE(0) !== content.length - 2 || content[2] !== 0) throw new Error('no list of one name')
    if (content.readUInt16BE(3) !== name.length) throw new Error('a name of another length')
    names.push(name.toString('latin1'))
  }
  return names
}
