import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { anything } from '../../lib/schema.ts'
import type { Filter, FilterDefinition } from '../index.ts'
import { createReply } from '../reply.ts'
import { composeChain, createExchange, runChain, runFilter, runTunnel } from '../testing.ts'

const definitionOf = (filter: Filter, body: FilterDefinition['body'] = {}): FilterDefinition => ({
  kind: 'Test',
  stage: 'shape',
  config: anything(),
  body,
  create: () => filter,
})

describe('the harness', () => {
  it('sends bodies in the pieces that a test says, and shows what either side got', async () => {
    const pieces: string[] = []
    const filter: Filter = {
      transformRequest: () => (bytes, isLast) => void pieces.push(`${String(bytes)}${isLast ? '.' : ''}`),
      transformResponse: () => async (bytes) => bytes.toString().toUpperCase(),
      onResponseTrailers: (trailers) => trailers.set('grpc-status', '0'),
    }
    const outcome = await runFilter(
      definitionOf(filter, { request: 'stream', response: 'stream' }),
      {},
      {
        exchange: {
          method: 'POST',
          body: ['ab', Buffer.from('c')],
          headers: [['content-length', '3']],
          trailers: [['a', 'b']],
        },
        response: { body: ['x', 'y', 'z'], headers: [['content-length', '3']], trailers: [['grpc-status', '13']] },
      },
    )
    assert.deepEqual(pieces, ['ab', 'c', '.'])
    assert.deepEqual([String(outcome.requestBody), String(outcome.responseBody)], ['abc', 'XYZ'])
    assert.deepEqual([outcome.requestTrailers.get('a'), outcome.responseTrailers.get('grpc-status')], ['b', '0'])
    const { request, response } = outcome
    assert.deepEqual([request.headers.has('content-length'), response.headers.has('content-length')], [false, false])
  })

  it('gives the whole of a body with its new length, and leaves alone what the filter does', async () => {
    const filter: Filter = {
      transformResponse: ({ response }) =>
        response?.headers.get('content-type') === 'text/plain' ? () => 'new!' : undefined,
    }
    const definition = definitionOf(filter, { response: 'buffer' })
    for (const [type, body, length] of [
      ['text/plain', 'new!', '4'],
      ['image/png', 'old', '3'],
    ] as const) {
      const outcome = await runFilter(
        definition,
        {},
        {
          response: {
            body: 'old',
            headers: [
              ['content-type', type],
              ['content-length', '3'],
            ],
          },
        },
      )
      assert.deepEqual([String(outcome.responseBody), outcome.response.headers.get('content-length')], [body, length])
    }
  })

  it('answers in place of a body that is too large, or that a filter does not want', async () => {
    const small = definitionOf({ transformRequest: () => () => '' }, { request: 'buffer', limitBytes: 2 })
    const { response, reply, requestBody } = await runFilter(small, {}, { exchange: { body: 'abc' } })
    assert.deepEqual([response.status, reply?.reason], [413, 'request_payload_too_large{Test}'])
    assert.equal(requestBody.length, 0)
    const withheld = definitionOf(
      { transformResponse: () => () => createReply(451, { body: 'no' }) },
      { response: 'buffer' },
    )
    const outcome = await runFilter(withheld, {}, { response: { body: 'abc' } })
    assert.deepEqual([outcome.kind, outcome.response.status, String(outcome.responseBody)], ['replied', 451, 'no'])
  })

  it('throws what a transform throws, and shows no transform the body of an answer to HEAD', async () => {
    const definition = definitionOf(
      { transformResponse: () => () => Promise.reject(new Error('broken')) },
      { response: 'stream' },
    )
    await assert.rejects(runFilter(definition, {}, { response: { body: 'a' } }), /broken/)
    const outcome = await runFilter(definition, {}, { exchange: { method: 'HEAD' }, response: { body: 'a' } })
    assert.equal(outcome.kind, 'forwarded')
  })

  it('says so when a definition does not say that its filter changes bodies', async () => {
    for (const [hook, side] of [
      ['transformRequest', 'request'],
      ['transformResponse', 'response'],
    ] as const) {
      const definition = definitionOf({ [hook]: () => undefined }, side === 'request' ? { response: 'stream' } : {})
      await assert.rejects(runFilter(definition, {}), new RegExp(`with ${hook}, .* no body.${side}`))
    }
  })

  it('shows hooks one exchange from its beginning to its end', async () => {
    const seen = new Set<unknown>()
    const note = (exchange: unknown): void => void seen.add(exchange)
    const filter: Filter = { onRequest: note, onResponse: note, onComplete: (_, exchange) => note(exchange) }
    const exchange = createExchange()
    await runChain(composeChain([{ stage: 'shape', filter }]), exchange)
    assert.deepEqual([...seen], [exchange])
  })

  it('asks about connections', async () => {
    const definition = definitionOf({
      onTunnel: ({ source, sni }) =>
        source.namespace === 'shop' && sni === undefined ? undefined : createReply(403, { reason: 'not_ours' }),
    })
    assert.deepEqual(await runTunnel(definition, {}), { kind: 'refused', reason: 'not_ours' })
    const { source } = createExchange({ source: { namespace: 'shop' } })
    assert.deepEqual(await runTunnel(definition, {}, { tunnel: { source } }), { kind: 'carried' })
  })
})
