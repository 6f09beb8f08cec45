/** What the first bytes of a connection show it to speak; `other`: nothing that is known here. */
export type Spoken = 'http1' | 'http2' | 'tls' | 'other'

/** Looks at the beginning of a connection until it can tell. */
export interface Sniffer {
  /** To be given all that comes, each byte once and in order; `undefined` while it may be this or that. */
  readonly feed: (buffer: Buffer, start: number, end: number) => Spoken | undefined
  /** What it is taken for if nothing more comes. */
  readonly guess: () => Spoken
}

/** What a client begins with that speaks HTTP/2 without having been asked (RFC 9113 section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
/** A request line longer than this would be refused anyway. */
const MAX_LINE_BYTES = 16 * 1024
/** Servers exist that take any word for a method. */
const MAX_METHOD_BYTES = 256
/**
 * Those that are registered, of WebDAV and caches too; some servers take HTTP/2's preface for one. To import `node:http`
 * would load all that stands there: web streams, WebSocket and another client for HTTP, 4 MB that nobody wants.
 */
const METHOD_LIST: readonly string[] = process.getBuiltinModule('node:http').METHODS
const METHODS: ReadonlySet<string> = new Set([...METHOD_LIST, 'PRI'])
/** What begins a target that is a path, or a whole URI of HTTP; or is all of a line behind the method. */
const TARGETS = ['/', 'http:', 'https:', '*\r', '*\n']
const MAX_TARGET_START = 6
const VERSION = 'HTTP/'
const SPACE = 0x20
const CR = 0x0d
const LF = 0x0a
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

  guess(): Spoken {
    return 'http1'
  }
}

/**
 * For a port of which nothing is known. All that some server takes for a request of HTTP/1 is HTTP/1 here, so that nobody
 * gets past policies, filters and routes as bytes that nobody looks into: empty lines before it, several blanks, no version,
 * a line without end. Whether it is a good one is for the server of HTTP/1.1 to say, and that is strict. Other protocols
 * whose commands look like one (Redis' `SET key value`) have neither a path behind a method of HTTP nor a version of it.
 * TLS is a record of a handshake.
 */
export class ProtocolSniffer implements Sniffer {
  readonly #version = new HttpVersionSniffer()
  #maybeHttp1 = true
  #maybeHttp2 = true
  #maybeTls = true
  #part: 'empty lines' | 'method' | 'blanks' | 'rest' = 'empty lines'
  #method = ''
  /** Its first few characters. */
  #target = ''
  /** There was a whole one. */
  #isRequest = false
  /** How much of the version has come; -1 where it cannot begin. */
  #versionBytes = -1
  #seen = 0

  feed(buffer: Buffer, start: number, end: number): Spoken | undefined {
    for (let at = start; at < end; at++) {
      const spoken = this.#step(buffer, at)
      if (spoken !== undefined) return spoken
    }
    return undefined
  }

  /** Who only stops to think in the middle of a word may speak anything; of HTTP's own words they are HTTP. */
  guess(): Spoken {
    if (this.#seen === 0) return 'other'
    if (this.#maybeHttp2 || this.#isRequest) return 'http1'
    const isMethod =
      this.#part === 'method'
        ? METHOD_LIST.some((method) => method.startsWith(this.#method))
        : METHODS.has(this.#method)
    return this.#maybeHttp1 && isMethod ? 'http1' : 'other'
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
      const line = this.#stepLine(byte)
      this.#isRequest = line === 'request'
      this.#maybeHttp1 = line === 'open'
    }
    // The preface of HTTP/2 is to be read to its end.
    if (this.#isRequest && !this.#maybeHttp2) return 'http1'
    if (++this.#seen === MAX_LINE_BYTES) return this.#maybeHttp1 ? 'http1' : 'other'
    return this.#maybeHttp1 || this.#maybeHttp2 || this.#maybeTls ? undefined : 'other'
  }

  /** One byte of what may be a request line. */
  #stepLine(byte: number): 'open' | 'request' | 'none' {
    switch (this.#part) {
      case 'empty lines':
        if (byte === CR || byte === LF) return 'open'
        this.#part = 'method'
        return this.#stepMethod(byte)
      case 'method':
        return this.#stepMethod(byte)
      case 'blanks':
        if (isBlank(byte)) return 'open'
        this.#part = 'rest'
        return this.#stepRest(byte)
      case 'rest':
        return this.#stepRest(byte)
    }
  }

  #stepMethod(byte: number): 'open' | 'none' {
    if (isBlank(byte) && this.#method !== '') {
      this.#part = 'blanks'
      return 'open'
    }
    if (!isTokenByte(byte) || this.#method.length === MAX_METHOD_BYTES) return 'none'
    this.#method += String.fromCharCode(byte)
    return 'open'
  }

  #stepRest(byte: number): 'open' | 'request' | 'none' {
    if (this.#target.length < MAX_TARGET_START) {
      this.#target += String.fromCharCode(byte).toLowerCase()
      if (TARGETS.includes(this.#target) && METHODS.has(this.#method)) return 'request'
    }
    if (this.#versionBytes === VERSION.length && isDigit(byte)) return 'request'
    if (isBlank(byte)) this.#versionBytes = 0
    else if (byte < SPACE) return 'none'
    else this.#versionBytes = byte === VERSION.charCodeAt(this.#versionBytes) ? this.#versionBytes + 1 : -1
    return 'open'
  }
}

/** What separates the words of a request line to lenient servers (RFC 9112 section 3). */
const isBlank = (byte: number): boolean => byte === SPACE || (byte >= 0x09 && byte <= CR && byte !== LF)

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** RFC 9110 section 5.6.2. */
const isTokenByte = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  isDigit(byte) ||
  "!#$%&'*+-.^_`|~".includes(String.fromCharCode(byte))
