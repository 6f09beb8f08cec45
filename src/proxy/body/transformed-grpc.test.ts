import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ruleOf } from '../../../test/support/filters/body-filters.ts'
import { GrpcMesh } from '../../../test/support/mesh/grpc-mesh.ts'
import type { BodyTransform, Filter } from '../../filter/index.ts'

let grpc: GrpcMesh
afterEach(() => grpc.close())

const frames: BodyTransform = (bytes) => Buffer.from(bytes.map((byte) => (byte === 0x61 ? 0x62 : byte)))

describe('gRPC through filters that change bodies', () => {
  it('has its messages changed, and its status in the trailers that filters see', async () => {
    const statuses: (string | undefined)[] = []
    const filter: Filter = {
      transformRequest: () => frames,
      transformResponse: () => frames,
      onResponseTrailers: (trailers) => {
        statuses.push(trailers.get('grpc-status'))
        trailers.set('x-seen', 'yes')
      },
    }
    grpc = await GrpcMesh.start(ruleOf([[{ request: 'stream', response: 'buffer' }, filter]]))
    const { error, value, trailers } = await grpc.call('banana')
    assert.equal(error, null)
    assert.equal(String(value), 'bbnbnb')
    assert.deepEqual([statuses, trailers.get('x-seen')], [['0'], ['yes']])
    assert.equal((await grpc.mesh.record(1)).grpcStatus, '0')
  })
  it('streams both ways, word for word', async () => {
    const later: BodyTransform = async (bytes, isLast) => {
      await new Promise((resolve) => setImmediate(resolve))
      return frames(bytes, isLast)
    }
    const filter: Filter = { transformRequest: () => frames, transformResponse: () => later }
    grpc = await GrpcMesh.start(ruleOf([[{ request: 'stream', response: 'stream' }, filter]]))
    const chat = grpc.chat()
    for (const word of ['papaya', 'x', 'banana']) assert.equal(await chat.say(word), word.replaceAll('a', 'b'))
    chat.stream.end()
    assert.equal((await chat.status).code, 0)
  })
})
