import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeClient, KubeJson } from '../../kube/client.ts'
import { failed, type KubeResult } from '../../kube/failure.ts'
import { kubeResources } from '../../kube/resources.ts'
import { writeStatus } from './write-status.ts'

const refuse = (status: number, reason: string): KubeResult<never> =>
  failed({ asked: 'it', status, reason, message: 'why' })

/** An object that others change as well: `races` times just before we write. */
class Server implements Pick<KubeClient, 'get' | 'update'> {
  version = 1
  status: unknown = { others: 0 }
  gets = 0
  updates = 0
  #races: number
  readonly #failure: KubeResult<never> | undefined

  constructor(races = 0, failure?: KubeResult<never>) {
    this.#races = races
    this.#failure = failure
  }

  object(): KubeJson {
    return { metadata: { name: 'r', namespace: 'shop', resourceVersion: String(this.version) }, status: this.status }
  }

  async get(): Promise<KubeResult<KubeJson>> {
    this.gets++
    return { ok: true, value: this.object() }
  }

  async update(_resource: unknown, object: KubeJson): Promise<KubeResult<KubeJson>> {
    this.updates++
    if (this.#failure !== undefined) return this.#failure
    if (this.#races > 0) {
      this.#races--
      this.version++
      this.status = { others: this.version }
    }
    if (object.metadata.resourceVersion !== String(this.version)) return refuse(409, 'Conflict')
    this.version++
    this.status = object['status']
    return { ok: true, value: this.object() }
  }
}

const run = async (server: Server, known: KubeJson | undefined) => {
  const writes: string[] = []
  const failure = await writeStatus(
    kubeResources.HTTPRoute,
    {
      known,
      place: { namespace: 'shop', name: 'r' },
      statusOf: ({ status }) => {
        const before = status as { readonly ours?: boolean }
        return before.ours === true ? status : { ...before, ours: true }
      },
    },
    {
      client: server,
      signal: new AbortController().signal,
      onWrite: (write) => void writes.push(write.failure?.reason ?? 'ok'),
    },
  )
  return { failure, writes }
}

describe('writing a status', () => {
  it('is done once, and nothing is written that is there', async () => {
    const server = new Server()
    assert.deepEqual(await run(server, server.object()), { failure: undefined, writes: ['ok'] })
    assert.deepEqual(await run(server, undefined), { failure: undefined, writes: [] })
    assert.deepEqual([server.gets, server.updates], [1, 1])
  })

  it('loses nothing that others write meanwhile', async () => {
    const server = new Server(3)
    const { failure } = await run(server, server.object())
    assert.equal(failure, undefined)
    assert.deepEqual(server.status, { others: 4, ours: true })
  })

  it('gives way to somebody who never stops', async () => {
    const server = new Server(100)
    const { failure, writes } = await run(server, server.object())
    assert.deepEqual([failure?.reason, writes, server.updates], ['Conflict', ['Conflict'], 5])
  })

  it('of an object that is gone is no failure; one that is refused is', async () => {
    const gone = new Server(0, refuse(404, 'NotFound'))
    assert.equal((await run(gone, gone.object())).failure, undefined)
    const refused = new Server(0, refuse(403, 'Forbidden'))
    assert.equal((await run(refused, refused.object())).failure?.reason, 'Forbidden')
  })
})
