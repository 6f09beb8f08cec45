/** What objects say of endpoints reaches the choice among them: readiness, zones and BackendPolicies, changed under way. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { createTranslator } from '../../src/config/translate/translate.ts'
import { Mesh, podAddress } from '../support/mesh/mesh.ts'
import type { ClientTunnel } from '../support/mesh/client-tunnel.ts'
import { loadText } from '../support/load-text.ts'

const pods = [podAddress(60), podAddress(61), podAddress(62)] as const

interface PodFacts {
  readonly conditions?: string
  readonly zone?: string
}

/** Service `shop/api` with its three pods in plaintext; `facts` of each in turn. */
const objects = (port: number, facts: readonly PodFacts[] = [], more = '', service = ''): string => `
{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: waypoint, namespace: shop }, spec: { gatewayClassName: fairway, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }, spec: { clusterIP: 10.96.0.12, ports: [{ name: http, port: 80 }]${service} } }
---
{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: api, namespace: shop, labels: { kubernetes.io/service-name: api } }, addressType: IPv4, ports: [{ name: http, port: ${port} }], endpoints: [${pods
  .map((address, index) => {
    const { conditions = 'ready: true', zone = 'b' } = facts[index] ?? {}
    return `{ addresses: [${address}], conditions: { ${conditions} }, zone: ${zone} }`
  })
  .join()}] }
${more}`

const policy = (spec: string): string =>
  `---
{ apiVersion: fairway.dev/v1alpha1, kind: BackendPolicy, metadata: { name: api, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: api }], ${spec} } }`

const byUser = policy(
  'loadBalancing: { algorithm: ConsistentHash, consistentHash: { hashOn: { type: Header, name: X-User } } }',
)
const notReady = { conditions: 'ready: false, serving: false' }
const draining = { conditions: 'ready: false, serving: true, terminating: true' }
const users = Array.from({ length: 60 }, (_, index) => `user-${index}`)

describe('what objects say of endpoints reaches the choice among them', () => {
  const servers: Server[] = []
  let port = 0
  let mesh: Mesh
  let tunnel: ClientTunnel
  let apply: (text: string) => void
  before(async () => {
    for (const address of pods) {
      const server = createServer((_, response) => response.end(address))
      server.listen(port, address)
      await once(server, 'listening')
      const bound = server.address()
      port = typeof bound === 'object' && bound !== null ? bound.port : 0
      servers.push(server)
    }
  })
  after(() => {
    for (const server of servers) server.close()
  })
  beforeEach(async () => {
    mesh = await Mesh.start()
    const translate = createTranslator({
      clusterDomain: 'cluster.local',
      trustDomain: 'cluster.local',
      rootNamespace: 'istio-system',
      pathNormalization: 'BASE',
      zone: 'a',
    })
    apply = (text) => mesh.apply(translate(loadText('objects.yaml', text).objects).model)
    apply(objects(port))
    tunnel = await mesh.tunnel()
  })
  afterEach(() => mesh.close())

  /** Which pod answers each user, one request after the other. */
  const askAll = async (): Promise<ReadonlyMap<string, string>> => {
    const answers = new Map<string, string>()
    for (const user of users) {
      const { head, body } = await tunnel.get('/', `x-user: ${user}\r\n`)
      assert.equal(head.status, 200)
      answers.set(user, body.toString())
    }
    return answers
  }
  const podsOf = (answers: ReadonlyMap<string, string>): readonly string[] => [...new Set(answers.values())].toSorted()

  const cases: readonly (readonly [
    name: string,
    facts: readonly PodFacts[],
    wanted: readonly string[],
    service?: string,
  ])[] = [
    ['all that are ready', [], pods],
    ['not those that are not ready', [notReady], pods.slice(1)],
    ['not one that terminates while another is ready', [draining, notReady], pods.slice(2)],
    ['the last ones that serve', [notReady, draining, notReady], pods.slice(1, 2)],
    ['those nearby', [{ zone: 'a' }, { zone: 'a' }], pods.slice(0, 2), ', trafficDistribution: PreferSameZone'],
    ['those far away where nobody asks for nearby ones', [{ zone: 'a' }], pods],
  ]
  for (const [name, facts, wanted, service] of cases) {
    it(name, async () => {
      apply(objects(port, facts, '', service))
      assert.deepEqual(podsOf(await askAll()), wanted.toSorted())
    })
  }

  it('each user has one pod while a policy asks for it, and only those of a pod that goes move', async () => {
    apply(objects(port, [], byUser))
    const first = await askAll()
    assert.deepEqual(await askAll(), first)
    assert.deepEqual(podsOf(first), pods.toSorted())
    apply(objects(port, [draining], byUser))
    const second = await askAll()
    const moved = users.filter((user) => first.get(user) !== second.get(user))
    assert.deepEqual(
      moved,
      users.filter((user) => first.get(user) === pods[0]),
    )
    apply(objects(port, [], byUser))
    assert.deepEqual(await askAll(), first)
  })

  it('a mistake in a policy closes nothing', async () => {
    apply(objects(port, [], byUser.replace('X-User', 'X User')))
    assert.deepEqual(podsOf(await askAll()), pods.toSorted())
  })
})
