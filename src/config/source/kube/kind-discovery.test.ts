import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { turn } from '../../../../test/support/turns.ts'
import type { KubeClient } from '../../../kube/client.ts'
import { startDiscovery } from './kind-discovery.ts'

const resource = (group: string, version: string, kind: string) => ({
  resource: { group, version, kind, plural: `${kind.toLowerCase()}s`, isNamespaced: true },
  hasStatus: true,
})

const start = () => {
  const clock = createFakeClock()
  const told: (readonly string[])[] = []
  let served: Awaited<ReturnType<KubeClient['served']>> = { ok: true, value: [] }
  let asked = 0
  const discovery = startDiscovery({
    client: {
      served: (group) => {
        asked++
        if (!served.ok) return Promise.resolve(served)
        return Promise.resolve({ ok: true, value: served.value.filter(({ resource: { group: of } }) => of === group) })
      },
    },
    kinds: ['Pod', 'Gateway', 'TCPRoute', 'AuthorizationPolicy'],
    onKinds: (kinds) => told.push([...kinds.values()].map(({ kind, version }) => `${kind} ${version}`).toSorted()),
    onAnswer: () => {},
    clock,
    random: () => 0,
    everyMs: 30_000,
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    for (let i = 0; i < 10; i++) await turn()
  }
  const GROUP = 'gateway.networking.k8s.io'
  const serve = (...kinds: readonly (readonly [kind: string, version: string])[]): void => {
    served = {
      ok: true,
      value: kinds.map(([kind, version]) =>
        resource(kind === 'AuthorizationPolicy' ? 'security.istio.io' : GROUP, version, kind),
      ),
    }
  }
  const fail = (): void => {
    served = { ok: false, failure: { asked: 'GET /apis', reason: 'Unreachable', message: 'nobody there' } }
  }
  return { discovery, told, pass, serve, fail, asked: () => asked }
}

it('kinds are picked up when they appear, in the version to prefer', async () => {
  const { told, pass, serve } = start()
  await pass(0)
  serve(['TCPRoute', 'v1alpha2'], ['Gateway', 'v1'], ['Gateway', 'v1beta1'])
  await pass(30_000)
  await pass(30_000)
  assert.deepEqual(told, [['Pod v1'], ['Gateway v1', 'Pod v1', 'TCPRoute v1alpha2']])
})

it('a kind is gone when it was missed twice', async () => {
  const { told, pass, serve } = start()
  serve(['Gateway', 'v1'])
  await pass(0)
  await pass(30_000)
  serve()
  await pass(30_000)
  assert.equal(told.length, 2)
  serve(['Gateway', 'v1'])
  await pass(2000)
  serve()
  await pass(30_000)
  assert.equal(told.length, 2)
  await pass(2000)
  assert.deepEqual(told.at(-1), ['Pod v1'])
})

it('a server that cannot be asked takes nothing away', async () => {
  const { discovery, told, pass, serve, fail } = start()
  serve(['Gateway', 'v1'])
  await pass(0)
  await pass(30_000)
  fail()
  for (let i = 0; i < 10; i++) await pass(30_000)
  assert.equal(discovery.failure()?.reason, 'Unreachable')
  assert.equal(told.length, 2)
})

it('whoever misses a kind need not wait for the next look', async () => {
  const { discovery, pass, asked } = start()
  await pass(0)
  const before = asked()
  discovery.hurry()
  await pass(1999)
  discovery.hurry()
  assert.equal(asked(), before)
  await pass(1)
  assert.ok(asked() > before)
})
