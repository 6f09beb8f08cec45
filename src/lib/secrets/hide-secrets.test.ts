import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hideInTarget, hideSecrets, isSecretName } from './hide-secrets.ts'

describe('names of secrets', () => {
  const secret = [
    ...['Authorization', 'proxy-authorization', 'Cookie', 'set-cookie', 'x-api-key', 'X-Auth-Token', 'api_key'],
    ...['access_token', 'id_token', 'clientSecret', 'password', 'accessToken', 'X-Amz-Signature', 'sig', 'authtoken'],
  ]
  const harmless = [
    'x-user',
    'accept',
    'monkey',
    'path',
    'author',
    'x-request-id',
    'jwtRules',
    'keyboard',
    'q',
    '',
    'tokenizer',
    'statusCode',
  ]
  for (const name of secret) it(`${name} is one`, () => assert.equal(isSecretName(name), true))
  for (const name of harmless) it(`'${name}' is none`, () => assert.equal(isSecretName(name), false))
})

const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----'

describe('secrets within a text', () => {
  const cases: readonly (readonly [name: string, text: string, shown: string])[] = [
    ['a private key', `bad: ${pem} and so on`, 'bad: (hidden) and so on'],
    ['the beginning of a private key', pem.slice(0, 40), '(hidden)'],
    ['a JSON web token', `claim of ${jwt} is wrong`, 'claim of (hidden) is wrong'],
    ['the beginning of one', jwt.slice(0, 40), '(hidden)'],
    ['credentials of a scheme', 'got "Bearer aGVsbG8=" there', 'got "Bearer (hidden)" there'],
    ['basic credentials', 'Basic dXNlcjpwYXNz', 'Basic (hidden)'],
    ['a header line', 'Cookie: a=hunter2; b=3', 'Cookie: (hidden)'],
    ['a header as JSON', '{"x-api-key":"hunter2","a":1}', '{"x-api-key":"(hidden)","a":1}'],
    ['userinfo', 'dial https://ann:hunter2@db.example/x failed', 'dial https://(hidden)@db.example/x failed'],
    ['a query parameter', 'GET /a?b=1&access_token=hunter2 failed', 'GET /a?b=1&access_token=(hidden) failed'],
    ['several', `${jwt} ${jwt}`, '(hidden) (hidden)'],
  ]
  for (const [name, text, shown] of cases) it(name, () => assert.equal(hideSecrets(text), shown))

  const harmless = [
    'a certificate cannot be read: -----BEGIN CERTIFICATE-----',
    'cannot listen on 127.0.0.1:15000 (admin): see https://example.org/a?b=c@d',
    'spiffe://cluster.local/ns/shop/sa/api is of a foreign trust domain',
    'x-user is not Exact ann',
    'basic rules apply',
    '',
  ]
  for (const text of harmless) it(`stays: ${text}`, () => assert.equal(hideSecrets(text), text))

  it('a text made to be slow is not', { timeout: 20_000 }, () => {
    for (const piece of [
      '-----BEGIN PRIVATE KEY-----',
      'eyJa.',
      'a://',
      'Bearer ',
      'cookie:',
      'x-a',
      '?a',
      '?token=',
    ]) {
      assert.ok(hideSecrets(piece.repeat(20_000)).length > 0)
    }
  })
})

describe('secrets within a request target', () => {
  const cases: readonly (readonly [target: string, shown: string])[] = [
    ['/a?q=1&access_token=hunter2&r=2', '/a?q=1&access_token=(hidden)&r=2'],
    ['/a?access%5Ftoken=hunter2', '/a?access%5Ftoken=(hidden)'],
    ['/callback?code=hunter2&state=1', '/callback?code=(hidden)&state=1'],
    ['/a?Token=hunter2', '/a?Token=(hidden)'],
    [`/a?x=${jwt}`, '/a?x=(hidden)'],
    [`/a?${jwt}`, '/a?(hidden)'],
    [`/verify/${jwt}/now`, '/verify/(hidden)/now'],
    [`/verify/${jwt}?a=b`, '/verify/(hidden)?a=b'],
    ['http://ann:hunter2@api/', 'http://(hidden)@api/'],
    ['http://ann:hunter2@api/?a=b', 'http://(hidden)@api/?a=b'],
    ['/a?next=https://ann:hunter2@api/', '/a?next=https://(hidden)@api/'],
    ['/items?q=1&r=a%20b', '/items?q=1&r=a%20b'],
    ['/items', '/items'],
    ['*', '*'],
    ['/a?%zz=1', '/a?%zz=1'],
    ['/a?', '/a?'],
  ]
  for (const [target, shown] of cases) it(target, () => assert.equal(hideInTarget(target), shown))
})
