import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { runArguments, startProcess, type RunningFairway } from './support/fairway-process.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { issueTo, replaceFile, writeCertificates } from './support/mesh-certificates.ts'
import { backend, formatObjects, gateway, httpRoute, service } from './support/objects.ts'

const network = '127.71.21'
const VIP = '10.96.0.10:80'

/** A value that stands nowhere else; the place it was planted in is told when it is found. */
const planted: string[] = []
const plant = (place: string): string => {
  const secret = `hunter2-${place}`
  planted.push(secret)
  return secret
}
const jwt = (place: string): string => {
  const payload = Buffer.from(JSON.stringify({ sub: `hunter2-${place}` })).toString('base64url')
  planted.push(payload)
  return `eyJhbGciOiJIUzI1NiJ9.${payload}.c2lnbmF0dXJl`
}
const pem = (place: string): string => `-----BEGIN PRIVATE KEY-----\n${plant(place)}AAAA\n-----END PRIVATE KEY-----\n`

const header = (name: string, value: string): object => ({ name, value })
const setHeaders = (...set: readonly object[]): object => ({
  type: 'RequestHeaderModifier',
  requestHeaderModifier: { set },
})

const secretObject = (name: string, fields: object): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop' },
  ...fields,
})

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  httpRoute('api', [
    {
      matches: [
        {
          headers: [header('x-api-key', plant('match-header'))],
          queryParams: [header('access_token', plant('match-query'))],
        },
      ],
      filters: [setHeaders(header('Authorization', `Bearer ${plant('filter-set')}`))],
      backendRefs: [backend('api', { filters: [setHeaders(header('x-token', plant('filter-backend')))] })],
    },
    { backendRefs: [backend('api')] },
  ]),
  // What cannot be read is quoted; this must not be.
  httpRoute(
    'broken',
    [
      { matches: [{ headers: [{ ...header('authorization', `[${plant('regex')}`), type: 'RegularExpression' }] }] },
      { filters: [setHeaders(header('cookie', `${plant('header-value')}\u0001`))] },
      { filters: [setHeaders({ name: 'x-a', value: 'a', password: { x: plant('unknown-field') } })] },
      { matches: [{ headers: [{ name: 'x-api-key', value: [plant('wrong-type')] }] }] },
      { matches: [{ path: { value: `https://ann:${plant('userinfo')}@api/` } }] },
      { timeouts: { token: jwt('jwt-in-field') } },
    ],
    { parent: 'api' },
  ),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'map' }, data: { password: [plant('config-map')] } },
  secretObject('good', { stringData: { password: plant('secret-string') } }),
  secretObject('bad-data', { data: plant('secret-data') }),
  secretObject('bad-value', { data: { a: [plant('secret-value')] } }),
  secretObject('bad-type', { type: { a: plant('secret-type') }, stringData: { a: plant('secret-sibling') } }),
  { ...secretObject('misspelled', { stringData: { a: plant('secret-kind') } }), kind: 'Secrt' },
  { ...secretObject('version', { stringData: { a: plant('secret-version') } }), apiVersion: 'v7' },
]

const assertHidden = (what: string, text: string): void => {
  const found = planted.filter((secret) => text.includes(secret))
  assert.deepEqual(found, [], `${what} shows secrets`)
}

