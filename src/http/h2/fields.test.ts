import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkRequestFields, checkResponseFields, checkTrailerFields, findField, readContentLength } from './fields.ts'

const get = [':method', 'GET', ':scheme', 'https', ':authority', 'a.example:80', ':path', '/x?y=1'] as const
/** `get` with other values, a field left out where the value is `undefined`. */
const request = (changes: Readonly<Record<string, string | undefined>>, ...more: readonly string[]): string[] => {
  const fields: string[] = []
  for (let i = 0; i < get.length; i += 2) {
    const name = get[i] ?? ''
    const value = name in changes ? changes[name] : get[i + 1]
    if (value !== undefined) fields.push(name, value)
  }
  return [...fields, ...more]
}

describe('request fields', () => {
  const good: Readonly<Record<string, readonly string[]>> = {
    'a plain GET': get,
    'no authority': request({ ':authority': undefined }),
    'Host instead of authority': request({ ':authority': undefined }, 'host', 'a'),
    'a Host that agrees': request({}, 'host', 'A.example:80'),
    'a Host with the port of the scheme': request({ ':authority': 'a.example' }, 'host', 'A.example:443'),
    'an authority with the port of the scheme': request({ ':authority': 'a:80', ':scheme': 'HTTP' }, 'host', 'a'),
    'an IPv6 Host with the port of the scheme': request({ ':authority': '[::1]' }, 'host', '[::1]:443'),
    'a Host that agrees, of another scheme': request({ ':scheme': 'x', ':authority': 'a:1' }, 'host', 'A:1'),
    'an IPv6 authority': request({ ':authority': '[::1]:80' }),
    'OPTIONS *': request({ ':method': 'OPTIONS', ':path': '*' }),
    CONNECT: [':method', 'CONNECT', ':authority', '10.0.0.1:80'],
    'pseudo-header fields in any order': [':path', '/', ':scheme', 'http', ':method', 'GET'],
    'te: trailers': request({}, 'te', 'trailers'),
    'obs-text and HTAB in a value': request({}, 'x', 'a\t\xe4'),
    'an empty value': request({}, 'x', ''),
  }
  for (const [name, fields] of Object.entries(good)) {
    it(`takes ${name}`, () => assert.equal(checkRequestFields(fields), undefined))
  }

  const bad: Readonly<Record<string, readonly [fields: readonly string[], message: RegExp]>> = {
    'no method': [request({ ':method': undefined }), /method/],
    'a method with a blank': [request({ ':method': 'GET /' }), /method/],
    'no scheme': [request({ ':scheme': undefined }), /scheme/],
    'a scheme that is none': [request({ ':scheme': 'ht/tp' }), /scheme/],
    'no path': [request({ ':path': undefined }), /path/],
    'an empty path': [request({ ':path': '' }), /path/],
    'a path with a blank': [request({ ':path': '/ HTTP/1.1' }), /path/],
    'a path with a fragment': [request({ ':path': '/#a' }), /path/],
    'a path with obs-text': [request({ ':path': '/\xe4' }), /path/],
    'a path that is an URI': [request({ ':path': 'http://a/' }), /path/],
    'GET *': [request({ ':path': '*' }), /path/],
    'userinfo in the authority': [request({ ':authority': 'me@a' }), /authority/],
    'two hosts joined': [request({ ':authority': 'a,b' }), /authority/],
    'an empty authority': [request({ ':authority': '' }), /authority/],
    'a Host that differs': [request({}, 'host', 'b'), /differ/],
    'a Host with another port': [request({ ':authority': 'a' }, 'host', 'a:8443'), /differ/],
    'a Host with the port of another scheme': [request({ ':authority': 'a' }, 'host', 'a:80'), /differ/],
    'a Host with a port that its scheme does not have': [
      request({ ':scheme': 'x', ':authority': 'a' }, 'host', 'a:80'),
      /differ/,
    ],
    'two Hosts': [request({ ':authority': undefined }, 'host', 'a', 'host', 'a'), /second/],
    'a bad Host': [request({ ':authority': undefined }, 'host', 'a b'), /host/],
    'CONNECT without an authority': [[':method', 'CONNECT'], /authority/],
    'CONNECT with a path': [[':method', 'CONNECT', ':authority', 'a:80', ':path', '/'], /CONNECT/],
    'extended CONNECT': [request({ ':method': 'CONNECT' }, ':protocol', 'websocket'), /offered/],
    'an unknown pseudo-header field': [request({}, ':x', 'y'), /unknown/],
    'a status': [request({}, ':status', '200'), /unknown/],
    'two methods': [[':method', 'GET', ...get], /second/],
    'a pseudo-header field after another': [['x', 'y', ...get], /after regular/],
    'an upper-case name': [request({}, 'X-A', 'y'), /name/],
    'an empty name': [request({}, '', 'y'), /name/],
    'a colon in a name': [request({}, 'x:y', 'z'), /name/],
    'a blank in a name': [request({}, 'x y', 'z'), /name/],
    'CR in a value': [request({}, 'x', 'a\rb'), /value/],
    'LF in a value': [request({}, 'x', 'a\nb'), /value/],
    'NUL in a value': [request({}, 'x', 'a\0b'), /value/],
    'another control character in a value': [request({}, 'x', 'a\x1bb'), /value/],
    'a blank in front of a value': [request({}, 'x', ' a'), /value/],
    'a tab behind a value': [request({}, 'x', 'a\t'), /value/],
    connection: [request({}, 'connection', 'close'), /connection-specific/],
    'transfer-encoding': [request({}, 'transfer-encoding', 'chunked'), /connection-specific/],
    upgrade: [request({}, 'upgrade', 'h2c'), /connection-specific/],
    'te: gzip': [request({}, 'te', 'trailers, gzip'), /te/],
  }
  for (const [name, [fields, message]] of Object.entries(bad)) {
    it(`refuses ${name}`, () => assert.match(checkRequestFields(fields) ?? 'taken', message))
  }
})

