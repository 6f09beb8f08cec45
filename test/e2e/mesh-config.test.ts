import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { runArguments, startProcess, workerCounts } from './support/fairway-process.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { replaceFile } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'

const NETWORK = '127.71.76'
const VIP = '10.96.0.40'
const TO = `${VIP}:80`

const custom = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'ask', namespace: 'shop' },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
    action: 'CUSTOM',
    provider: { name: 'login' },
    rules: [{ to: [{ operation: { notPaths: ['/public'] } }] }],
  },
}

const objects = [
  gateway,
  ...service({ name: 'api', vip: VIP, endpoints: [{ address: `${NETWORK}.1`, port: 8080 }] }),
  ...service({
    name: 'login',
    vip: '10.96.0.41',
    endpoints: [{ address: `${NETWORK}.2`, port: 8081 }],
    isBound: false,
  }),
  custom,
]

/** The MeshConfig as Istio's ConfigMap; JSON is YAML. */
const configMap = (mesh: object): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: JSON.stringify(mesh) },
  })

const provider = {
  name: 'login',
  envoyExtAuthzHttp: {
    service: 'login.shop.svc.cluster.local',
    port: 80,
    pathPrefix: '/check',
    includeRequestHeadersInCheck: ['cookie'],
    headersToUpstreamOnAllow: ['x-user'],
  },
}

const login: RequestListener = ({ headers, url }, response) => {
  if (headers.cookie !== 'user=anna') return void response.writeHead(302, { location: `/login?to=${url}` }).end()
  response.setHeader('x-user', 'anna').end()
}

/** A mesh with an application and a provider, both behind a ztunnel of their own. */
const withMesh = async (run: (mesh: Mesh, meshFile: string) => Promise<void>): Promise<void> => {
  await using mesh = await createMesh(objects)
  await mesh.startPod('api', { address: `${NETWORK}.1`, port: 8080 })
  await mesh.startPod('login', { address: `${NETWORK}.2`, port: 8081, answer: login })
  const meshFile = join(mesh.dir, 'mesh.yaml')
  writeFileSync(meshFile, configMap({ ingressClass: 'istio', extensionProviders: [provider] }))
  await run(mesh, meshFile)
}

for (const workers of workerCounts(2)) {
  describe(`a MeshConfig, with ${workers} workers`, () => {
    it('has a provider asked, over its own tunnel, and is followed when it changes', async () => {
      await withMesh(async (mesh, meshFile) => {
        const fairway = await mesh.startFairway(workers, ['--mesh-config', meshFile])
        const client = await mesh.dial(fairway)
        const status = async (path: string, cookie = 'user=anna'): Promise<number> =>
          (await client.request(TO, { path, headers: { cookie } })).status
        const refused = await client.request(TO, { path: '/a', headers: {} })
        assert.deepEqual([refused.status, refused.headers['location']], [302, '/login?to=/check/a'])
        const passed = await client.request(TO, { path: '/a', headers: { cookie: 'user=anna', 'x-user': 'root' } })
        assert.equal(passed.status, 200)
        assert.equal((JSON.parse(passed.body) as { headers: Record<string, string> }).headers['x-user'], 'anna')
        assert.equal(await status('/public', ''), 200)
        assert.match(fairway.stderr(), /of no effect on a waypoint in .*mesh.yaml: ingressClass/)

        // What cannot be read leaves the last good one in force.
        replaceFile(meshFile, configMap({ extensionProviders: [{ ...provider, envoyExtAuthzHttp: {} }] }))
        await eventually('the fault is told', () =>
          /mesh.yaml:1:.*envoyExtAuthzHttp.service: is missing/.test(fairway.stderr()),
        )
        assert.equal(await status('/a'), 200)

        replaceFile(meshFile, configMap({ extensionProviders: [] }))
        await eventually('nobody to ask', async () => (await status('/a')) === 403)
        assert.equal(await status('/public'), 200)
        assert.match(fairway.stderr(), /extensionProviders of .*mesh.yaml has none, and not login: add it there/)

        replaceFile(
          meshFile,
          configMap({ extensionProviders: [provider], pathNormalization: { normalization: 'MERGE_SLASHES' } }),
        )
        await eventually('the provider is back', async () => (await status('/a')) === 200)
        assert.equal(await status('//public', ''), 200)
      })
    })
  })
}

describe('a MeshConfig', () => {
  it('decides who is let in, and yields to a flag', async () => {
    await withMesh(async (mesh, meshFile) => {
      replaceFile(meshFile, 'trustDomain: elsewhere\ntrustDomainAliases: [cluster.local]\n')
      const fairway = await mesh.startFairway(1, ['--mesh-config', meshFile])
      const client = await mesh.dial(fairway)
      assert.equal((await client.request(TO, { path: '/public' })).status, 503, 'pods are of another trust domain')
      replaceFile(meshFile, 'trustDomain: elsewhere\n')
      await eventually('nobody is let in', () =>
        mesh.dial(fairway).then(
          () => false,
          () => true,
        ),
      )
    })
  })

  it('that cannot be read at the start is refused with its place', async () => {
    await withMesh(async (mesh, meshFile) => {
      replaceFile(meshFile, 'trustDomain: td1\nextensionProviders: [{ name: a, envoyExtAuthzGrpc: { port: 0 } }]\n')
      const flags = ['--mesh-config', meshFile]
      const child = startProcess(runArguments({ files: [mesh.objectsFile], certs: mesh.certs, workers: 1, flags }))
      assert.deepEqual(await child.ended, { code: 78, signal: null }, child.stderr())
      assert.match(
        child.stderr(),
        /mesh.yaml:2:54: extensionProviders\[0\].envoyExtAuthzGrpc.port: wrong value: found 0/,
      )
    })
  })

  it('says where a flag wins', async () => {
    await withMesh(async (mesh, meshFile) => {
      replaceFile(meshFile, 'trustDomain: elsewhere\n')
      const flags = ['--mesh-config', meshFile, '--trust-domain', 'cluster.local']
      const fairway = await mesh.startFairway(1, flags)
      const client = await mesh.dial(fairway)
      assert.equal((await client.request(TO, { path: '/public' })).status, 200)
      assert.match(fairway.stderr(), /--trust-domain cluster.local is in force, and not trustDomain elsewhere of /)
    })
  })
})
