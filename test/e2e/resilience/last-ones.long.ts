import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { backendPolicy } from '../support/objects.ts'
import { API, createFleet, endpointOf, statesOf } from '../support/resilience/fleet.ts'

const specs = [3, 4, 5].map((n) => ({ name: `api-${n}`, address: `127.71.34.${n}` }))
const terminating = { ready: false, serving: true, terminating: true }
const hasEnded = { ready: false, serving: false, terminating: true }

describe('the last ones standing', () => {
  it('terminating endpoints are used where no other is, and only there', async () => {
    await using fleet = await createFleet()
    await Promise.all(specs.map((spec) => fleet.startPod(spec)))
    const put = (...conditions: readonly { readonly ready: boolean }[]): void =>
      fleet.put(specs.map((spec, index) => ({ ...endpointOf(spec), conditions: conditions[index] ?? hasEnded })))
    put(terminating, terminating, hasEnded)
    const fairway = await fleet.startFairway(2)
    const client = await fleet.mesh.dial(fairway)
    /** Who answers, by many requests: names of pods, or statuses. */
    const whoAnswers = async (): Promise<readonly string[]> => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => client.request(API)))
      const names = answers.map(({ status, headers }) => (status === 200 ? String(headers['x-pod']) : String(status)))
      return [...new Set(names)].toSorted()
    }
    const becomes = async (...names: readonly string[]): Promise<void> => {
      await eventually(`answers of ${names.join(', ')} only`, async () => (await whoAnswers()).join() === names.join())
    }
    await becomes('api-3', 'api-4')
    put({ ready: true }, terminating, hasEnded)
    await becomes('api-3')
    put(terminating, hasEnded, { ready: true })
    await becomes('api-5')
    put(hasEnded, hasEnded, hasEnded)
    await becomes('503')
  })

  it('when all are ejected they are used rather than none', async () => {
    await using fleet = await createFleet()
    const policy = backendPolicy('api', {
      outlierDetection: {
        consecutive5xxErrors: 1,
        baseEjectionTime: '10m',
        maxEjectionTime: '10m',
        maxEjectionPercent: 100,
      },
    })
    await Promise.all(specs.map((spec) => fleet.startPod({ ...spec, status: 500 })))
    fleet.put(specs.map(endpointOf), [policy])
    const fairway = await fleet.startFairway(1)
    const client = await fleet.mesh.dial(fairway)
    for (let i = 0; i < 20; i++) await client.request(API)
    await eventually('all to be ejected', async () => (await statesOf(fairway)).join() === 'ejected,ejected,ejected')
    const answers = await Promise.all(Array.from({ length: 60 }, () => client.request(API)))
    const names = answers.map(({ status, headers }) => `${status} of ${String(headers['x-pod'])}`)
    assert.deepEqual([...new Set(names)].toSorted(), ['500 of api-3', '500 of api-4', '500 of api-5'])
  })

  it('the first one that is back is found at once, though all are ejected for long', async () => {
    await using fleet = await createFleet()
    const policy = backendPolicy('api', {
      outlierDetection: { baseEjectionTime: '10m', maxEjectionTime: '10m' },
    })
    const pods = await Promise.all(specs.map((spec) => fleet.startPod(spec)))
    fleet.put(specs.map(endpointOf), [policy])
    const fairway = await fleet.startFairway(1)
    const client = await fleet.mesh.dial(fairway)
    assert.equal((await client.request(API)).status, 200)
    await Promise.all(pods.map((pod) => pod.kill('SIGKILL')))
    for (let i = 0; i < 20; i++) assert.equal((await client.request(API)).status, 503)
    await eventually('all to be ejected', async () => (await statesOf(fairway)).join() === 'ejected,ejected,ejected')
    const [first] = specs
    assert.ok(first !== undefined)
    await fleet.startPod(first)
    const answers = []
    for (let i = 0; i < 10; i++) answers.push((await client.request(API)).status)
    assert.deepEqual(
      answers,
      answers.map(() => 200),
    )
  })
})
