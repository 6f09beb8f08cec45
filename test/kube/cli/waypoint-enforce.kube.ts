/** `fairway waypoint apply --enforce`: nothing goes past a waypoint, and nothing is refused on the way there or back. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eventually } from '../../e2e/support/eventually.ts'
import { listAt, textAt, valueAt } from '../../support/kube/stand-in/json.ts'
import { grant } from '../support/command.ts'
import { gateways } from '../support/objects.ts'
import { createWaypointBed, merge } from '../support/waypoint-bed.ts'

const bed = await createWaypointBed()
const { server, run, up, bind, createShop, createService, enrolledBy } = bed
const { ask } = server
after(() => bed[Symbol.asyncDispose]())

const policies = (namespace: string): string =>
  `/apis/security.istio.io/v1/namespaces/${namespace}/authorizationpolicies`

describe('--enforce', () => {
  before(async () => {
    await createShop('strict')
    await createService('strict', 'api')
    await createService('strict', 'db', { clusterIP: 'None' })
    await createShop('empty')
  })

  test('lets nobody past, once istiod sends all through the waypoint', async () => {
    await ask.good('POST', policies('strict'), {
      body: {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'scrapes' },
        spec: { rules: [{ from: [{ source: { namespaces: ['monitoring'] } }] }] },
      },
    })
    const istiod = (async (): Promise<void> => {
      await eventually('an enrolled namespace', async () => (await enrolledBy('strict')) === 'waypoint')
      await bind('strict', 'api', { isBound: false })
      assert.equal((await ask('GET', `${policies('strict')}/fairway-enforce-waypoint`)).code, 404)
      await bind('strict', 'api', { isBound: true })
    })()
    const [{ code, out, err }] = await Promise.all([up('strict', ' --enroll-namespace --enforce'), istiod])
    assert.equal(code, 0, err)
    assert.equal(
      out,
      'Gateway strict/waypoint created\nNamespace strict changed\nAuthorizationPolicy strict/fairway-enforce-waypoint created\n',
    )
    assert.match(err, /\nwaiting: Service strict\/api: /)
    assert.match(err, /\nwarning: AuthorizationPolicy strict\/scrapes lets others in as well, past the waypoint\n/)
    assert.match(err, /\nwarning: Service strict\/db is headless: what calls its Pods directly will be refused\n/)
    const policy = await ask.good('GET', `${policies('strict')}/fairway-enforce-waypoint`)
    assert.deepEqual(valueAt(policy, 'spec'), {
      action: 'ALLOW',
      rules: [{ from: [{ source: { principals: ['*/ns/strict/sa/waypoint'] } }] }],
    })
    const gateway = await ask.good('GET', gateways('strict', 'waypoint'))
    const [owner] = listAt(policy, 'metadata', 'ownerReferences')
    assert.equal(textAt(owner, 'uid'), textAt(gateway, 'metadata', 'uid'))
  })

  test('applied again it changes nothing', async () => {
    const { code, out } = await run('waypoint apply -n strict --enroll-namespace --enforce')
    assert.deepEqual(
      [code, out],
      [
        0,
        'Gateway strict/waypoint unchanged\nNamespace strict unchanged\nAuthorizationPolicy strict/fairway-enforce-waypoint unchanged\n',
      ],
    )
  })

  test('another waypoint is not enrolled where it would be refused', async () => {
    const { code, err } = await run('waypoint apply -n strict --name other --enroll-namespace --overwrite')
    assert.equal(code, 1)
    assert.match(
      err,
      /AuthorizationPolicy strict\/fairway-enforce-waypoint admits what comes through waypoint waypoint: through other everything would be refused; nothing was changed\n {2}--enforce admits other as well/,
    )
    assert.equal((await ask('GET', gateways('strict', 'other'))).code, 404)
  })

  test('a Service that goes another way is let alone, and policies that are stale go', async () => {
    await createService('strict', 'free')
    const change = (waypoint: string | null) =>
      ask.good('PATCH', '/api/v1/namespaces/strict/services/free', {
        body: { metadata: { labels: { 'istio.io/use-waypoint': waypoint } } },
        ...merge,
      })
    await change('none')
    const apart = await run('waypoint apply -n strict --enforce')
    assert.match(
      apart.err,
      /\nwarning: strict\/free does not go through it: each other Service gets a policy of its own/,
    )
    assert.deepEqual(apart.out.split('\n').slice(1), [
      'AuthorizationPolicy strict/fairway-enforce-waypoint-api created',
      'AuthorizationPolicy strict/fairway-enforce-waypoint deleted',
      '',
    ])
    await change(null)
    await bind('strict', 'free', { isBound: true, message: 'Successfully attached to waypoint strict/before' })
    const waiting = run('waypoint apply -n strict --enforce --waypoint-timeout 60s')
    const late = await run('waypoint apply -n strict --enforce --waypoint-timeout 100ms')
    assert.equal(late.code, 124)
    assert.match(
      late.err,
      /\nfairway waypoint apply: timed out after 100ms waiting for Services to go through Gateway strict\/waypoint: Service strict\/free: istiod still says: Successfully attached to waypoint strict\/before \(Gateway applied, not enforced\)\n/,
    )
    await bind('strict', 'free', { isBound: true, message: 'Successfully attached to waypoint strict/waypoint' })
    assert.deepEqual((await waiting).out.split('\n').slice(1), [
      'AuthorizationPolicy strict/fairway-enforce-waypoint created',
      'AuthorizationPolicy strict/fairway-enforce-waypoint-api deleted',
      '',
    ])
  })

  test('a waypoint that takes no calls to Services is not enforced', async () => {
    const { code, err } = await run('waypoint apply -n empty --for workload --enroll-namespace --enforce')
    assert.equal(code, 1)
    assert.match(
      err,
      /--enforce needs a waypoint for Services, and this one takes workload: calls to Services go past it/,
    )
    assert.equal(await enrolledBy('empty'), '')
  })

  test('who may not write policies is told before anything changes', async () => {
    await createShop('limited')
    await grant(server, 'limited', {
      namespace: 'limited',
      rights: ['get,list,patch,create gateways.gateway.networking.k8s.io', 'get,patch namespaces', 'list services'],
    })
    const { code, err } = await run('waypoint apply -n limited --enroll-namespace --enforce', { user: 'limited' })
    assert.equal(code, 77)
    assert.match(err, /user "limited" may not \w+ authorizationpolicies\.security\.istio\.io in namespace limited/)
    assert.equal((await ask('GET', gateways('limited', 'waypoint'))).code, 404)
    assert.equal(await enrolledBy('limited'), '')
  })

  test('there has to be something to enforce', async () => {
    const { code, err } = await run('waypoint apply -n empty --enforce')
    assert.equal(code, 1)
    assert.match(err, /nothing in namespace empty goes through Gateway empty\/waypoint: there is nothing to enforce\n/)
    assert.equal((await ask('GET', gateways('empty', 'waypoint'))).code, 404)
  })

  test('delete takes the policy first, and only that of ours', async () => {
    const { code, out, err } = await run('waypoint delete waypoint -n strict --yes')
    assert.deepEqual(
      [code, out],
      [
        0,
        'AuthorizationPolicy strict/fairway-enforce-waypoint deleted\nNamespace strict changed\nGateway strict/waypoint deleted\n',
      ],
    )
    assert.match(err, /\n {2}deletes AuthorizationPolicy strict\/fairway-enforce-waypoint, which enforces it\n/)
    const left = await ask.good('GET', policies('strict'))
    assert.deepEqual(
      listAt(left, 'items').map((one) => textAt(one, 'metadata', 'name')),
      ['scrapes'],
    )
  })
})
