import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { defineKinds, gatewayApiKinds } from '../../../test/support/kube/kinds.ts'
import { startKubeServer, type KubeServer } from '../../../test/support/kube/kube-server.ts'
import { findLiveNames } from './live-names.ts'

describe('names for completion', () => {
  let server: KubeServer
  const terminal = { cwd: '/', env: {} }
  before(async () => {
    server = await startKubeServer({ kind: 'stand-in' })
    await defineKinds(server, gatewayApiKinds)
    const gateway = (namespace: string, name: string) => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { namespace, name },
      spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
    })
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces'
    for (const name of ['shop', 'pay']) {
      await server.ask.good('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      })
      await server.ask.good('POST', `${path}/${name}/gateways`, { body: gateway(name, `of-${name}`) })
    }
  })
  after(() => server[Symbol.asyncDispose]())

  const given = () => ({ kubeconfig: [server.kubeconfig] })
  const about = 'fairway-waypoint'

  it('are those of the cluster that the flags name', async () => {
    const namespaces = await findLiveNames('namespace', given(), terminal)
    assert.deepEqual(
      namespaces
        .map(({ value }) => value)
        .filter((name) => /^(?:shop|pay)$/.test(name))
        .toSorted(),
      ['pay', 'shop'],
    )
    assert.deepEqual(await findLiveNames('gateway', { ...given(), namespace: ['shop'] }, terminal), [
      { value: 'of-shop', about },
    ])
    assert.deepEqual(await findLiveNames('gateway', given(), terminal), [])
    assert.deepEqual(
      (await findLiveNames('gateway-of-any-namespace', given(), terminal)).map(({ value }) => value).toSorted(),
      ['pay/of-pay', 'shop/of-shop'],
    )
    assert.deepEqual(await findLiveNames('context', given(), terminal), [{ value: 'test' }])
  })

  it('of contexts are none where there is no kubeconfig, or one that is no YAML', async () => {
    const bad = join(server.dir, 'bad')
    writeFileSync(bad, '{')
    assert.deepEqual(await findLiveNames('context', { kubeconfig: [bad] }, terminal), [])
    assert.deepEqual(await findLiveNames('context', { kubeconfig: ['/nowhere'] }, terminal), [])
  })

  it('are none where rights are missing', async () => {
    const kubeconfig = [server.kubeconfigOf('nobody')]
    assert.deepEqual(await findLiveNames('gateway', { kubeconfig }, terminal), [])
  })

  it('are not waited for', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    assert.ok(typeof address === 'object' && address !== null)
    const kubeconfig = join(server.dir, 'silent')
    const of = { name: 'x', cluster: { server: `http://127.0.0.1:${address.port}` }, context: { cluster: 'x' } }
    writeFileSync(kubeconfig, JSON.stringify({ clusters: [of], contexts: [of], 'current-context': 'x' }))
    const startedMs = performance.now()
    assert.deepEqual(await findLiveNames('gateway', { kubeconfig: [kubeconfig] }, terminal), [])
    const tookMs = performance.now() - startedMs
    silent.closeAllConnections()
    silent.close()
    assert.ok(tookMs >= 1400 && tookMs < 10_000, `${tookMs} ms`)
  })
})
