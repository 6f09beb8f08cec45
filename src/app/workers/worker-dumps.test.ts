import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { mergeDumps, type DumpPage } from '../../telemetry/dump.ts'
import { WorkerDumps } from './worker-dumps.ts'
import type { WorkerHandle } from './worker-process.ts'

const partOf = (tunnels: number, next?: number): DumpPage => ({
  dump: { series: [], scalars: [{ name: 'fairway_tunnels_total', value: tunnels }] },
  next,
})

/** A worker that answers with these parts, by where they begin; one that is not there fails. */
const workerWith = (parts: Readonly<Record<number, () => DumpPage>>) => {
  const asked: (readonly [from: unknown, timeoutMs: number | undefined])[] = []
  const worker = {
    pid: 1,
    post: () => {},
    call: async (_: string, ask: { readonly from: number }, timeoutMs?: number) => {
      asked.push([ask.from, timeoutMs])
      return (parts[ask.from] ?? (() => assert.fail('ended')))()
    },
    kill: () => {},
  }
  // Only dumps are asked for.
  return { worker: worker as unknown as WorkerHandle, asked }
}

it('what a worker has counted comes in parts, in good time, and counts when all of them are there', async () => {
  const clock = createFakeClock()
  const dumps = new WorkerDumps(clock)
  const total = async (...workers: readonly WorkerHandle[]) =>
    mergeDumps(await dumps.ask(workers)).scalars.find(({ name }) => name === 'fairway_tunnels_total')?.value
  const parts: Record<number, () => DumpPage> = { 0: () => partOf(5, 100), 200: () => partOf(1) }
  parts[100] = () => {
    clock.advance(1200)
    return partOf(2, 200)
  }
  const { worker, asked } = workerWith(parts)
  const other = workerWith({ 0: () => partOf(30) }).worker
  assert.equal(await total(worker, other), 38)
  assert.deepEqual(asked, [
    [0, 5000],
    [100, 5000],
    [200, 3800],
  ])
  parts[0] = () => partOf(50, 100)
  delete parts[100]
  assert.equal(await total(worker, other), 38, 'what is cut off is none')
  dumps.forget(worker)
  assert.equal(await total(other), 38)
})
