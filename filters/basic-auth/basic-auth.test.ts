import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import basicAuth from './basic-auth.ts'
import { readPasswordHash } from './password-hash.ts'

const hashOf = (name: string, algorithm: string, password: string, salt = ''): string => {
  const digest = createHash(algorithm).update(password).update(salt).digest()
  return `{${name}}${Buffer.concat([digest, Buffer.from(salt)]).toString('base64')}`
}
const credentials = [
  // As `htpasswd -nbs ann hunter2` writes it.
  { client: 'ann', hash: '{SHA}87u9ZqY9S/F0eUBXjsPQEDUw4h0=' },
  { client: 'ben', hash: hashOf('SSHA512', 'sha512', 'pass:wörd', 'salt1234') },
]
const basic = (login: string, scheme = 'Basic'): string => `${scheme} ${Buffer.from(login).toString('base64')}`
const config = { credentials, userHeader: 'X-User', realm: 'shop' }

describe('BasicAuth', () => {
  for (const [written, user] of [
    [basic('ann:hunter2'), 'ann'],
    [basic('ann:hunter2', 'bASIC '), 'ann'],
    [basic('ben:pass:wörd'), 'ben'],
  ] as const) {
    it(`knows ${user}, and keeps the password from the Service`, async () => {
      const headers = [
        ['authorization', written],
        ['x-user', 'root'],
        ['x_user', 'root'],
      ] as const
      const { kind, request } = await runFilter(basicAuth, config, { exchange: { headers } })
      assert.equal(kind, 'forwarded')
      assert.deepEqual(Object.fromEntries(request.headers), { 'x-user': user })
      assert.ok(request.headers.hasCredentials)
      const kept = await runFilter(basicAuth, { ...config, forwardAuthorization: true }, { exchange: { headers } })
      assert.equal(kept.request.headers.get('authorization'), written)
    })
  }

  for (const [written, reason] of [
    [undefined, 'no_credential_for_basic_auth'],
    ['', 'invalid_format_for_basic_auth'],
    ['Basic', 'invalid_format_for_basic_auth'],
    ['Bearer abc', 'invalid_format_for_basic_auth'],
    ['Basic !', 'invalid_format_for_basic_auth'],
    [basic('ann'), 'invalid_format_for_basic_auth'],
    [basic(':hunter2'), 'invalid_format_for_basic_auth'],
    [`${basic('ann:hunter2')}, ${basic('ann:hunter2')}`, 'invalid_format_for_basic_auth'],
    [basic(`ann:${'x'.repeat(5000)}`), 'invalid_format_for_basic_auth'],
    [basic('ann:hunter'), 'invalid_credential_for_basic_auth'],
    [basic('ann:'), 'invalid_credential_for_basic_auth'],
    [basic('ANN:hunter2'), 'invalid_credential_for_basic_auth'],
    [basic('carl:hunter2'), 'invalid_credential_for_basic_auth'],
    [basic('ben:hunter2'), 'invalid_credential_for_basic_auth'],
  ] as const) {
    it(`refuses ${String(written).slice(0, 60)}`, async () => {
      const headers = written === undefined ? [] : [['authorization', written] as const]
      const { reply, response } = await runFilter(basicAuth, config, { exchange: { headers } })
      assert.deepEqual([reply?.status, reply?.reason], [401, reason])
      assert.equal(response.headers.get('www-authenticate'), 'Basic realm="shop", charset="UTF-8"')
    })
  }

  for (const [name, algorithm] of [
    ['SHA', 'sha1'],
    ['SHA256', 'sha256'],
    ['SHA512', 'sha512'],
  ] as const) {
    it(`reads hashes of ${name}, with salt and without`, () => {
      for (const hash of [hashOf(name, algorithm, 'p'), hashOf(`S${name}`, algorithm, 'p', 'salt')]) {
        const check = readPasswordHash(hash)
        assert.deepEqual([check?.('p'), check?.('q'), check?.('')], [true, false, false])
      }
      assert.equal(readPasswordHash(hashOf(name, algorithm, 'p', 'salt')), undefined)
      assert.equal(readPasswordHash(hashOf(`S${name}`, algorithm, 'p')), undefined)
    })
  }

  for (const wrong of [
    {},
    { credentials: [{ client: 'ann', hash: 'hunter2' }] },
    { credentials: [{ client: 'ann', hash: '$apr1$x$hunter2' }] },
    { credentials: [{ client: 'ann', hash: '{SHA}aHVudGVyMg==' }] },
    { credentials, realm: 'a"b' },
  ]) {
    it(`refuses ${JSON.stringify(wrong).slice(0, 80)}, and shows no secret`, () => {
      const decoded = basicAuth.config.decode(wrong, 'spec')
      assert.ok(!decoded.ok)
      assert.ok(!/hunter2|aHVud/.test(JSON.stringify(decoded.issues)))
    })
  }
})
