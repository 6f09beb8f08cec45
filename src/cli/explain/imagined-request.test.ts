import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CliError } from '../verb.ts'
import { imagineRequest, type RequestFlags } from './imagined-request.ts'

const none: RequestFlags = { header: [], 'cluster-domain': 'cluster.local' }

const good: readonly {
  readonly words: readonly string[]
  readonly flags?: Partial<RequestFlags>
  readonly authorities: readonly string[]
  readonly parameters: string
}[] = [
  {
    words: ['http://10.96.0.10/a?b=c#d'],
    authorities: ['10.96.0.10:80'],
    parameters: 'method=GET&path=/a?b=c&header=host: 10.96.0.10',
  },
  {
    words: ['post', 'api.shop:8080'],
    authorities: ['api.shop.svc.cluster.local:8080', 'api.shop.cluster.local:8080', 'api.shop:8080'],
    parameters: 'method=POST&path=/&header=host: api.shop:8080',
  },
  {
    words: ['http://api'],
    flags: { from: 'shop/web', request: 'HEAD', header: ['Host: x', 'a: b'] },
    authorities: ['api.shop.svc.cluster.local:80', 'api.svc.cluster.local:80', 'api.cluster.local:80', 'api:80'],
    parameters: 'method=HEAD&path=/&header=Host: x&header=a: b&source=shop/web',
  },
  {
    words: ['http://api.shop.svc.cluster.local/%2e'],
    flags: { from: 'td/shop/web', claims: '{}', address: '10.0.0.1' },
    authorities: ['api.shop.svc.cluster.local:80'],
    parameters:
      'method=GET&path=/%2e&header=host: api.shop.svc.cluster.local&source=spiffe://td/ns/shop/sa/web&address=10.0.0.1&claims={}',
  },
  {
    words: ['http://api.example.com.'],
    authorities: ['api.example.com.:80'],
    parameters: 'method=GET&path=/&header=host: api.example.com.',
  },
  {
    words: ['http://[fd00::1]:81?q'],
    authorities: ['[fd00::1]:81'],
    parameters: 'method=GET&path=/?q&header=host: [fd00::1]:81',
  },
  { words: ['tcp://10.96.0.30:5432/'], authorities: ['10.96.0.30:5432'], parameters: '' },
  { words: ['tls://10.96.0.30'], authorities: ['10.96.0.30:443'], parameters: 'sni=' },
  {
    words: ['TLS://a.svc.cluster.local:8443'],
    authorities: ['a.svc.cluster.local:8443'],
    parameters: 'sni=a.svc.cluster.local',
  },
  { words: ['tls://10.96.0.30'], flags: { sni: 'a.b' }, authorities: ['10.96.0.30:443'], parameters: 'sni=a.b' },
]

describe('a request on the command line', () => {
  for (const { words, flags, authorities, parameters } of good) {
    it(words.join(' '), () => {
      const request = imagineRequest(words, { ...none, ...flags })
      assert.deepEqual(request.authorities, authorities)
      assert.equal([...request.parameters].map((pair) => pair.join('=')).join('&'), parameters)
    })
  }
})

const bad: readonly (readonly [words: readonly string[], flags: Partial<RequestFlags>, message: RegExp])[] = [
  [[], {}, /^the URL is missing/],
  [['GET'], {}, /^the URL is missing/],
  [['http://'], {}, /^"http:\/\/" is not an http URL/],
  [['https://api.shop/'], {}, /^https:\/\/api\.shop\/: a waypoint does not see what is inside TLS/],
  [['ftp://api.shop/'], {}, /^ftp:\/\/api\.shop\/: nothing is known of ftp/],
  [['http://ann:secret@api.shop/'], {}, /^the URL holds a user name or password$/],
  [['tcp://db.shop'], {}, /^the URL "db\.shop" is not of the form HOST:PORT/],
  [['http://api.shop:99999/'], {}, /^the URL "api\.shop:99999"/],
  [['GET', 'http://api.shop'], { request: 'PUT' }, /^two methods are given, GET and --request PUT/],
  [['GET', 'tcp://db.shop:1'], {}, /^GET is about a request/],
  [['tcp://db.shop:1'], { header: ['a: b'] }, /^--header is about a request/],
  [['tls://db.shop:1'], { claims: '{}' }, /^--claims is about a request/],
]

describe('what is no request', () => {
  for (const [words, flags, message] of bad) {
    it(message.source, () => {
      assert.throws(
        () => imagineRequest(words, { ...none, ...flags }),
        (error) => error instanceof CliError && error.exitCode === 64 && message.test(error.message),
      )
    })
  }
})
