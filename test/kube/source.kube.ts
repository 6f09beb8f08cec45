import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createObjectReader } from '../../src/config/load-objects.ts'
import type { ReadObject } from '../../src/config/objects/read-object.ts'
import { openKubeSource, type KubeSourceOptions } from '../../src/config/source/kube/kube-source.ts'
import type { ObjectSet } from '../../src/config/source/object-set.ts'
import type { SourceWants } from '../../src/config/source/kube/plan-watches.ts'
import { createKubeClient } from '../../src/kube/client.ts'
import { connectKube } from '../../src/kube/connect.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { defineKinds, gatewayApiKinds, istioKinds } from '../support/kube/kinds.ts'
import { startKubeServer } from '../support/kube/kube-server.ts'
import type { JsonObject } from '../support/kube/stand-in/json.ts'
import { configMap, configMaps, createNamespace, gateway, gateways } from './support/objects.ts'

const server = await startKubeServer()
const { ask } = server
before(async () => {
  await defineKinds(server, gatewayApiKinds)
  await createNamespace(server, 'istio-system')
})
after(() => server[Symbol.asyncDispose]())

const noWants: SourceWants = { services: [], pods: [], configMaps: [], secrets: [], rootNamespace: 'istio-system' }

const service = (name: string, port = 80): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ name: 'http', port, protocol: 'TCP' }] },
})
const services = (namespace: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/services${name === '' ? '' : `/${name}`}`

/** A source for the Gateway of a namespace, and what comes of it. */
const open = async (namespace: string, kubeconfig = server.kubeconfig, options: Partial<KubeSourceOptions> = {}) => {
  const connected = await connectKube({ kubeconfig, env: {} })
  assert.ok(connected.ok)
  const client = createKubeClient(connected.connection)
  const sets: ObjectSet<ReadObject>[] = []
  const troubles: (readonly string[])[] = []
  let wake = (): void => {}
  const source = openKubeSource({
    istioNamespace: 'istio-system',
    client,
    gateway: { namespace, name: 'waypoint' },
    decode: createObjectReader(),
    onSet: (set) => {
      sets.push(set)
      wake()
    },
    onTroubles: (now) => {
      troubles.push(now)
      wake()
    },
    clock: systemClock,
    // No wait is shorter than with this.
    random: () => 1,
    ...options,
  })
  const names = (): readonly string[] =>
    (sets.at(-1)?.objects ?? []).flatMap(({ read }) =>
      read.ref === undefined || read.ref.namespace === ''
        ? []
        : [`${read.ref.kind} ${read.ref.namespace}/${read.ref.name}`],
    )
  /** Waits until something is so. */
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    source,
    sets,
    troubles,
    names,
    until,
    has: (name: string) => until(() => names().includes(name)),
    [Symbol.dispose]: () => {
      source.close()
      client.close()
    },
  }
}

const startNamespace = async (name: string): Promise<string> => {
  await createNamespace(server, name)
  await ask.good('POST', gateways(name), { body: gateway('waypoint') })
  return name
}

describe('a cluster as a source of sets', () => {
  test('the first set has all of the Gateway’s namespace, and none of others', async () => {
    const [own, other] = [await startNamespace('first'), await startNamespace('other')]
    for (const namespace of [own, other]) await ask.good('POST', services(namespace), { body: service('api') })
    using cluster = await open(own)
    await cluster.until(() => cluster.sets.length > 0)
    assert.equal(cluster.sets.length, 1)
    // Which Gateways there are is known of all.
    assert.deepEqual(
      cluster.names().filter((name) => name.startsWith('Service')),
      [`Service ${own}/api`],
    )
    assert.ok(cluster.source.want(noWants))
  })

  test('changes that come together make few sets, and what is as it was stays the same object', async () => {
    const own = await startNamespace('together')
    for (let i = 0; i < 20; i++) await ask.apply(services(own, `s${i}`), service(`s${i}`))
    using cluster = await open(own)
    await cluster.until(() => cluster.sets.length > 0)
    cluster.source.want(noWants)
    const first = cluster.sets[0]?.objects ?? []
    const started = cluster.sets.length
    await Promise.all(Array.from({ length: 20 }, (_, i) => ask.apply(services(own, `s${i}`), service(`s${i}`, 81 + i))))
    await ask.good('POST', services(own), { body: service('last') })
    await cluster.has(`Service ${own}/last`)
    assert.ok(cluster.sets.length - started < 15, `${cluster.sets.length - started} sets`)
    const kept = cluster.sets.at(-1)?.objects.filter((object) => first.includes(object)) ?? []
    assert.equal(kept.length, first.length - 20)
  })

  test('what a translation asks for is followed too, and it is said when it is there', async () => {
    const [own, far] = [await startNamespace('asks'), await createNamespace(server, 'far')]
    await ask.good('POST', services(far), { body: service('there') })
    await ask.good('POST', configMaps(own), { body: configMap('ca') })
    using cluster = await open(own)
    await cluster.until(() => cluster.sets.length > 0)
    const wants = { ...noWants, services: [far], configMaps: [`${own}/ca`], secrets: [`${own}/none`] }
    assert.equal(cluster.source.want(wants), false)
    await cluster.has(`Service ${far}/there`)
    assert.ok(cluster.names().includes(`ConfigMap ${own}/ca`))
    assert.equal(cluster.source.want(wants), true)
    assert.equal(cluster.source.want(noWants), false)
    await cluster.until(() => !cluster.names().includes(`Service ${far}/there`))
  })

  test('what is forbidden is told, and no set is made without it', async () => {
    const own = await startNamespace('forbidden')
    using cluster = await open(own, server.kubeconfigOf('nobody'))
    await cluster.until(() => cluster.troubles.length > 0)
    const [first] = cluster.troubles.at(-1) ?? []
    assert.match(first ?? '', /^GET https:.*: 403 Forbidden: .*cannot list.* \(the account’s role lacks this right\)/)
    assert.equal(cluster.sets.length, 0)
  })

  test('a kind is picked up when it is defined', async () => {
    const own = await startNamespace('defined')
    using cluster = await open(own, server.kubeconfig, { discoveryMs: 200 })
    await cluster.until(() => cluster.sets.length > 0)
    cluster.source.want(noWants)
    await defineKinds(server, istioKinds)
    await ask.good('POST', `/apis/security.istio.io/v1/namespaces/${own}/authorizationpolicies`, {
      body: { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name: 'p' }, spec: {} },
    })
    await cluster.has(`AuthorizationPolicy ${own}/p`)
  })

  test('nothing is lost while connections break and history is forgotten', async () => {
    const own = await startNamespace('broken')
    using cluster = await open(own)
    await cluster.until(() => cluster.sets.length > 0)
    cluster.source.want(noWants)
    // What is cut is each kept connection of the test as well.
    const again = async (write: () => Promise<unknown>, attempts = 20): Promise<void> => {
      await write().catch((error: unknown) => {
        if (attempts === 0) throw error
        return again(write, attempts - 1)
      })
    }
    for (let round = 0; round < 12; round++) {
      await again(() => ask.apply(services(own, `a${round}`), service(`a${round}`)))
      if (round % 2 === 1) server.cut()
      if (server.kind === 'stand-in' && round % 4 === 3) await server.compact()
      await again(() => ask.apply(services(own, `b${round}`), service(`b${round}`)))
      if (round > 0) await again(() => ask('DELETE', services(own, `a${round - 1}`)))
    }
    await cluster.has(`Service ${own}/b11`)
    await cluster.until(() => !cluster.names().includes(`Service ${own}/a10`))
    const wanted = ['a11', ...Array.from({ length: 12 }, (_, i) => `b${i}`)].map((name) => `Service ${own}/${name}`)
    assert.deepEqual(
      cluster
        .names()
        .filter((name) => name.startsWith('Service '))
        .toSorted(),
      wanted.toSorted(),
    )
    for (const [i, set] of cluster.sets.entries()) {
      assert.ok(
        set.objects.some(({ read }) => read.ref?.kind === 'Gateway'),
        `set ${i} is complete`,
      )
    }
  })
})
