import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { CliError } from '../../verb.ts'
import { readinessOf, waitUntil, type Looked, type ReadinessFacts, type Wait } from './wait-ready.ts'

type Said = readonly [type: string, status: string, reason: string, observed?: number]

const withStatus = (generation: number, said: readonly Said[]): KubeJson => ({
  metadata: { name: 'waypoint', namespace: 'shop', generation },
  spec: { gatewayClassName: 'fairway-waypoint' },
  status: {
    conditions: said.map(([type, status, reason, observedGeneration]) => ({
      ...{ type, status, reason, observedGeneration, message: `${reason} it is` },
    })),
  },
})

const accepted: Said = ['Accepted', 'True', 'Accepted', 2]
const good = withStatus(1, [['Accepted', 'True', 'Accepted', 1]])

describe('how a Gateway is', () => {
  const cases: readonly (readonly [what: string, Said[], ReadinessFacts, state: string, text?: string])[] = [
    ['programmed', [accepted, ['Programmed', 'True', 'Programmed', 2]], {}, 'ready', 'Programmed it is'],
    [
      'programmed as it was before',
      [accepted, ['Programmed', 'True', 'Programmed', 1]],
      { gatewayClass: good },
      'waiting',
      'Programmed is True (Programmed): Programmed it is',
    ],
    ['refused', [['Accepted', 'False', 'Invalid', 2]], {}, 'refused', 'Accepted is False (Invalid): Invalid it is'],
    [
      'refused as it was before',
      [['Accepted', 'False', 'Invalid', 1]],
      {},
      'waiting',
      'the controller has not looked at it yet',
    ],
    [
      'new',
      [['Accepted', 'Unknown', 'Pending']],
      { gatewayClass: good },
      'waiting',
      'the controller has not looked at it yet',
    ],
    ['new for long', [], { waitedMs: 5000 }, 'waiting', 'the controller has not looked at it yet: is it running?'],
    [
      'of a class that is not there',
      [],
      { gatewayClass: null },
      'waiting',
      'GatewayClass fairway-waypoint is not there: the controller makes it when it runs; is it installed?',
    ],
    [
      'of a class that nobody has looked at',
      [],
      { gatewayClass: withStatus(1, [['Accepted', 'Unknown', 'Pending']]) },
      'waiting',
      'the controller has not accepted GatewayClass fairway-waypoint; is it running?',
    ],
    [
      'of a class that cannot be',
      [],
      { gatewayClass: withStatus(1, [['Accepted', 'False', 'InvalidParameters', 1]]) },
      'waiting',
      'GatewayClass fairway-waypoint: Accepted is False (InvalidParameters): InvalidParameters it is',
    ],
    [
      'without replicas',
      [accepted, ['Programmed', 'False', 'Pending', 2]],
      { podTrouble: 'Pod w-1: ErrImagePull' },
      'waiting',
      'Programmed is False (Pending): Pending it is; Pod w-1: ErrImagePull',
    ],
    ['of which nothing is said', [accepted], {}, 'waiting', 'nothing is said of Programmed yet'],
  ]
  for (const [what, said, facts, state, text] of cases) {
    it(what, () => {
      const found = readinessOf(withStatus(2, said), facts)
      assert.deepEqual([found.state, 'reason' in found ? found.reason : found.message], [state, text])
    })
  }
})

describe('waiting', () => {
  /** Looks as often as there is something to see; time goes by between. */
  const wait = async (seen: readonly (Looked<string> | CliError)[], timeoutMs: number, isStopped = false) => {
    const clock = createFakeClock()
    const stop = new AbortController()
    const reasons: string[] = []
    let looks = 0
    const options: Wait = {
      ...{ namespace: 'shop', name: 'w', timeoutMs, clock, signal: stop.signal },
      onReason: (reason) => reasons.push(reason),
    }
    const look = (): Promise<Looked<string>> => {
      const one = seen[Math.min(looks++, seen.length - 1)]
      assert.ok(one !== undefined)
      if (isStopped) stop.abort()
      else setImmediate(() => clock.advance(500))
      return one instanceof CliError ? Promise.reject(one) : Promise.resolve(one)
    }
    const ended = await waitUntil('it', options, look).catch((error: unknown) => error)
    return { ended, reasons, looks }
  }

  const endOf = (ended: unknown): readonly unknown[] =>
    ended instanceof CliError ? [ended.exitCode, ended.message] : [ended]

  it('tells a reason when it changes, and no more', async () => {
    const seen = ['a', 'a', 'b\n', 'b\n', 'a'].map((reason) => ({ reason }))
    const { ended, reasons } = await wait([...seen, { value: 'there' }], 60_000)
    assert.equal(ended, 'there')
    assert.deepEqual(reasons, ['a', 'b\\u000a', 'a'])
  })

  it('ends with the last reason when the time is over', async () => {
    const { ended, looks } = await wait([{ reason: 'a' }, { reason: 'b' }], 1000)
    assert.deepEqual(endOf(ended), [124, 'timed out after 1s waiting for it: b'])
    assert.equal(looks, 3)
  })

  it('goes on while the API server cannot be asked, and ends at once when one may not', async () => {
    const gone = await wait([new CliError(69, 'cannot be reached'), { value: 'there' }], 60_000)
    assert.deepEqual([gone.ended, gone.reasons], ['there', ['cannot be reached']])
    const forbidden = await wait([new CliError(77, 'may not'), { value: 'there' }], 60_000)
    assert.deepEqual([endOf(forbidden.ended), forbidden.reasons], [[77, 'may not'], []])
  })

  it('ends when it is called off', async () => {
    const { ended } = await wait([{ reason: 'a' }], 60_000, true)
    assert.deepEqual(endOf(ended), [1, 'interrupted while waiting for it'])
  })
})
