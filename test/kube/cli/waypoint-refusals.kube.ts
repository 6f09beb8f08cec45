/** What `fairway waypoint` says where something is missing: each message as it is, on both servers. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { defineKinds, gatewayApiKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { textAt } from '../../support/kube/stand-in/json.ts'
import { commandOf, grant, type CommandOptions } from '../support/command.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
const run = commandOf(server)
after(() => server[Symbol.asyncDispose]())

interface Case {
  readonly args: string
  readonly options?: CommandOptions
  readonly code: number
  /** All that stands on stderr, with `SERVER` for where the server is. */
  readonly err: readonly string[]
}

const say = ({ args, options, code, err }: Case): void => {
  test(`${options?.user ?? 'admin'}: waypoint ${args}`, async () => {
    const ended = await run(`waypoint ${args}`, options)
    assert.deepEqual(ended.err.replaceAll(server.url, 'SERVER').trimEnd().split('\n'), err)
    assert.deepEqual([ended.code, ended.out], [code, ''])
  })
}

const install = '  install the definitions first: https://gateway-api.sigs.k8s.io/guides/#installing-gateway-api'

describe('a cluster without Gateway API', () => {
  for (const args of ['apply', 'list', 'status', 'delete x --yes']) {
    const [verb = ''] = args.split(' ')
    say({
      args,
      code: 1,
      err: [`fairway waypoint ${verb}: SERVER has no Gateways of Gateway API: it is not installed`, install],
    })
  }
})

