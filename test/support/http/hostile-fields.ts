import type { SeededRandom } from '../random.ts'

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'M-SEARCH',
  'get',
  'G T',
  'GET\r\n',
  '',
  'GET / HTTP/1.1',
]
const PATHS = [
  '/',
  '/a?b=c',
  '*',
  '',
  'a',
  '//b',
  '/a b',
  '/a#b',
  '/a\r\nx: y',
  'http://b/',
  '/\xe4',
  '/a HTTP/1.1\r\n\r\n',
]
const AUTHORITIES = ['a', 'A:80', '[::1]:80', 'a:80', 'a,b', 'u@a', 'a/b', '', 'a\r\nx: y', 'a:99999', 'b c']
const LENGTHS = ['0', '3', '03', '3, 3', '+3', '', '9007199254740993', '3\r\n']
const NAMES = [
  'x',
  'x-a',
  'cookie',
  'te',
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content_length',
  'expect',
  'trailer',
  'X-A',
  '',
  'x y',
  'x:',
  'x\r\n',
  '\u010a',
  ':x',
  ':path',
  ':method',
  ':status',
  ':protocol',
  'constructor',
]
const VALUES = [
  '1',
  '',
  'a b',
  'a\tb',
  '\xe4',
  'trailers',
  'chunked',
  'close, x-a',
  'x'.repeat(300),
  ' a',
  'a ',
  'a\r\nx: y',
]
const BAD_VALUES = [
  '\0',
  '\r',
  '\n',
  'a\nb',
  '\x7f',
  '\u010d\u010ab',
  'gzip',
  'a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n',
]

/**
 * A list of HTTP/2 request fields: a good one in about a third of all cases, else one with whatever an attacker would
 * try, of which a part is harmless.
 */
export function hostileRequest(random: SeededRandom): string[] {
  const method = random.pick(METHODS.slice(0, random.chance(0.9) ? 7 : METHODS.length))
  const fields = [[':method', method]]
  if (method !== 'CONNECT' || random.chance(0.1)) {
    fields.push([':scheme', 'http'])
    fields.push([':path', random.pick(PATHS.slice(0, random.chance(0.9) ? 2 : PATHS.length))])
  }
  if (random.chance(0.9))
    fields.push([':authority', random.pick(AUTHORITIES.slice(0, random.chance(0.9) ? 4 : AUTHORITIES.length))])
  if (random.chance(0.2)) fields.push(['host', random.pick(AUTHORITIES.slice(0, 4))])
  if (random.chance(0.3))
    fields.push(['content-length', random.pick(LENGTHS.slice(0, random.chance(0.8) ? 3 : LENGTHS.length))])
  for (let i = random.below(4); i > 0; i--) fields.push(hostileField(random))
  if (random.chance(0.03)) fields.reverse()
  return fields.flat()
}

/** A list of HTTP/2 response fields, in the same manner. */
export function hostileResponse(random: SeededRandom): string[] {
  const fields = [[':status', random.pick(['200', '204', '304', '103', '500', random.chance(0.5) ? '101' : '2\r\n'])]]
  if (random.chance(0.3))
    fields.push(['content-length', random.pick(LENGTHS.slice(0, random.chance(0.8) ? 3 : LENGTHS.length))])
  for (let i = random.below(4); i > 0; i--) fields.push(hostileField(random))
  if (random.chance(0.03)) fields.reverse()
  return fields.flat()
}

function hostileField(random: SeededRandom): string[] {
  const name = random.pick(NAMES.slice(0, random.chance(0.85) ? 3 : NAMES.length))
  return [name, random.pick(random.chance(0.9) ? VALUES.slice(0, random.chance(0.9) ? 5 : VALUES.length) : BAD_VALUES)]
}

/** What of HTTP/2 fields an HTTP/1.1 head must have, said without the code that is tested: no framing, no Host. */
export function regularFields(fields: readonly string[]): readonly string[] {
  const regular: string[][] = []
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value = ''] = fields.slice(i, i + 2)
    const crumbs = regular.find(([other]) => other === 'cookie' && name === 'cookie')
    if (crumbs !== undefined) crumbs[1] = [crumbs[1], value].filter((crumb) => crumb !== '').join('; ')
    else if (!/^(:.*|host|content-length|http2-settings)$/.test(name)) regular.push([name, value])
  }
  return regular.flat()
}
