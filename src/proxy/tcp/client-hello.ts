/** What a TLS client says first, as far as routing looks at it. */
export type ClientHello =
  /** `sni` in lower case; `undefined` when the client names no server. */
  | { readonly kind: 'hello'; readonly sni: string | undefined }
  /** It is not TLS at all. */
  | { readonly kind: 'none' }
  /** It is TLS, and what came is no ClientHello, for people. */
  | { readonly kind: 'invalid'; readonly message: string }

/** Real ones have 200 to 2,000 bytes, and some more with the keys of post-quantum groups. */
export const MAX_HELLO_BYTES = 64 * 1024
/** With the records around it: no client sends it in pieces of a few bytes. */
const MAX_RECORDS_BYTES = 2 * MAX_HELLO_BYTES

const RECORD_HEAD_BYTES = 5
const MAX_RECORD_BYTES = 16 * 1024
const HANDSHAKE = 22
const MESSAGE_HEAD_BYTES = 4
const CLIENT_HELLO = 1
const VERSION_AND_RANDOM_BYTES = 34
const SERVER_NAME = 0
const HOST_NAME = 0
/** Letters, digits, hyphens, and the underscore that names in a cluster may have (RFC 6066 section 3, RFC 1123). */
const SERVER_NAME_FORM = /^(?=.{1,255}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/

/**
 * Reads the ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) at the beginning of a TLS connection, however
 * it is cut into reads and records. With Encrypted ClientHello it is the outer one, whose name is the public one. The
 * bytes are only looked at: nothing is decrypted, and whoever is to answer gets them as they came.
 */
export class ClientHelloReader {
  readonly #head = Buffer.alloc(RECORD_HEAD_BYTES)
  #headBytes = 0
  /** What the record under way still has to bring. */
  #recordLeft = 0
  #message = Buffer.alloc(0)
  #messageBytes = 0
  #seen = 0

  /** To be given all that comes, in order; `undefined` until the whole of it is there. What it found it says once. */
  feed(buffer: Buffer, start: number, end: number): ClientHello | undefined {
    this.#seen += end - start
    for (let at = start; at < end;) {
      if (this.#recordLeft === 0) {
        this.#head[this.#headBytes++] = buffer[at++] ?? 0
        if (this.#headBytes < RECORD_HEAD_BYTES) continue
        this.#headBytes = 0
        const fault = this.#beginRecord()
        if (fault !== undefined) return fault
        continue
      }
      const bytes = Math.min(end - at, this.#recordLeft)
      this.#append(buffer, at, at + bytes)
      this.#recordLeft -= bytes
      at += bytes
      const hello = this.#check()
      if (hello !== undefined) return hello
    }
    return this.#seen > MAX_RECORDS_BYTES ? invalid(`it has no end within ${MAX_RECORDS_BYTES} bytes`) : undefined
  }

  #beginRecord(): ClientHello | undefined {
    const [type, major] = this.#head
    const length = this.#head.readUInt16BE(3)
    if (type !== HANDSHAKE || major !== 3) {
      if (this.#messageBytes === 0) return { kind: 'none' }
      return invalid(`a record of type ${type} and version ${major} is no handshake`)
    }
    if (length === 0 || length > MAX_RECORD_BYTES) return invalid(`a record of a handshake has ${length} bytes`)
    this.#recordLeft = length
    return undefined
  }

  #append(buffer: Buffer, start: number, end: number): void {
    const needed = this.#messageBytes + end - start
    if (needed > this.#message.length) {
      // By what has come, not by what is announced.
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#message.length))
      this.#message.copy(larger, 0, 0, this.#messageBytes)
      this.#message = larger
    }
    this.#messageBytes += buffer.copy(this.#message, this.#messageBytes, start, end)
  }

  #check(): ClientHello | undefined {
    const message = this.#message.subarray(0, this.#messageBytes)
    if (message[0] !== CLIENT_HELLO) return invalid(`a handshake message of type ${message[0]} is no ClientHello`)
    if (message.length < MESSAGE_HEAD_BYTES) return undefined
    const length = message.readUIntBE(1, 3)
    if (length > MAX_HELLO_BYTES) return invalid(`it announces ${length} bytes, ${MAX_HELLO_BYTES} at most are read`)
    if (message.length < MESSAGE_HEAD_BYTES + length) return undefined
    return readHello(message.subarray(MESSAGE_HEAD_BYTES, MESSAGE_HEAD_BYTES + length))
  }
}

const invalid = (message: string): ClientHello => ({ kind: 'invalid', message })

const readHello = (hello: Buffer): ClientHello => {
  const vectors = new Vectors(hello, VERSION_AND_RANDOM_BYTES)
  const session = vectors.next(1)
  const suites = vectors.next(2)
  const compressions = vectors.next(1)
  if (session === undefined || suites === undefined || compressions === undefined) {
    return invalid('it is shorter than its own lengths say')
  }
  // TLS 1.2 and before may do without extensions.
  if (vectors.isAtEnd) return { kind: 'hello', sni: undefined }
  const extensions = vectors.next(2)
  if (extensions === undefined || !vectors.isAtEnd) return invalid('the length of its extensions is not theirs')
  return readExtensions(extensions)
}

const readExtensions = (extensions: Buffer): ClientHello => {
  let sni: string | undefined
  let at = 0
  while (at < extensions.length) {
    if (extensions.length - at < 4) return invalid('an extension is cut off')
    const type = extensions.readUInt16BE(at)
    const end = at + 4 + extensions.readUInt16BE(at + 2)
    if (end > extensions.length) return invalid(`extension ${type} is longer than all of them`)
    if (type === SERVER_NAME) {
      // Two of a kind are forbidden, and no two readers would take the same one (RFC 8446 section 4.2).
      if (sni !== undefined) return invalid('it names a server twice')
      sni = readServerName(extensions.subarray(at + 4, end))
      if (sni === undefined) return invalid('its server name is none')
    }
    at = end
  }
  return { kind: 'hello', sni }
}

/** A list with one host name (RFC 6066 section 3). */
const readServerName = (extension: Buffer): string | undefined => {
  const list = new Vectors(extension, 0)
  const names = list.next(2)
  if (names === undefined || !list.isAtEnd || names[0] !== HOST_NAME) return undefined
  const entries = new Vectors(names, 1)
  const name = entries.next(2)?.toString('latin1').toLowerCase().replace(/\.$/, '')
  return name !== undefined && entries.isAtEnd && SERVER_NAME_FORM.test(name) ? name : undefined
}

/** Vectors of TLS: each begins with its length. */
class Vectors {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The next one, whose length has so many bytes; `undefined` when there are not so many. */
  next(lengthBytes: 1 | 2): Buffer | undefined {
    const start = this.#at + lengthBytes
    if (start > this.#bytes.length) return undefined
    const end = start + this.#bytes.readUIntBE(this.#at, lengthBytes)
    if (end > this.#bytes.length) return undefined
    this.#at = end
    return this.#bytes.subarray(start, end)
  }
}
