import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import { formatIssue } from './explain-issue.ts'
import { startConfig, type ConfigHandle } from './start-config.ts'
import type { ConfigUpdate } from './update.ts'

let root = ''
let handle: ConfigHandle | undefined
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-config-'))
})
afterEach(async () => {
  await handle?.close()
  rmSync(root, { recursive: true, force: true })
})

const base = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop }
spec: { gatewayClassName: fairway, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio.io/use-waypoint: waypoint } } }
---
{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop }, spec: { clusterIP: 10.96.0.1, ports: [{ port: 80 }] } }
`

const start = (): {
  readonly config: ConfigHandle
  readonly next: () => Promise<ConfigUpdate>
  readonly failures: string[]
} => {
  const updates: ConfigUpdate[] = []
  const failures: string[] = []
  let wake = (): void => {}
  const config = startConfig({
    paths: [root],
    translate: {
      clusterDomain: 'cluster.local',
      trustDomain: 'cluster.local',
      rootNamespace: 'istio-system',
      pathNormalization: 'BASE',
    },
    onUpdate: (update) => {
      updates.push(update)
      wake()
    },
    onFailure: (message) => void failures.push(message),
  })
  handle = config
  const next = async (): Promise<ConfigUpdate> => {
    for (;;) {
      const update = updates.shift()
      if (update !== undefined) return update
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { config, next, failures }
}

it(
  'translates on its own thread, follows changes, and keeps the last good objects of a malformed file',
  { timeout: 20_000 },
  async () => {
    const file = join(root, 'a.yaml')
    writeFileSync(file, base)
    const { config, next, failures } = start()
    const first = await config.ready
    assert.deepEqual(
      [first.generation, first.objects, first.model.gateway, first.model.services.map(({ key }) => key), first.issues],
      [1, 3, { namespace: 'shop', name: 'waypoint' }, ['shop/api'], []],
    )
    writeFileSync(
      file,
      `${base}---\n{ apiVersion: v1, kind: Service, metadata: { name: b, namespace: shop }, spec: { clusterIP: 10.96.0.2 } }\n`,
    )
    const second = await next()
    assert.deepEqual(
      second.model.services.map(({ key }) => key),
      ['shop/api', 'shop/b'],
    )
    assert.equal(second.model.services[0], first.model.services[0], 'what did not change is the same object')
    writeFileSync(file, 'a: [')
    const third = await next()
    assert.equal(third.model.services, second.model.services)
    assert.match(third.issues.map(formatIssue).join(), /a\.yaml:1:5: /)
    assert.deepEqual(failures, [])
  },
)

it('closes while the thread is still reading', async () => {
  writeFileSync(join(root, 'a.yaml'), base)
  const { config, failures } = start()
  await config.close()
  assert.deepEqual(failures, [])
})