for (const format of ['json', 'text'] as const) {
  describe(`secrets planted everywhere, access log as ${format}`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    before(async () => {
      mesh = await createMesh(objects)
      // A key that was given a wrong name is a document of one text.
      appendFileSync(mesh.objectsFile, `---\n${pem('document').replaceAll('\n', '\n ')}\n`)
      planted.push(readFileSync(join(mesh.certs, 'key.pem'), 'utf8').split('\n')[1] ?? '')
      await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
      fairway = await mesh.startFairway(1, ['--access-log', format, '--log-level', 'debug'])
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    it('are in force, so that there is something to be hidden', async () => {
      const client = await mesh.dial(fairway)
      const wanted = { headers: { 'x-api-key': 'hunter2-match-header' }, path: '/?access_token=hunter2-match-query' }
      const { status, body } = await client.request(VIP, wanted)
      assert.equal(status, 200)
      assert.match(body, /Bearer hunter2-filter-set/)
      assert.match(body, /hunter2-filter-backend/)
    })

    it('do not show in the access log, whatever requests bring', async () => {
      const client = await mesh.dial(fairway)
      const paths = [
        `/a?access_token=${plant('query')}&page=2`,
        `/a?x=${jwt('jwt-in-query')}`,
        `/a/${jwt('jwt-in-path')}/b`,
        `http://ann:${plant('absolute')}@api.shop.svc.cluster.local/a`,
        `/a?api%5Fkey=${plant('encoded-name')}`,
      ]
      const headers = {
        authorization: `Bearer ${plant('authorization')}`,
        'proxy-authorization': `Basic ${plant('proxy-authorization')}`,
        cookie: `session=${plant('cookie')}`,
        'x-api-key': plant('api-key'),
      }
      for (const path of paths) await client.request(VIP, { path, headers })
      await eventually('the access log', () => fairway.stdout().split('\n').length > paths.length)
      assert.match(fairway.stdout(), /page=2/, 'what is no secret stays')
      assertHidden('the access log', fairway.stdout())
    })

    it('do not show in the admin API and the metrics', async () => {
      const query = new URLSearchParams([
        ['authority', VIP],
        ['path', `/a?access_token=${plant('resolve-query')}`],
        ['header', `Authorization: Bearer ${plant('resolve-header')}`],
      ])
      const bad = new URLSearchParams([['header', `Cookie ${plant('resolve-bad')}`]])
      const { admin, metrics } = fairway.addresses
      const urls = [
        ...['/snapshot', '/conditions', '/status', `/resolve?${query}`, '/', '/none'].map(
          (path) => `http://${admin}${path}`,
        ),
        `http://${metrics}/stats/prometheus`,
      ]
      for (const url of urls) {
        const text = await (await fetch(url)).text()
        assert.ok(text.length > 10)
        assertHidden(url, text)
      }
      const refused = await fetch(`http://${admin}/resolve?${bad}`)
      assert.equal(refused.status, 400)
      assertHidden('/resolve', await refused.text())
    })

    it('do not show in what waypoint status prints', async () => {
      for (const output of ['table', 'wide', 'json', 'yaml']) {
        await using child = startProcess(['waypoint', 'status', '-f', mesh.objectsFile, '-o', output])
        assert.deepEqual(await child.ended, { code: 79, signal: null }, child.stderr())
        assert.match(child.stdout(), /bad-value/)
        assertHidden(`status -o ${output}`, `${child.stdout()}${child.stderr()}`)
      }
    })

    it('do not show in the log, also when files go bad', async () => {
      const text = readFileSync(mesh.objectsFile, 'utf8')
      const bad = [
        `password: *${plant('alias')}`,
        `password: !${plant('tag')} x`,
        `password: |${plant('block')}\n  x`,
        `a: 1\n\tpassword: ${plant('tab')}`,
        `password: "${plant('escape')}\\q"`,
        `password: ${plant('twice')}\npassword: ${plant('again')}`,
      ]
      for (const [index, document] of bad.entries()) {
        const known = fairway.log().length
        replaceFile(mesh.objectsFile, `${text}---\n${document}\n`)
        await eventually(`an issue of ${index}`, () =>
          fairway
            .log()
            .slice(known)
            .some(({ event }) => event === 'config-issue' || event === 'object-issue'),
        )
      }
      // Of each broken object there is a line: the test would see nothing if nothing were said.
      for (const name of ['shop/broken', 'shop/bad-data', 'shop/bad-value', 'shop/misspelled', 'shop/version']) {
        assert.ok(fairway.stderr().includes(name), name)
      }
      assertHidden('the log', fairway.stderr())
      const conditions = JSON.stringify(await fairway.admin('/conditions'))
      assertHidden('/conditions', conditions)
    })

    it('do not show when certificates are replaced by what does not fit', async () => {
      const { privateKeyPem } = await issueTo(mesh.ca, 'shop/waypoint')
      planted.push(privateKeyPem.split('\n')[1] ?? '')
      const bad = [privateKeyPem, pem('malformed-key')]
      for (const key of bad) {
        const known = fairway.log().length
        replaceFile(join(mesh.certs, 'key.pem'), key)
        await eventually('a refusal', () =>
          fairway
            .log()
            .slice(known)
            .some(({ message }) => String(message).includes('refused: ')),
        )
      }
      assertHidden('the log', fairway.stderr())
    })
  })
}

describe('secrets at a start that fails', () => {
  let mesh: Mesh
  before(async () => {
    mesh = await createMesh([gateway])
  })
  after(() => mesh?.[Symbol.asyncDispose]())

  const fail = async (changes: { readonly file?: string; readonly certs?: string }): Promise<string> => {
    const files = [changes.file ?? mesh.objectsFile]
    await using child = startProcess(runArguments({ files, certs: changes.certs ?? mesh.certs, workers: 1 }))
    assert.deepEqual(await child.ended, { code: 78, signal: null }, child.stderr())
    assertHidden('the message', `${child.stderr()}${child.stdout()}`)
    return child.stderr()
  }

  it('do not show when a key does not fit, or is none', async () => {
    const credentials = await issueTo(mesh.ca, 'shop/waypoint')
    const other = await issueTo(mesh.ca, 'shop/waypoint')
    for (const { privateKeyPem } of [credentials, other]) planted.push(privateKeyPem.split('\n')[1] ?? '')
    for (const privateKeyPem of [other.privateKeyPem, pem('start-key'), plant('start-no-pem')]) {
      const certs = writeCertificates(join(mesh.dir, 'bad'), { ...credentials, privateKeyPem })
      assert.match(await fail({ certs }), /private key/)
    }
    const chain = { ...credentials, certificateChainPem: credentials.privateKeyPem }
    assert.match(await fail({ certs: writeCertificates(join(mesh.dir, 'swapped'), chain) }), /no certificate found/)
  })

  it('do not show when a file cannot be read', async () => {
    mkdirSync(join(mesh.dir, 'files'))
    const file = join(mesh.dir, 'files', 'a.yaml')
    writeFileSync(file, `${formatObjects([gateway])}---\npassword: *${plant('start-alias')}\n`)
    assert.match(await fail({ file }), /a\.yaml:\d+:\d+: /)
  })
})
