import assert from 'node:assert/strict'
import { it } from 'node:test'
import { InstanceEnv } from './instance-env.ts'

it("a line of a user's filter says whose it is, and one of a built-in filter speaks for itself", () => {
  const lines: unknown[] = []
  const host = { now: () => 0, random: () => 0, log: (...line: unknown[]) => void lines.push(line) }
  const user = {
    ...{ id: 'shop/stamp', module: 'a', version: 'v1', hookMs: 10, waitMs: 1000 },
    failureMode: 'closed',
    isolation: 'none',
  } as const
  const ending = new AbortController()
  new InstanceEnv(host, { kind: 'Stamp', config: {}, origin: 'here', user }, ending).log('info', 'hello')
  new InstanceEnv(host, { kind: 'RateLimit', config: {}, origin: 'here' }, ending).log('info', 'hello')
  assert.deepEqual(lines, [
    ['info', 'hello', { filter: 'shop/stamp' }],
    ['info', 'hello'],
  ])
})
