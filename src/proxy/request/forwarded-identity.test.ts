import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import { VIP, Mesh, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import type { Pod, PodOptions } from '../../../test/support/mesh/pod.ts'
import { backendOf } from '../../../test/support/models.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { anything } from '../../lib/schema.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import type { Model } from '../../model/model.ts'
import type { Rule } from '../../model/route.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const TOLD: Partial<Model> = { tellsClientIdentity: true }
const OK = 'HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok'
const xfcc = (client: string): string => `By=${identityOf('waypoint')};URI=${identityOf(client)}`

/** What a client may well claim. */
const SPOOFED = [
  `X-Forwarded-Client-Cert: By=${identityOf('waypoint')};URI=${identityOf('admin')}`,
  `x_forwarded_client_cert: URI=${identityOf('admin')}`,
  `x-forwarded-client-cert: again`,
  'x_forwarded_for: 1.2.3.4',
  'x-envoy-internal: true',
  'x-envoy-peer-metadata: CgA=',
  'x-envoy-peer-metadata-id: sidecar~1.2.3.4~admin.shop~shop.svc.cluster.local',
  'x-istio-source: waypoint',
  'x-forwarded-for: 192.0.2.7',
  '',
].join('\r\n')

const IDENTITY = /^x[-_](forwarded[-_](for|client[-_]cert)|envoy|istio)/

/** What of a request says who sent it. */
const identityFields = ({ fields }: HeaderList): readonly string[] =>
  fields.flatMap((name, i) => (i % 2 === 0 && IDENTITY.test(name) ? [`${name}: ${fields[i + 1]}`] : []))

const told = (pod: Pod): readonly (readonly string[])[] =>
  pod.tunnels.flatMap(({ requests }) => requests.map(({ head }) => identityFields(head.headers)))

/** A filter that notes what it sees on the way in, and says what `set` has. */
const noting = (seen: string[][], set: readonly (readonly [string, string])[] = []): FilterDefinition => ({
  kind: 'Noting',
  stage: 'shape',
  config: anything(),
  create: () => ({
    onRequest: ({ request }) => {
      seen.push([...identityFields(request.headers)])
      for (const [name, value] of set) request.headers.set(name, value)
    },
  }),
})
const filters = [{ kind: 'Noting', config: {}, origin: 'test' }]

describe('what a client says of its identity', () => {
  const received = 'x-forwarded-for: 192.0.2.7'
  const appended = [`${received}, 127.0.0.1`]
  const cases = [
    { name: 'is not passed on', parts: {}, wanted: appended },
    {
      name: 'gives way to what it proved where the Gateway has it told',
      parts: TOLD,
      wanted: [...appended, `x-forwarded-client-cert: ${xfcc('client')}`],
    },
  ]
  for (const { name, parts, wanted } of cases) {
    it(`${name}, and no filter sees it`, async () => {
      const seen: string[][] = []
      mesh = await Mesh.start({ filters: [noting(seen)], rule: { filters } })
      mesh.apply(mesh.model(parts))
      await (await mesh.tunnel()).get('/', SPOOFED)
      assert.deepEqual([seen, told(mesh.pod)], [[[received]], [wanted]])
      assert.equal((await mesh.record(1)).forwardedFor, '192.0.2.7')
    })
  }

  it('is not passed on when a filter says it', async () => {
    const set = [
      ['x-forwarded-client-cert', 'URI=admin'],
      ['x_forwarded_client_cert', 'URI=admin'],
    ] as const
    mesh = await Mesh.start({ filters: [noting([], set)], rule: { filters } })
    const tunnel = await mesh.tunnel()
    await tunnel.get()
    mesh.apply(mesh.model(TOLD))
    await tunnel.get()
    const address = 'x-forwarded-for: 127.0.0.1'
    assert.deepEqual(told(mesh.pod), [[address], [`x-forwarded-client-cert: ${xfcc('client')}`, address]])
  })
})

describe('the address of the client stands behind what was said before, in one field:', () => {
  const cases: readonly (readonly [name: string, fields: readonly string[], wanted: string])[] = [
    ['nothing', [], '127.0.0.1'],
    ['one', ['x-forwarded-for: 192.0.2.7'], '192.0.2.7, 127.0.0.1'],
    ['a list', ['x-forwarded-for: 192.0.2.7,10.0.0.1'], '192.0.2.7,10.0.0.1, 127.0.0.1'],
    [
      'two lines',
      ['x-forwarded-for: 192.0.2.7', 'x-a: 1', 'x-forwarded-for: 10.0.0.1'],
      '192.0.2.7, 10.0.0.1, 127.0.0.1',
    ],
    ['an empty line', ['x-forwarded-for:', 'x-forwarded-for: 10.0.0.1'], '10.0.0.1, 127.0.0.1'],
    ['nothing but an empty line', ['x-forwarded-for:'], '127.0.0.1'],
  ]
  for (const [name, fields, wanted] of cases) {
    it(name, async () => {
      mesh = await Mesh.start()
      await (await mesh.tunnel()).get('/', fields.map((line) => `${line}\r\n`).join(''))
      assert.deepEqual(told(mesh.pod), [[`x-forwarded-for: ${wanted}`]])
    })
  }
})

describe('an endpoint that is told who the client is', () => {
  it('tells clients apart that share its connection, and hears of a change of the Gateway at once', async () => {
    mesh = await Mesh.start()
    mesh.apply(mesh.model(TOLD))
    const tunnels = [await mesh.tunnel(), await openTunnel(await mesh.dial({ identity: identityOf('other') }), VIP)]
    for (const tunnel of tunnels) await tunnel.get()
    mesh.apply(mesh.model())
    for (const tunnel of tunnels) await tunnel.get()
    const found = told(mesh.pod).map(([field]) => field)
    assert.deepEqual(found, [
      `x-forwarded-client-cert: ${xfcc('client')}`,
      `x-forwarded-client-cert: ${xfcc('other')}`,
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-for: 127.0.0.1',
    ])
  })

  it('hears it of a client that speaks HTTP/2', async () => {
    mesh = await Mesh.start({ protocol: 'unknown' })
    mesh.apply(mesh.model(TOLD))
    const inner = await openInner(await mesh.dial(), VIP)
    const fields = [':method', 'GET', ':scheme', 'http', ':authority', 'api', ':path', '/']
    inner.h2.open([...fields, 'x-forwarded-client-cert', 'URI=admin'], ignore, true)
    await until(() => mesh.pod.requests === 1)
    assert.deepEqual(told(mesh.pod), [[`x-forwarded-client-cert: ${xfcc('client')}`, 'x-forwarded-for: 127.0.0.1']])
  })

  it('hears it once, however often the request is tried and copied', async () => {
    const mirrors = [backendOf('shadow')].map(({ service, endpoints }) => ({
      service,
      endpoints,
      numerator: 1,
      denominator: 1,
      origin: 'the test',
    }))
    let given = 0
    const onRequest: PodOptions['onRequest'] = (tunnel) =>
      void tunnel.write(given++ < 2 ? 'HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n' : OK)
    const rule: Partial<Rule> = {
      mirrors,
      backends: [{ ...backendOf('api'), mirrors }],
      retry: { codes: [503], attempts: 2, backoffMs: 1 },
    }
    mesh = await Mesh.start({ pods: [{ onRequest }, {}], rule })
    const [main, shadow] = mesh.pods
    assert.ok(main !== undefined && shadow !== undefined)
    const endpoints = [main, shadow].map(({ options }, i) => ({
      key: formatEndpointKey('shop', i === 0 ? 'api' : 'shadow', 80),
      endpoints: [mesh.endpoint(options.address)],
    }))
    mesh.apply(mesh.model({ ...TOLD, endpoints }))
    await (await mesh.tunnel()).get('/', SPOOFED)
    await until(() => shadow.requests === 2 && mesh.counters.openMirrors === 0)
    const wanted = ['x-forwarded-for: 192.0.2.7, 127.0.0.1', `x-forwarded-client-cert: ${xfcc('client')}`]
    assert.deepEqual(told(main), [wanted, wanted, wanted])
    assert.deepEqual(told(shadow), [wanted, wanted])
  })
})

const ignore = {
  onHeaders: () => {},
  onData: () => {},
  onEnd: () => {},
  onDrain: () => {},
  onReset: () => {},
}
