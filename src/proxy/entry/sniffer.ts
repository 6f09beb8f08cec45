/** What the first bytes of a connection show it to speak; `other`: nothing that is known here. */
export type Spoken = 'http1' | 'http2' | 'tls' | 'other'

/** Looks at the beginning of a connection until it can tell. */
export interface Sniffer {
  /** To be given all that comes, each byte once and in order; `undefined` while it may be this or that. */
  readonly feed: (buffer: Buffer, start: number, end: number) => Spoken | undefined
}

/** What a client begins with that speaks HTTP/2 without having been asked (RFC 9113 section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
/** A request line longer than this would be refused anyway. */
const MAX_LINE_BYTES = 16 * 1024
/** No method is longer. */
const MAX_METHOD_BYTES = 32
const VERSION = ' HTTP/1.'
const SPACE = 0x20
const HANDSHAKE = 0x16
const TLS_MAJOR_VERSION = 3

/** For a port that is declared to speak HTTP: version 2 if it begins as that does, else version 1. */
export class HttpVersionSniffer implements Sniffer {
  #seen = 0

  feed(buffer: Buffer, start: number, end: number): Spoken | undefined {
    for (let at = start; at < end; at++) {
      if (buffer[at] !== PREFACE[this.#seen]) return 'http1'
      if (++this.#seen === PREFACE.length) return 'http2'
    }
    return undefined
  }
}

/**
 * For a port of which nothing is known. HTTP/1 is a whole request line up to its version, so that no protocol whose
 * commands only look like one is taken for it (Redis' `SET key value`); TLS is a record of a handshake.
 */
export class ProtocolSniffer implements Sniffer {
  readonly #version = new HttpVersionSniffer()
  #maybeHttp1 = true
  #maybeHttp2 = true
  #maybeTls = true
  #part: 'method' | 'target' | 'version' = 'method'
  /** Bytes of the part, or of the version that fit so far. */
  #partBytes = 0
  #seen = 0

  feed(buffer: Buffer, start: number, end: number): Spoken | undefined {
    for (let at = start; at < end; at++) {
      const spoken = this.#step(buffer, at)
      if (spoken !== undefined) return spoken
    }
    return undefined
  }

  #step(buffer: Buffer, at: number): Spoken | undefined {
    const byte = buffer[at] ?? 0
    if (this.#maybeTls) {
      if (this.#seen === 1 && byte === TLS_MAJOR_VERSION) return 'tls'
      this.#maybeTls = this.#seen === 0 && byte === HANDSHAKE
    }
    if (this.#maybeHttp2) {
      const version = this.#version.feed(buffer, at, at + 1)
      if (version === 'http2') return version
      this.#maybeHttp2 = version === undefined
    }
    if (this.#maybeHttp1) {
      if (this.#part === 'version' && this.#partBytes === VERSION.length && isDigit(byte)) return 'http1'
      this.#maybeHttp1 = this.#stepLine(byte)
    }
    this.#seen++
    const isOpen = this.#maybeHttp1 || this.#maybeHttp2 || this.#maybeTls
    return isOpen && this.#seen < MAX_LINE_BYTES ? undefined : 'other'
  }

  /** One byte of what may be a request line; false when it is none. */
  #stepLine(byte: number): boolean {
    switch (this.#part) {
      case 'method':
        if (byte !== SPACE) return isTokenByte(byte) && ++this.#partBytes <= MAX_METHOD_BYTES
        if (this.#partBytes === 0) return false
        this.#part = 'target'
        this.#partBytes = 0
        return true
      case 'target':
        if (byte > SPACE && byte !== 0x7f) return ++this.#partBytes > 0
        if (byte !== SPACE || this.#partBytes === 0) return false
        this.#part = 'version'
        this.#partBytes = 1
        return true
      case 'version':
        return byte === VERSION.charCodeAt(this.#partBytes) && ++this.#partBytes > 0
    }
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** RFC 9110 section 5.6.2. */
const isTokenByte = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  isDigit(byte) ||
  "!#$%&'*+-.^_`|~".includes(String.fromCharCode(byte))
