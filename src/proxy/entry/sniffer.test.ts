import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HttpVersionSniffer, ProtocolSniffer } from './sniffer.ts'
import type { Sniffer, Spoken } from './sniffer.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** What it says, and after how many bytes, in pieces of `size`. */
const sniff = (sniffer: Sniffer, text: string, size = text.length): Spoken | undefined => {
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += size) {
    const spoken = sniffer.feed(bytes, at, Math.min(at + size, bytes.length))
    if (spoken !== undefined) return spoken
  }
  return undefined
}

const unknown: readonly (readonly [string, string, Spoken | undefined])[] = [
  ['a request', 'GET / HTTP/1.1\r\n', 'http1'],
  ['a request of HTTP/1.0', 'GET /old HTTP/1.0\r\n', 'http1'],
  ['a method that nobody knows', 'X-Y_z!1 /a?b=c HTTP/1.1', 'http1'],
  ['one with an absolute target', 'GET http://api/ HTTP/1.1', 'http1'],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1', 'http1'],
  ['a method of HTTP and a path', 'GET /', 'http1'],
  ['a method of HTTP', 'GET ', undefined],
  ['the beginning of a request line', 'FETCH /ve', undefined],
  ['a request line without a version', 'FETCH / HTTP/', undefined],
  ['a request line whose version is no number', 'FETCH / HTTP/x HTTP/', undefined],
  ['HTTP/2', `${PREFACE}\0`, 'http2'],
  ['the beginning of the HTTP/2 preface', PREFACE.slice(0, -1), undefined],
  ['a preface that goes wrong at its end', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'http1'],
  ['a preface that goes wrong in its first line', 'PRI * HTTP/2.1', 'http1'],
  ['a TLS handshake', '\x16\x03\x01', 'tls'],
  ['the first byte of a TLS handshake', '\x16', undefined],
  ['another record of TLS', '\x17\x03\x03', 'other'],
  ['something that begins like a handshake', '\x16\x02', 'other'],
  ['HTTP/0.9', 'GET /\r\n', 'http1'],
  ['HTTP/0.9, with a method of caches', 'PURGE /\r\n', 'http1'],
  ['HTTP/0.9 about nothing in particular', 'POST *\n', 'http1'],
  ['HTTP that calls itself RTSP, to a server that takes both', 'GET HTTP://api/ RTSP/1.0\r\n', 'http1'],
  ['a key of Redis that begins like a URI', 'GET htt\r\n', 'other'],
  ['HTTP/3 in plaintext', 'FETCH / HTTP/3.0', 'http1'],
  ['a reply', 'HTTP/1.1 200 OK\r\n', 'other'],
  ['RTSP', 'OPTIONS rtsp://host/ RTSP/1.0\r\n', 'other'],
  ['SIP', 'INVITE sip:bob@example.com SIP/2.0\r\n', 'other'],
  ['a command of Redis', 'SET key value\r\n', 'other'],
  ['commands of Redis in its own form', '*1\r\n$4\r\nPING\r\n', 'other'],
  ['memcached', 'get key\r\n', 'other'],
  ['SMTP', 'EHLO client.example\r\n', 'other'],
  ['PostgreSQL asking for TLS', '\0\0\0\x08\x04\xd2\x16\x2f', 'other'],
  ['a blank first', ' GET / HTTP/1.1', 'other'],
  ['two blanks', 'FETCH  / HTTP/1.1', 'http1'],
  ['blanks of other kinds, also in the target', 'FETCH\t/a\x0b\x0cb\r HTTP/1.1', 'http1'],
  ['a control in the target', 'FETCH /\x01 HTTP/1.1', 'other'],
  ['a line end first', '\r\n', undefined],
  ['line ends before a request', '\r\n\n\r\nFETCH / HTTP/1.1', 'http1'],
  ['line ends before something else', '\r\n\r\nhello\r\n', 'other'],
  ['a line that ends without a version', 'FETCH /\n HTTP/1.1', 'other'],
  ['a method without end', 'A'.repeat(257), 'other'],
  ['a long method', `${'A'.repeat(256)} / HTTP/1.1`, 'http1'],
  ['a target without end', `FETCH /${'a'.repeat(16 * 1024)}`, 'http1'],
  ['a target that is long', `FETCH /${'a'.repeat(16 * 1024 - 20)} HTTP/1.1`, 'http1'],
  ['a key of Redis that looks like a path', 'SET /key value\r\n', 'other'],
  ['nothing', '', undefined],
]

describe('on a port of unknown protocol', () => {
  for (const [name, text, spoken] of unknown) {
    it(`${name} is ${spoken ?? 'waited on'}`, () => {
      assert.equal(sniff(new ProtocolSniffer(), text), spoken)
      assert.equal(sniff(new ProtocolSniffer(), text, 1), spoken)
      assert.equal(sniff(new ProtocolSniffer(), text, 7), spoken)
    })
  }
})

describe('on a port of unknown protocol, when nothing more comes', () => {
  const cases: readonly (readonly [string, string, Spoken])[] = [
    ['nothing', '', 'other'],
    ['half a method', 'GE', 'http1'],
    ['half a request line', 'GET htt', 'http1'],
    ['half a line of something else', 'FETCH /a', 'other'],
    ['half a word', 'FET', 'other'],
    ['empty lines', '\r\n', 'other'],
    ['half a preface', PREFACE.slice(0, 20), 'http1'],
    ['half a record of TLS', '\x16', 'other'],
  ]
  for (const [name, text, spoken] of cases) {
    it(`${name} is ${spoken}`, () => {
      const sniffer = new ProtocolSniffer()
      assert.equal(sniff(sniffer, text), undefined)
      assert.equal(sniffer.guess(), spoken)
    })
  }
})

describe('on a port of HTTP', () => {
  const cases: readonly (readonly [string, string, Spoken | undefined])[] = [
    ['a request', 'GET / HTTP/1.1\r\n', 'http1'],
    ['a first byte that is not the preface', 'G', 'http1'],
    ['a method that begins like the preface', 'PROPFIND / HTTP/1.1', 'http1'],
    ['nonsense', '\x16\x03\x01', 'http1'],
    ['HTTP/2', PREFACE, 'http2'],
    ['the beginning of the preface', PREFACE.slice(0, -1), undefined],
    ['a preface that goes wrong', 'PRI * HTTP/2.1', 'http1'],
  ]
  for (const [name, text, spoken] of cases) {
    it(`${name} is ${spoken ?? 'waited on'}`, () => {
      assert.equal(sniff(new HttpVersionSniffer(), text), spoken)
      assert.equal(sniff(new HttpVersionSniffer(), text, 1), spoken)
    })
  }
})
