import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createDevCa, type DevCa } from '../../identity/ca/dev-ca.ts'
import { clientTlsOptions } from '../../identity/tls.ts'
import { systemClock } from '../../lib/clock.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { startPod, type Pod } from './pod.ts'
import { ZtunnelStandIn, type ZtunnelOptions } from './ztunnel.ts'

const identity = (serviceAccount: string, trustDomain = 'cluster.local'): ReturnType<typeof formatSpiffeId> =>
  formatSpiffeId({ trustDomain, namespace: 'demo', serviceAccount })

const createCa = (context: TestContext): Promise<DevCa> => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-cli-'))
  context.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  return createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
}

const createPod = async (context: TestContext, ca: DevCa): Promise<Pod> => {
  const pod = await startPod({
    name: 'api-stable-1',
    service: 'api-stable',
    address: '127.0.0.1',
    credentials: await ca.issue(identity('api-stable')),
    trustDomains: ['cluster.local'],
    hbonePort: 0,
  })
  context.after(() => pod.close())
  return pod
}

const createStandIn = async (
  context: TestContext,
  parts: { readonly ca: DevCa; readonly port: number; readonly changes?: Partial<ZtunnelOptions> },
): Promise<ZtunnelStandIn> => {
  const ztunnel = new ZtunnelStandIn({
    waypoint: { host: '127.0.0.1', port: parts.port },
    tls: clientTlsOptions(await parts.ca.issue(identity('client'))),
    authority: '127.0.0.1:8080',
    host: 'api',
    baggage: 'k8s.namespace.name=demo',
    clock: systemClock,
    timeoutMs: 5000,
    ...parts.changes,
  })
  context.after(() => ztunnel.close())
  return ztunnel
}

test('many requests at once are answered by the pod, each counted once', async (context) => {
  const ca = await createCa(context)
  const pod = await createPod(context, ca)
  const ztunnel = await createStandIn(context, { ca, port: pod.hbonePort })
  const samples = await Promise.all(Array.from({ length: 150 }, (_, n) => ztunnel.send(`/hello?n=${n}`)))
  assert.deepEqual(
    samples.map(({ isOk, service, problem }) => ({ isOk, service, problem })),
    samples.map(() => ({ isOk: true, service: 'api-stable', problem: undefined })),
  )
  assert.equal(pod.served(), 150)
})

test('a pod takes no tunnel for another address, as ztunnel does', async (context) => {
  const ca = await createCa(context)
  const pod = await createPod(context, ca)
  const ztunnel = await createStandIn(context, { ca, port: pod.hbonePort, changes: { authority: '10.96.0.10:80' } })
  const sample = await ztunnel.send('/')
  assert.equal(sample.isOk, false)
  assert.match(sample.problem ?? '', /CONNECT 10\.96\.0\.10:80 was answered 400/)
  assert.equal(pod.served(), 0)
})

test('a client of a foreign trust domain is told that the connection was closed', async (context) => {
  const ca = await createCa(context)
  const pod = await createPod(context, ca)
  const tls = clientTlsOptions(await ca.issue(identity('client', 'elsewhere')))
  const ztunnel = await createStandIn(context, { ca, port: pod.hbonePort, changes: { tls } })
  const sample = await ztunnel.send('/')
  assert.match(sample.problem ?? '', /closed the connection during or right after the handshake/)
  assert.equal(pod.served(), 0)
})

test('when the pod has gone, requests fail with the address that was tried; when it is back, they are answered', async (context) => {
  const ca = await createCa(context)
  const first = await createPod(context, ca)
  const { hbonePort } = first
  const ztunnel = await createStandIn(context, { ca, port: hbonePort })
  assert.equal((await ztunnel.send('/')).isOk, true)
  first.close()
  const failures = [await ztunnel.send('/'), await ztunnel.send('/')]
  assert.deepEqual(
    failures.map(({ isOk }) => isOk),
    [false, false],
  )
  assert.match(failures[1]?.problem ?? '', new RegExp(`nothing listens at 127.0.0.1:${hbonePort}`))
  const second = await startPod({
    name: 'api-stable-2',
    service: 'api-stable',
    address: '127.0.0.1',
    credentials: await ca.issue(identity('api-stable')),
    trustDomains: ['cluster.local'],
    hbonePort,
  })
  context.after(() => second.close())
  assert.equal((await ztunnel.send('/')).isOk, true)
  assert.equal(second.served(), 1)
})
