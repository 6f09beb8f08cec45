import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange, createFakeEnv } from '../testing.ts'
import type { Serving } from '../index.ts'
import { defineApp } from './define-app.ts'

describe('what an App is told', () => {
  const { config } = defineApp({ plugin: async () => {}, config: undefined })
  const bad: readonly (readonly [told: object, path: string])[] = [
    [{ prefix: 'api' }, 'spec.prefix'],
    [{ prefix: '/' }, 'spec.prefix'],
    [{ prefix: '/api/' }, 'spec.prefix'],
    [{ config: [] }, 'spec.config'],
    [{ limits: { body: 0 } }, 'spec.limits.body'],
    [{ openapi: { page: 'docs' } }, 'spec.openapi.page'],
    [{ routes: [] }, 'spec.routes'],
  ]
  for (const [told, path] of bad) {
    it(`may not be ${JSON.stringify(told)}`, () => {
      const decoded = config.decode(told, 'spec')
      assert.deepEqual(!decoded.ok && decoded.issues.map((issue) => issue.path), [path])
    })
  }
})

it('a plugin that does not start fails its trial, and requests that came before', async () => {
  const definition = defineApp({
    plugin: async () => {
      throw new Error('no licence')
    },
    config: undefined,
  })
  const env = createFakeEnv()
  const filter = definition.create({ config: {}, limits: { body: 100 } }, env)
  const failed: unknown[] = []
  // What is called of it here.
  const serving = { bodyBytes: 0, fail: (error: unknown) => failed.push(error) } as unknown as Serving
  assert.notEqual(filter.serve?.(createExchange(), serving), undefined)
  await assert.rejects(async () => definition.warmUp?.(filter, env), /no licence/)
  assert.match(String(failed[0]), /no licence/)
  filter.close?.()
})
