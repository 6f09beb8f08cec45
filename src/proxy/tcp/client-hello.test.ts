import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { extension, helloMessage, inRecords, realHello, serverName } from '../../../test/support/tls/hello-bytes.ts'
import { ClientHelloReader } from './client-hello.ts'
import type { ClientHello } from './client-hello.ts'

/** What is found in pieces of `size`, and how many bytes that took. */
const read = (bytes: Buffer, size = bytes.length): { readonly found: ClientHello | undefined; readonly at: number } => {
  const reader = new ClientHelloReader()
  for (let at = 0; at < bytes.length; at += size) {
    const end = Math.min(at + size, bytes.length)
    const found = reader.feed(bytes, at, end)
    if (found !== undefined) return { found, at: end }
  }
  return { found: undefined, at: bytes.length }
}

const padding = (bytes: number): Buffer => extension(21, Buffer.alloc(bytes))
const grease = extension(0x0a0a, Buffer.alloc(0))
const ech = extension(0xfe0d, Buffer.alloc(300, 9))

describe('a ClientHello of OpenSSL', () => {
  for (const [name, options, sni] of [
    ['TLS 1.3 with a name', { servername: 'API.shop.example' }, 'api.shop.example'],
    ['TLS 1.3 without one', {}, undefined],
    ['TLS 1.2', { servername: 'api.shop.example', maxVersion: 'TLSv1.2' }, 'api.shop.example'],
    ['with ALPN', { servername: 'a', ALPNProtocols: ['h2', 'http/1.1'] }, 'a'],
  ] as const) {
    it(name, async () => {
      const bytes = await realHello(options)
      assert.deepEqual(read(bytes).found, { kind: 'hello', sni })
      for (const size of [1, 2, 5, 100]) {
        assert.deepEqual(read(bytes, size), { found: { kind: 'hello', sni }, at: bytes.length })
      }
      assert.equal(read(bytes.subarray(0, -1)).found, undefined)
      const message = bytes.subarray(5)
      for (const recordBytes of [1, 3, 64, 500]) {
        assert.deepEqual(read(inRecords(message, recordBytes)).found, { kind: 'hello', sni })
        assert.deepEqual(read(inRecords(message, recordBytes), 1).found, { kind: 'hello', sni })
      }
    })
  }
})

describe('a ClientHello made by hand', () => {
  const cases: readonly (readonly [string, Buffer, string | undefined])[] = [
    ['no extensions at all', helloMessage(), undefined],
    ['an empty list of them', helloMessage([]), undefined],
    ['GREASE around the name', helloMessage([grease, serverName('a.example'), grease]), 'a.example'],
    ['an encrypted one inside: the outer name', helloMessage([ech, serverName('public.example')]), 'public.example'],
    ['a dot at the end', helloMessage([serverName('a.example.')]), 'a.example'],
    ['an underscore', helloMessage([serverName('_a.example')]), '_a.example'],
    ['nearly 64 KiB', helloMessage([padding(65_000), serverName('late.example')]), 'late.example'],
  ]
  for (const [name, message, sni] of cases) {
    it(`${name}: ${sni}`, () => {
      assert.deepEqual(read(inRecords(message)).found, { kind: 'hello', sni })
    })
  }

  it('followed by something else in the same read', () => {
    const bytes = Buffer.concat([inRecords(helloMessage([serverName('a')])), Buffer.from('early data')])
    assert.deepEqual(read(bytes).found, { kind: 'hello', sni: 'a' })
  })
})

describe('no ClientHello is', () => {
  const sized = (length: number): Buffer => Buffer.from([1, length >> 16, (length >> 8) & 255, length & 255])
  const bad = (...names: readonly string[]): Buffer => inRecords(helloMessage(names.map(serverName)))
  const cut = helloMessage([serverName('a.example')])
  const shorter = (by: number): Buffer => {
    const message = Buffer.from(cut.subarray(0, cut.length - by))
    message.writeUIntBE(message.length - 4, 1, 3)
    return inRecords(message)
  }
  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ['a record without bytes', Buffer.from([22, 3, 1, 0, 0]), /0 bytes/],
    ['a record that is too long', Buffer.from([22, 3, 1, 0x40, 1]), /16385 bytes/],
    ['another message', inRecords(Buffer.from([2, 0, 0, 1, 0])), /type 2/],
    ['an alert in its middle', Buffer.concat([inRecords(sized(100)), Buffer.from([21, 3, 3, 0, 2])]), /type 21/],
    ['one that announces 16 MB', inRecords(sized(0xff_ffff)), /announces 16777215/],
    ['an empty one', inRecords(sized(0)), /shorter/],
    ['one whose extensions are cut', shorter(3), /not theirs/],
    ['one with a name of no letters', bad(''), /none/],
    ['one with NUL in its name', bad('a.example\0.evil'), /none/],
    ['one with bytes beyond ASCII in its name', bad('\xe4.example'), /none/],
    ['one with an empty label', bad('a..example'), /none/],
    ['one with a name too long', bad(`${'a'.repeat(60)}.`.repeat(5)), /none/],
    ['one that names two servers', bad('a.example', 'b.example'), /twice/],
    [
      'one with a name of another type',
      inRecords(helloMessage([extension(0, Buffer.from([0, 4, 1, 0, 1, 65]))])),
      /none/,
    ],
    ['one with an extension that is too long', inRecords(helloMessage([Buffer.from([0, 5, 0, 9, 1])])), /extension 5/],
    ['one with half an extension', inRecords(helloMessage([Buffer.from([0, 5, 0])])), /cut off/],
  ]
  for (const [name, bytes, message] of cases) {
    it(name, () => {
      for (const size of [bytes.length, 1]) {
        const { found } = read(bytes, size)
        assert.equal(found?.kind, 'invalid')
        assert.match(found.kind === 'invalid' ? found.message : '', message)
      }
    })
  }

  for (const [name, bytes] of [
    ['plain text', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a record of data', Buffer.from([23, 3, 3, 0, 5])],
    ['SSL 2', Buffer.from([22, 2, 0, 0, 5])],
  ] as const) {
    it(`${name}, which is not TLS at all`, () => {
      for (const size of [bytes.length, 1]) assert.deepEqual(read(bytes, size).found, { kind: 'none' })
    })
  }

  it('one without end, whatever it is cut into', () => {
    const endless = inRecords(Buffer.concat([sized(65_000), Buffer.alloc(65_000)]), 1)
    const { found, at } = read(endless, 6)
    assert.equal(found?.kind, 'invalid')
    assert.ok(at <= 128 * 1024 + 6)
  })
})
