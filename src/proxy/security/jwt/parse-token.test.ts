import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseToken } from './parse-token.ts'

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const token = (header: unknown, claims: unknown, signature = 'c2ln'): string =>
  `${encode(header)}.${encode(claims)}.${signature}`
const rs = { alg: 'RS256' }

describe('a token', () => {
  it('is taken apart', () => {
    const claims = { iss: 'a', sub: 'b', aud: 'https://c/', exp: 2, nbf: 1.5, azp: 'd' }
    const text = token({ ...rs, kid: 'k' }, claims)
    assert.deepEqual(parseToken(text), {
      text,
      alg: 'RS256',
      kid: 'k',
      payload: text.split('.')[1],
      claims,
      issuer: 'a',
      subject: 'b',
      audiences: ['https://c/'],
      comparable: ['c'],
      expiresAt: 2,
      validFrom: 1.5,
    })
  })
  it('may have next to nothing in it', () => {
    const text = token(rs, {})
    const parsed = parseToken(text)
    assert.ok(typeof parsed !== 'string')
    const { issuer, subject, audiences, expiresAt, kid } = parsed
    assert.deepEqual(
      { issuer, subject, audiences, expiresAt, kid },
      {
        issuer: '',
        subject: '',
        audiences: [],
        expiresAt: undefined,
        kid: undefined,
      },
    )
  })
})

const refused: readonly (readonly [what: string, text: string, fault: string])[] = [
  ['two parts', 'a.b', 'badForm'],
  ['four parts', 'a.b.c.d', 'badForm'],
  ['five parts, as an encrypted one has', 'a.b.c.d.e', 'badForm'],
  ['no signature', token(rs, {}, ''), 'badForm'],
  ['padding', `${token(rs, {})}==`, 'badForm'],
  ['the other alphabet', token(rs, {}, 'ab+/'), 'badForm'],
  ['white space', `${token(rs, {})} x`, 'badForm'],
  ['a line feed at its end', `${token(rs, {})}\n`, 'badForm'],
  ['nothing', '', 'badForm'],
  ['17 KiB', token(rs, { a: 'x'.repeat(13_000) }), 'tooLarge'],
  ['a header that is no JSON', token('{', {}), 'badHeader'],
  ['a header that is a list', token([], {}), 'badHeader'],
  ['a header that is no UTF-8', `${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.e30.c2ln`, 'badHeader'],
  ['no alg', token({}, {}), 'badAlg'],
  ['an alg that is a list', token({ alg: ['RS256'] }, {}), 'badAlg'],
  ...['none', 'None', 'nOnE', '', 'HS256', 'HS512', 'rs256', 'RS1', 'dir', 'A128KW', 'ES256K', '__proto__'].map(
    (alg) => [`alg ${alg}`, token({ alg }, {}), 'unsupportedAlg'] as const,
  ),
  ['a kid that is a number', token({ ...rs, kid: 1 }, {}), 'badKid'],
  ['crit', token({ ...rs, crit: ['exp'] }, {}), 'critical'],
  ['crit that is empty', token({ ...rs, crit: [] }, {}), 'critical'],
  ['b64, which makes the payload another', token({ ...rs, b64: false }, {}), 'critical'],
  ['a payload that is a list', token(rs, []), 'badPayload'],
  ['a payload that is a text', token(rs, '"x"'), 'badPayload'],
  ['a payload cut off', token(rs, '{"iss":'), 'badPayload'],
  ['an iss that is a list', token(rs, { iss: ['a'] }), 'badIss'],
  ['an iss that is null', token(rs, { iss: null }), 'badIss'],
  ['a sub that is a number', token(rs, { sub: 1 }), 'badSub'],
  ['an aud that is an object', token(rs, { aud: {} }), 'badAud'],
  ['an aud with a number in it', token(rs, { aud: ['a', 1] }), 'badAud'],
  ['an exp that is a text', token(rs, { exp: '99999999999' }), 'badExp'],
  ['an exp below 0', token(rs, { exp: -1 }), 'badExp'],
  ['an exp that is null', token(rs, { exp: null }), 'badExp'],
  ['an nbf that is a text', token(rs, { nbf: 'now' }), 'badNbf'],
  ['an iat that is true', token(rs, { iat: true }), 'badIat'],
]
describe('is refused:', () => {
  for (const [what, text, fault] of refused) it(what, () => assert.equal(parseToken(text), fault))
})
