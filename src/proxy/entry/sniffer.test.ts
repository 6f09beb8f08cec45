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
  ['the beginning of a request line', 'GET /ve', undefined],
  ['a request line without the minor version', 'GET / HTTP/1.', undefined],
  ['HTTP/2', `${PREFACE}\0`, 'http2'],
  ['the beginning of the HTTP/2 preface', PREFACE.slice(0, -1), undefined],
  ['a preface that goes wrong at its end', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'other'],
  ['a TLS handshake', '\x16\x03\x01', 'tls'],
  ['the first byte of a TLS handshake', '\x16', undefined],
  ['another record of TLS', '\x17\x03\x03', 'other'],
  ['something that begins like a handshake', '\x16\x02', 'other'],
  ['HTTP/0.9', 'GET /\r\n', 'other'],
  ['HTTP/3 in plaintext', 'GET / HTTP/3.0', 'other'],
  ['a reply', 'HTTP/1.1 200 OK\r\n', 'other'],
  ['RTSP', 'OPTIONS rtsp://host/ RTSP/1.0\r\n', 'other'],
  ['SIP', 'INVITE sip:bob@example.com SIP/2.0\r\n', 'other'],
  ['a command of Redis', 'SET key value\r\n', 'other'],
  ['commands of Redis in its own form', '*1\r\n$4\r\nPING\r\n', 'other'],
  ['memcached', 'get key\r\n', 'other'],
  ['SMTP', 'EHLO client.example\r\n', 'other'],
  ['PostgreSQL asking for TLS', '\0\0\0\x08\x04\xd2\x16\x2f', 'other'],
  ['a blank first', ' GET / HTTP/1.1', 'other'],
  ['two blanks', 'GET  / HTTP/1.1', 'other'],
  ['a control in the target', 'GET /\x01 HTTP/1.1', 'other'],
  ['a line end first', '\r\n', 'other'],
  ['a method without end', 'A'.repeat(33), 'other'],
  ['a target without end', `GET /${'a'.repeat(16 * 1024)}`, 'other'],
  ['a target that is long', `GET /${'a'.repeat(16 * 1024 - 20)} HTTP/1.1`, 'http1'],
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
