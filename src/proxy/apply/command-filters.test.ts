import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { matchOf, modelOf, routeOf } from '../../../test/support/models.ts'
import { turn } from '../../../test/support/turns.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { createFilterInstances } from '../../filter/instances.ts'
import { anything } from '../../lib/schema.ts'
import { commandFilters } from './command-filters.ts'
import { ModelApplier } from './model-applier.ts'

const circular: Record<string, unknown> = {}
circular['self'] = circular

/** What each filter does with its command. */
const answers: Readonly<Record<string, () => unknown>> = {
  'shop/well': () => ({ forgotten: 3 }),
  'shop/silent': () => undefined,
  'shop/refusing': () => {
    throw new Error('no such path')
  },
  'shop/circular': () => circular,
  'shop/long': () => ({ n: 5n }),
  'shop/never': () => new Promise(() => {}),
}

test('what one filter makes of a command hides nothing of what the others did', async () => {
  const clock = createFakeClock()
  const cache: FilterDefinition = {
    kind: 'Cache',
    stage: 'shape',
    config: anything(),
    create: (_, { origin }) => ({ onCommand: () => answers[origin]?.() }),
  }
  const instances = createFilterInstances([cache], { now: () => 0, random: () => 0, log: () => {} })
  const applier = new ModelApplier({ instances, clock, onApplied: () => {} })
  const filters = Object.keys(answers).map((origin) => ({ kind: 'Cache', config: origin, origin }))
  void applier.apply(modelOf([routeOf('r', [{ matches: [matchOf()], filters }])]), 1)
  const said = commandFilters(applier.current, { kind: 'Cache', command: 'purge', parameters: {} }, clock)
  await turn()
  clock.advance(4000)
  const byOrigin = Object.fromEntries((await said).map(({ origin, ...rest }) => [origin, rest]))
  assert.deepEqual(byOrigin, {
    'shop/well': { result: { forgotten: 3 } },
    'shop/silent': { result: undefined },
    'shop/refusing': { failure: 'no such path' },
    'shop/circular': {
      failure: 'it was done, and its answer cannot be shown as JSON: Converting circular structure to JSON',
    },
    'shop/long': {
      failure: 'it was done, and its answer cannot be shown as JSON: Do not know how to serialize a BigInt',
    },
    'shop/never': { failure: 'no answer within 4000 ms' },
  })
})