describe('response fields and trailers', () => {
  it('takes a status and fields', () => assert.equal(checkResponseFields([':status', '204', 'x', 'y']), undefined))
  for (const status of ['', '99', '2000', '20x', '+20']) {
    it(`refuses status ${JSON.stringify(status)}`, () =>
      assert.match(checkResponseFields([':status', status]) ?? '', /bad/))
  }
  it('refuses none, two and another', () => {
    assert.match(checkResponseFields(['x', 'y', ':status', '200']) ?? '', /no :status/)
    assert.match(checkResponseFields([]) ?? '', /no :status/)
    assert.match(checkResponseFields([':status', '200', ':status', '200']) ?? '', /out of place/)
    assert.match(checkResponseFields([':status', '200', ':method', 'GET']) ?? '', /out of place/)
  })
  it('refuses pseudo-header and connection fields in trailers', () => {
    assert.equal(checkTrailerFields(['grpc-status', '0']), undefined)
    assert.match(checkTrailerFields([':status', '200']) ?? '', /out of place/)
    assert.match(checkTrailerFields(['connection', 'x']) ?? '', /connection/)
  })
})

describe('a field list', () => {
  it('finds the first of a name', () => {
    assert.equal(findField(['a', '1', 'b', '2', 'b', '3'], 'b'), '2')
    assert.equal(findField(['a', 'b', 'c', 'd'], 'b'), undefined)
  })
  const lengths: readonly (readonly [values: readonly string[], length: number])[] = [
    [[], -1],
    [['0'], 0],
    [['12'], 12],
    [['7', '7'], 7],
    [['7', '8'], -2],
    [['8', 'x'], -2],
    [['x', '8'], -2],
    [['-1'], -2],
    [['+1'], -2],
    [['1,1'], -2],
    [[''], -2],
    [['9'.repeat(16)], -2],
  ]
  for (const [values, length] of lengths) {
    it(`reads Content-Length ${JSON.stringify(values)} as ${length}`, () => {
      assert.equal(readContentLength(values.flatMap((value) => ['content-length', value])), length)
    })
  }
})