describe('a cluster with it', () => {
  before(async () => {
    await defineKinds(server, gatewayApiKinds)
    await createNamespace(server, 'shop')
    await createNamespace(server, 'taken')
    await createNamespace(server, 'out')
    const label = async (namespace: string, labels: Readonly<Record<string, string>>): Promise<void> => {
      const contentType = 'application/merge-patch+json'
      await ask.good('PATCH', `/api/v1/namespaces/${namespace}`, { body: { metadata: { labels } }, contentType })
    }
    await label('taken', { 'istio.io/use-waypoint': 'theirs', 'istio.io/use-waypoint-namespace': 'infra' })
    await label('out', { 'istio.io/use-waypoint': 'none' })
    await ask.good('POST', gateways('shop'), { body: gateway('foreign', 'istio-waypoint') })
    const foreign = { controllerName: 'example.com/other' }
    await ask.good('POST', '/apis/gateway.networking.k8s.io/v1/gatewayclasses', {
      body: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'GatewayClass',
        metadata: { name: 'other' },
        spec: foreign,
      },
    })
    await grant(server, 'viewer', {
      namespace: 'shop',
      rights: ['get,list gateways.gateway.networking.k8s.io', 'get namespaces'],
    })
    await grant(server, 'editor', {
      namespace: 'shop',
      rights: ['get,list,patch,create gateways.gateway.networking.k8s.io'],
    })
  })

  const noClass =
    'warning: GatewayClass fairway-waypoint is not there: the controller makes it when it runs; until then nothing becomes of the Gateway'
  const notAmbient = (name: string): string =>
    `warning: namespace ${name} is not in ambient mode (label istio.io/dataplane-mode is not there): its Pods send nothing through a waypoint; kubectl label namespace ${name} istio.io/dataplane-mode=ambient`
  const bind = (user: string, verb: string, resource: string, namespace?: string): string =>
    `  bind ${user} a ${namespace === undefined ? 'ClusterRole' : 'Role or ClusterRole'} with that verb; kubectl auth can-i ${verb} ${resource}${namespace === undefined ? '' : ` -n ${namespace}`} tells whether it is so`
  const GATEWAYS = 'gateways.gateway.networking.k8s.io'

  const cases: readonly Case[] = [
    {
      args: 'apply -n nowhere',
      code: 1,
      err: [
        'fairway waypoint apply: there is no namespace nowhere',
        '  make it, in ambient mode: kubectl create namespace nowhere && kubectl label namespace nowhere istio.io/dataplane-mode=ambient',
      ],
    },
    {
      args: 'apply -n taken --enroll-namespace',
      code: 1,
      err: [
        notAmbient('taken'),
        noClass,
        'fairway waypoint apply: namespace taken is enrolled with waypoint infra/theirs already (label istio.io/use-waypoint): nothing was changed',
        '  --overwrite enrols it with this one instead; without --enroll-namespace only the Gateway is applied',
      ],
    },
    {
      args: 'apply -n out --enroll-namespace',
      code: 1,
      err: [
        notAmbient('out'),
        noClass,
        'fairway waypoint apply: namespace out opts out of waypoints (label istio.io/use-waypoint): nothing was changed',
        '  --overwrite enrols it with this one instead; without --enroll-namespace only the Gateway is applied',
      ],
    },
    {
      args: 'apply -n shop --name foreign',
      code: 1,
      err: [
        noClass,
        'fairway waypoint apply: Gateway shop/foreign is there, of class istio-waypoint, and no waypoint of ours: nothing was changed',
        '  take another name with --name; both can stand side by side while Services move from one to the other',
      ],
    },
    {
      args: 'apply -n shop --class other',
      code: 1,
      err: [
        'fairway waypoint apply: GatewayClass other is of another controller (example.com/other): its Gateways are no waypoints of ours',
        '  leave out --class, or name one whose controllerName is fairway.dev/waypoint-controller',
      ],
    },
    {
      args: 'apply -n shop --enforce',
      code: 1,
      err: [
        notAmbient('shop'),
        noClass,
        'fairway waypoint apply: --enforce needs AuthorizationPolicies (security.istio.io), and SERVER has none: Istio is not installed',
        '  without --enforce the waypoint is applied as it is; ztunnels, which would carry the policy out, come with Istio',
      ],
    },
    {
      args: 'delete foreign -n shop --yes',
      code: 1,
      err: [
        'fairway waypoint delete: Gateway shop/foreign is of class istio-waypoint, and no waypoint of ours: nothing was deleted',
        '  whoever made it deletes it; kubectl delete gateway foreign -n shop does it all the same',
      ],
    },
    {
      args: 'delete nobody -n shop --yes',
      code: 1,
      err: [
        'fairway waypoint delete: there is no waypoint shop/nobody: nothing was deleted',
        '  in namespace shop there are none',
      ],
    },
    { args: 'list -n shop', code: 0, err: ['there are no waypoints in namespace shop'] },
    { args: 'list -A', code: 0, err: ['there are no waypoints in the cluster'] },
    { args: 'status -n shop', code: 0, err: ['there are no waypoints in namespace shop'] },
    {
      args: 'list -A',
      options: { user: 'nobody' },
      code: 77,
      err: [
        `fairway waypoint list: cannot list Gateways: user "nobody" may not list ${GATEWAYS}`,
        bind('nobody', 'list', GATEWAYS),
      ],
    },
    {
      args: 'status -n shop',
      options: { user: 'nobody' },
      code: 77,
      err: [
        `fairway waypoint status: cannot list Gateways in namespace shop: user "nobody" may not list ${GATEWAYS} in namespace shop`,
        bind('nobody', 'list', GATEWAYS, 'shop'),
      ],
    },
    {
      args: 'list -A --as somebody',
      code: 77,
      err: [
        `fairway waypoint list: cannot list Gateways: user "somebody" may not list ${GATEWAYS}`,
        bind('somebody', 'list', GATEWAYS),
      ],
    },
    {
      args: 'list -A --as somebody --as-group system:masters',
      code: 0,
      err: ['there are no waypoints in the cluster'],
    },
    {
      args: 'list -A --as admin',
      options: { user: 'viewer' },
      code: 77,
      err: [
        'fairway waypoint list: cannot list Gateways: user "viewer" may not impersonate users',
        bind('viewer', 'impersonate', 'users'),
      ],
    },
    {
      args: 'apply -n shop',
      options: { user: 'viewer' },
      code: 77,
      err: [
        `fairway waypoint apply: cannot apply Gateway shop/waypoint: user "viewer" may not patch ${GATEWAYS} in namespace shop`,
        bind('viewer', 'patch', GATEWAYS, 'shop'),
      ],
    },
    {
      args: 'apply -n shop --enroll-namespace',
      options: { user: 'editor' },
      code: 77,
      err: [
        'fairway waypoint apply: cannot enrol namespace shop: user "editor" may not get namespaces in namespace shop',
        bind('editor', 'get', 'namespaces', 'shop'),
      ],
    },
    {
      args: 'apply --enroll-namespace -n shop --wait --waypoint-timeout 200ms',
      options: { user: 'viewer' },
      code: 77,
      err: [
        notAmbient('shop'),
        `fairway waypoint apply: cannot apply Gateway shop/waypoint: user "viewer" may not patch ${GATEWAYS} in namespace shop`,
        bind('viewer', 'patch', GATEWAYS, 'shop'),
      ],
    },
  ]
  for (const one of cases) say(one)

  test('whoever may write Gateways and nothing else gets one, and is told what is not known', async () => {
    const ended = await run('waypoint apply -n shop --name mine', { user: 'editor' })
    const [warning] = ended.err.split('\n')
    assert.equal(
      warning,
      'warning: user "editor" may not get namespaces in namespace shop: whether it is in ambient mode is not known',
    )
    assert.deepEqual([ended.code, ended.out], [0, 'Gateway shop/mine created\n'])
    const listed = await run('waypoint list -n shop -o wide', { user: 'editor' })
    assert.deepEqual(
      listed.out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 6).join('|')),
      ['NAME|REVISION|TRAFFIC TYPE|PROGRAMMED|CLASS|REPLICAS', 'mine|default|service|Unknown|fairway-waypoint|-', ''],
    )
  })

  test('fields that somebody else applies are theirs, until they are taken', async () => {
    const path = `${gateways('shop', 'theirs')}?fieldManager=argocd`
    const contentType = 'application/apply-patch+yaml'
    const body = gateway('theirs')
    const labels = { 'istio.io/waypoint-for': 'workload' }
    await ask.good('PATCH', path, { body: { ...body, metadata: { name: 'theirs', labels } }, contentType })
    const refused = await run('waypoint apply -n shop --name theirs --for all')
    assert.deepEqual(refused.err.split('\n').slice(1), [
      'fairway waypoint apply: cannot apply Gateway shop/theirs: metadata.labels.istio.io/waypoint-for is written by argocd',
      '  change it where it is written, or take the fields over with --force-conflicts',
      '',
    ])
    assert.deepEqual([refused.code, refused.out], [1, ''])
    const forced = await run('waypoint apply -n shop --name theirs --for all --force-conflicts')
    assert.deepEqual([forced.code, forced.out], [0, 'Gateway shop/theirs changed\n'])
    const kept = await ask.good('GET', gateways('shop', 'theirs'))
    assert.equal(textAt(kept, 'metadata', 'labels', 'istio.io/waypoint-for'), 'all')
  })

  test('what nobody waits for any more says so, and leaves the namespace alone', async () => {
    const args = 'waypoint apply -n shop --enroll-namespace --wait --waypoint-timeout 300ms'
    const { code, err, out } = await run(args)
    const lines = err.trimEnd().split('\n')
    const reason = 'GatewayClass fairway-waypoint is not there: the controller makes it when it runs; is it installed?'
    assert.deepEqual(lines.slice(-3), [
      `waiting: ${reason}`,
      `fairway waypoint apply: timed out after 300ms waiting for Gateway shop/waypoint: ${reason} (Gateway applied, namespace not enrolled)`,
      '  look closer with: fairway waypoint status -n shop; --waypoint-timeout waits longer',
    ])
    assert.deepEqual([code, out], [124, ''])
    const namespace = await ask.good('GET', '/api/v1/namespaces/shop')
    assert.equal(textAt(namespace, 'metadata', 'labels', 'istio.io/use-waypoint'), '')
  })
})

test('a server that is not there', async () => {
  const gone = await startKubeServer({ kind: 'stand-in' })
  await gone.stop()
  const { code, err } = await commandOf(gone)('waypoint list')
  assert.equal(code, 69)
  assert.match(
    err,
    /^fairway waypoint list: cannot look for Gateway API: https:\/\/127\.0\.0\.1:\d+ cannot be reached: /,
  )
  await gone[Symbol.asyncDispose]()
})
