import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandWorker } from './command-worker.ts'

test('a command that a worker has not answered is told of: what it has stored may still be there', async () => {
  const worker = { call: () => Promise.reject(new Error('no answer within 5000 ms')) }
  const order = { kind: 'ResponseCache', command: 'purge', parameters: {} }
  const failure = 'its process has not answered: no answer within 5000 ms'
  assert.deepEqual(await commandWorker(worker, order, 5000), [[{ origin: 'kind ResponseCache', failure }]])
  assert.deepEqual(await commandWorker(worker, { ...order, origin: 'a' }, 5000), [[{ origin: 'a', failure }]])
})
