/** `fairway explain` of a cluster: the answer that its waypoint would give. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ExplanationDocument } from '../../../src/cli/explain/explanation-document.ts'
import type { JsonObject } from '../../support/kube/stand-in/json.ts'
import { until } from '../support/controller.ts'
import { grant } from '../support/command.ts'
import { gateway, gateways } from '../support/objects.ts'
import { createWaypointBed, merge } from '../support/waypoint-bed.ts'

const bed = await createWaypointBed()
const { server, run, createShop, createService } = bed
const { ask } = server
after(() => bed[Symbol.asyncDispose]())

const slice = (service: string, ready: boolean): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: service, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready } }],
})

const label = (path: string, labels: JsonObject): Promise<JsonObject> =>
  ask.good('PATCH', path, { body: { metadata: { labels } }, ...merge })

const started = async (namespace: string, name: string, args: readonly string[]): Promise<void> => {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
  await until(`Deployment ${name}`, async () => ((await ask('GET', path)).code === 200 ? true : undefined))
  const containers = [{ name: 'fairway', args: [...args] }]
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'flags' },
    data: { deployment: JSON.stringify({ spec: { template: { spec: { containers } } } }) },
  }
  await ask.good('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body })
  await ask.good('PATCH', gateways(namespace, name), {
    body: { spec: { infrastructure: { parametersRef: { group: '', kind: 'ConfigMap', name: 'flags' } } } },
    ...merge,
  })
  await until(
    'its flags',
    async () => JSON.stringify(await ask.good('GET', path)).includes(args.at(-1) ?? '') || undefined,
  )
}

const explain = async (words: string, user?: string) => {
  const { code, out, err } = await run(`explain ${words} -o json`, user === undefined ? {} : { user })
  const document: unknown = out === '' ? {} : JSON.parse(out)
  const { waypoint, verdict = '', reasons } = document as Partial<ExplanationDocument>
  return { code, err, waypoint, verdict, reasons }
}

describe('a request to a Service of a cluster', () => {
  before(async () => {
    await createShop('shop')
    await createShop('stock')
    await createShop('bare')
    for (const [namespace, name] of [
      ['shop', 'api'],
      ['shop', 'idle'],
      ['stock', 'items'],
      ['bare', 'plain'],
    ] as const) {
      await createService(namespace, name)
      const body = slice(name, name !== 'idle')
      await ask.good('POST', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, { body })
    }
    for (const namespace of ['shop', 'stock']) {
      await ask.good('POST', gateways(namespace), { body: gateway('waypoint') })
      await label(`/api/v1/namespaces/${namespace}`, { 'istio.io/use-waypoint': 'waypoint' })
    }
    await ask.good('POST', '/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies', {
      body: {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'no-admin' },
        spec: {
          targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
          action: 'DENY',
          rules: [{ to: [{ operation: { paths: ['/admin/*'] } }] }],
        },
      },
    })
  })

  test('is answered as its waypoint would, wherever that is', async () => {
    const good = await explain('http://api.shop/items --kube --from stock/web')
    assert.deepEqual([good.code, good.waypoint, good.err], [0, 'shop/waypoint', ''], good.err)
    assert.match(good.verdict, /passes through|shop\/api/)
    const denied = await explain('http://api.shop/admin/users --kube')
    assert.deepEqual([denied.code, denied.waypoint], [79, 'shop/waypoint'])
    assert.match(denied.verdict, /403: AuthorizationPolicy shop\/no-admin rule 0 \(DENY\) matches/)
    assert.equal((await explain('http://items.stock/ -n stock')).waypoint, 'stock/waypoint')
    assert.equal((await explain('http://items.stock/ --kube --gateway stock/waypoint')).code, 0)
  })

  test('without an endpoint is a 503: a cluster knows', async () => {
    const { code, verdict } = await explain('http://idle.shop/ --kube')
    assert.equal(code, 79)
    assert.match(verdict, /503/)
  })

  test('that does not go through a waypoint says why', async () => {
    const bare = await explain('http://plain.bare/ --kube')
    assert.equal(bare.code, 79)
    assert.match(String(bare.reasons), /Service bare\/plain is not bound to a waypoint.*neither it nor Namespace bare/)
    const other = await explain('http://api.shop/ --kube --gateway stock/waypoint')
    assert.match(String(other.reasons), /Service shop\/api is for waypoint shop\/waypoint: this is stock\/waypoint/)
    const nobody = await explain('http://nobody.shop/ --kube')
    assert.equal(nobody.code, 79)
    assert.match(String(nobody.reasons), /no other waypoint has it either: stock\/waypoint/)
  })

  test('goes by what the waypoint was started with', async () => {
    await started('shop', 'waypoint', ['run', '--kube', '--path-normalization=MERGE_SLASHES'])
    const merged = await explain('http://api.shop//admin/users --kube')
    assert.equal(merged.code, 79, merged.verdict)
    const asked = await explain('http://api.shop//admin/users --kube --path-normalization NONE')
    assert.equal(asked.code, 0, asked.verdict)
  })

  test('of whom the rights do not reach so far is told, and who may', async () => {
    const group = 'gateway.networking.k8s.io'
    await grant(server, 'peter', {
      namespace: 'shop',
      rights: [`get,list,watch gateways.${group}`, 'get,list,watch services', 'list deployments.apps'],
    })
    const { code, err } = await explain('http://api.shop/ -n shop', 'peter')
    assert.equal(code, 77, err)
    assert.match(err, /what waypoint shop\/waypoint goes by cannot be read:\n(?: .*\n)* .*403 Forbidden/)
    assert.match(err, /kubectl exec -n shop deploy\/waypoint -- fairway explain/)
  })

  test('what may not be seen, and a waypoint does without, is told', async () => {
    const groups = ['gateway.networking.k8s.io', 'discovery.k8s.io', 'networking.istio.io', 'security.istio.io']
    const all = ['*', ...[...groups, 'apps', 'fairway.dev', 'gateway.networking.x-k8s.io'].map((group) => `*.${group}`)]
    await grant(server, 'mary', { rights: all.map((resource) => `get,list,watch ${resource}`) })
    const { code, err } = await explain('http://api.shop/items --kube', 'mary')
    assert.equal(code, 0, err)
    assert.match(err, /^not complete: GET .*telemetries: 403 Forbidden: /)
  })

  for (const [words, says] of [
    ['http://api.shop/ -n nowhere', /there are no waypoints in namespace nowhere/],
    ['http://api.shop/ --kube --gateway shop/other', /there is no waypoint shop\/other/],
  ] as const) {
    test(`with nobody to answer: ${words}`, async () => {
      const { code, err } = await explain(words)
      assert.equal(code, 1)
      assert.match(err, says)
    })
  }
})
