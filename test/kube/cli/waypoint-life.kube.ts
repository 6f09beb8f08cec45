/** A waypoint from apply to delete. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eventually } from '../../e2e/support/eventually.ts'
import { listAt, textAt, valueAt } from '../../support/kube/stand-in/json.ts'
import { grant } from '../support/command.ts'
import { gateways } from '../support/objects.ts'
import { createWaypointBed, merge, pending } from '../support/waypoint-bed.ts'

const bed = await createWaypointBed()
const { server, run, up, createShop, createService, enrolledBy } = bed
const { ask } = server
after(() => bed[Symbol.asyncDispose]())

describe('from apply to delete', () => {
  before(async () => {
    await createShop('shop')
    await createService('shop', 'api')
    await createService('shop', 'web')
  })

  test('apply shows what changes, waits with its reasons, and enrols the namespace when it is ready', async () => {
    const { code, out, err } = await up('shop', ' --enroll-namespace')
    assert.deepEqual([code, out], [0, 'Gateway shop/waypoint created\nNamespace shop changed\n'])
    const lines = err.trimEnd().split('\n')
    assert.equal(lines[0], 'Gateway shop/waypoint (new)')
    assert.ok(lines.includes('  + kind: Gateway'))
    assert.ok(lines.includes('  +     istio.io/use-waypoint: waypoint'))
    assert.ok(lines.includes(`waiting: ${pending}`), err)
    assert.equal(lines.at(-1), 'Gateway shop/waypoint is ready')
    assert.equal(await enrolledBy('shop'), 'waypoint')
  })

  test('applied again it changes nothing', async () => {
    // Statuses may come meanwhile.
    const versions = async (): Promise<unknown> =>
      (
        await Promise.all([ask.good('GET', gateways('shop', 'waypoint')), ask.good('GET', '/api/v1/namespaces/shop')])
      ).map((object) => [
        valueAt(object, 'metadata', 'generation'),
        listAt(object, 'metadata', 'managedFields').filter((entry) => textAt(entry, 'manager') === 'fairway-cli'),
      ])
    const first = await versions()
    const { code, out, err } = await run('waypoint apply -n shop --enroll-namespace --wait')
    assert.equal(
      err,
      'Gateway shop/waypoint: nothing changes\nNamespace shop: nothing changes\nGateway shop/waypoint is ready\n',
    )
    assert.deepEqual([code, out], [0, 'Gateway shop/waypoint unchanged\nNamespace shop unchanged\n'])
    assert.deepEqual(await versions(), first)
  })

  test('a dry run writes nothing, by whomever it is judged', async () => {
    for (const kind of ['client', 'server']) {
      const { code, out, err } = await run(`waypoint apply -n shop --for all --dry-run=${kind}`)
      assert.deepEqual([code, out], [0, `Gateway shop/waypoint changed (${kind} dry run)\n`])
      assert.match(err, /\n {2}\+ {5}istio\.io\/waypoint-for: all\n/)
    }
    assert.doesNotMatch((await run('waypoint list -n shop')).out, /all/)
  })

  test('what flags do not say stays', async () => {
    assert.equal((await run('waypoint apply -n shop --for all')).out, 'Gateway shop/waypoint changed\n')
    assert.equal((await run('waypoint apply -n shop')).out, 'Gateway shop/waypoint unchanged\n')
    assert.equal((await run('waypoint apply -n shop --for service')).out, 'Gateway shop/waypoint changed\n')
  })

  test('list', async () => {
    const table = await run('waypoint list -n shop')
    assert.deepEqual([table.code, table.err], [0, ''])
    assert.equal(table.out, 'NAME      REVISION  TRAFFIC TYPE  PROGRAMMED\nwaypoint  default   service       True\n')
    assert.match(
      (await run('waypoint list -A -o wide')).out,
      /^NAMESPACE {2}NAME [^]* waypoint\.shop\.svc\.cluster\.local {2}\d+ second/,
    )
    assert.equal((await run('waypoint list -n shop -o name')).out, 'gateway.gateway.networking.k8s.io/waypoint\n')
    const document = JSON.parse((await run('waypoint list -n shop -o json')).out)
    assert.deepEqual([document.apiVersion, document.kind], ['v1', 'List'])
    assert.equal(document.items[0].kind, 'Gateway')
    assert.equal(document.items[0].metadata.managedFields, undefined)
  })

  test('status', async () => {
    await ask.good('POST', '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes', {
      body: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'lost' },
        spec: {
          parentRefs: [{ group: '', kind: 'Service', name: 'api', port: 80 }],
          rules: [{ backendRefs: [{ name: 'nobody', port: 80 }] }],
        },
      },
    })
    const lost = await eventually('a finding', async () => {
      const found = await run('waypoint status -n shop')
      return found.out.includes('BackendNotFound') && found
    })
    assert.equal(lost.code, 79)
    const [head, row, , titles] = lost.out.split('\n')
    assert.match(head ?? '', /^NAME +STATUS +TYPE +REASON +REPLICAS +SERVICES +MESSAGE$/)
    assert.match(
      row ?? '',
      /^waypoint +True +Programmed +Programmed +1\/1 +2 +1 replica is ready at waypoint\.shop\.svc/,
    )
    assert.match(titles ?? '', /^KIND +NAME +PARENT +ACCEPTED/)
    const document = JSON.parse((await run('waypoint status -n shop -o json')).out)
    const [waypoint] = document.waypoints
    assert.partialDeepStrictEqual(waypoint, {
      kind: 'Waypoint',
      name: 'waypoint',
      replicas: '1/1',
      address: 'waypoint.shop.svc.cluster.local',
      namespaces: ['shop'],
      services: ['shop/api', 'shop/web'],
      programmed: { status: 'True' },
    })
    assert.deepEqual(document.summary, { objects: 2, withFindings: 1, faults: 1, issues: 0 })
    assert.equal((await run('waypoint status -n shop gateway/waypoint')).code, 0)
    await ask.good('DELETE', '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/lost')
    assert.equal((await run('waypoint status -n shop --wait')).code, 0)
  })

  test('whoever may see the namespace only is told what is not shown', async () => {
    await grant(server, 'reader', {
      namespace: 'shop',
      rights: ['get,list gateways.gateway.networking.k8s.io', 'list services', 'get namespaces'],
    })
    const { code, out, err } = await run('waypoint status -n shop', { user: 'reader' })
    assert.match(out, /^waypoint +True +Programmed +Programmed +- +2 /m)
    assert.match(err, /^not complete: you may not look at all namespaces and Services/)
    assert.match(
      err,
      /\nnot complete: user "reader" may not list httproutes\.gateway\.networking\.k8s\.io in namespace shop: they/,
    )
    assert.equal(code, 0)
  })

  test('delete asks, and does nothing when the answer is no', async () => {
    const no = await run('waypoint delete waypoint -n shop', { answers: ['no'] })
    assert.deepEqual(no.err.split('\n'), [
      'Gateway shop/waypoint: 2 Services go through it: calls to them will go directly, without its routes and policies',
      '  takes label istio.io/use-waypoint from namespace shop',
      'Delete waypoint in namespace shop? [y/N] nothing was deleted',
      '',
    ])
    assert.deepEqual([no.code, no.out], [1, ''])
    const nobody = await run('waypoint delete waypoint -n shop')
    assert.equal(nobody.code, 64)
    assert.match(nobody.err, /nobody can be asked here: nothing was deleted\n {2}say --yes/)
    assert.equal((await ask('GET', gateways('shop', 'waypoint'))).code, 200)
  })

  test('delete takes back what apply wrote, and says what is left', async () => {
    const labels = { 'istio.io/use-waypoint': 'waypoint' }
    await ask.good('PATCH', '/api/v1/namespaces/shop/services/web', { body: { metadata: { labels } }, ...merge })
    const { code, out, err } = await run('waypoint delete waypoint -n shop --yes')
    assert.deepEqual([code, out], [0, 'Namespace shop changed\nGateway shop/waypoint deleted\n'])
    assert.match(
      err,
      /\nleft: Service shop\/web keeps label istio\.io\/use-waypoint: kubectl label service web -n shop istio\.io\/use-waypoint-\n$/,
    )
    assert.equal(await enrolledBy('shop'), '')
    assert.equal((await ask('GET', gateways('shop', 'waypoint'))).code, 404)
    assert.equal(
      (await run('waypoint delete --all -n shop')).err,
      'there are no waypoints to delete in namespace shop\n',
    )
  })
})

test('a label that somebody else wrote stays, with the command that takes it away', async () => {
  await createShop('own')
  const labels = { 'istio.io/use-waypoint': 'waypoint' }
  await ask.good('PATCH', '/api/v1/namespaces/own?fieldManager=kubectl-label', {
    body: { metadata: { labels } },
    ...merge,
  })
  await run('waypoint apply -n own')
  const { code, err } = await run('waypoint delete --all -n own --yes')
  assert.equal(code, 0)
  assert.match(
    err,
    /\nleft: namespace own keeps label istio\.io\/use-waypoint, which kubectl-label wrote: kubectl label namespace own istio\.io\/use-waypoint-\n/,
  )
  assert.equal(await enrolledBy('own'), 'waypoint')
})

test('a Gateway that cannot be ends the wait at once, with the reason', async () => {
  await createShop('wrong')
  const contentType = 'application/apply-patch+yaml'
  await ask.good('PATCH', `${gateways('wrong', 'waypoint')}?fieldManager=test`, {
    body: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'waypoint', annotations: { 'networking.istio.io/service-type': 'Odd' } },
      spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
    },
    contentType,
  })
  const { code, err } = await run('waypoint apply -n wrong --wait')
  assert.equal(code, 1)
  assert.match(
    err,
    /\nfairway waypoint apply: Gateway wrong\/waypoint cannot be: Accepted is False \(Invalid\): metadata\.annotations\[/,
  )
})
