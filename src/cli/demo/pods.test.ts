import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createDevCa, type DevCa } from '../../identity/ca/dev-ca.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Pod, PodOptions } from './pod.ts'
import { startPods } from './pods.ts'

const createCa = (context: TestContext): Promise<DevCa> => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-cli-'))
  context.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  return createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
}

const failure = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code })

interface Machine {
  readonly start: (options: PodOptions) => Promise<Pod>
  readonly closed: string[]
}

/** A machine that gives the addresses for which `refuse` has no error. */
const createMachine = (refuse: (address: string, service: string) => Error | undefined): Machine => {
  const closed: string[] = []
  const start = async ({ address, service }: PodOptions): Promise<Pod> => {
    const error = refuse(address, service)
    if (error !== undefined) throw error
    const close = (): void => void closed.push(service)
    return { service, address, hbonePort: 15_008, served: () => 0, tick: () => {}, close }
  }
  return { start, closed }
}

const run = async (
  context: TestContext,
  machine: Machine,
): Promise<{ readonly addresses: readonly string[]; readonly moved: readonly string[] }> => {
  const moved: string[] = []
  const pods = await startPods({
    ca: await createCa(context),
    trustDomain: 'cluster.local',
    namespace: 'demo',
    onMoved: (text) => moved.push(text),
    start: machine.start,
  })
  return { addresses: pods.map((pod) => pod.address), moved }
}

test('pods stand where the objects say', async (context) => {
  const outcome = await run(
    context,
    createMachine(() => undefined),
  )
  assert.deepEqual(outcome, { addresses: ['127.0.0.2', '127.0.0.3'], moved: [] })
})

test('a taken address is replaced by another loopback address, and people are told', async (context) => {
  const { addresses, moved } = await run(
    context,
    createMachine((address) => (address === '127.0.0.3' ? failure('EADDRINUSE') : undefined)),
  )
  assert.equal(addresses[0], '127.0.0.2')
  assert.match(addresses[1] ?? '', /^127\.\d+\.\d+\.\d+$/)
  assert.match(moved.join(), /^127\.0\.0\.3:15008 cannot be had, api-canary stands at 127\./)
})

test('where only 127.0.0.1 and ::1 exist, the pods stand there', async (context) => {
  const taken = new Set<string>()
  const machine = createMachine((address) => {
    if (address !== '127.0.0.1' && address !== '::1') return failure('EADDRNOTAVAIL')
    if (taken.has(address)) return failure('EADDRINUSE')
    taken.add(address)
    return undefined
  })
  assert.deepEqual((await run(context, machine)).addresses, ['127.0.0.1', '::1'])
})

test('when no address can be had, the error names the port, and the first pod is closed', async (context) => {
  const machine = createMachine((_, service) => (service === 'api-canary' ? failure('EADDRINUSE') : undefined))
  await assert.rejects(run(context, machine), { exitCode: 1, message: /port 15008 free for a pod: listen EADDRINUSE/ })
  assert.deepEqual(machine.closed, ['api-stable'])
})

test('an error that another address would not help is passed on', async (context) => {
  await assert.rejects(
    run(
      context,
      createMachine(() => failure('EMFILE')),
    ),
    /EMFILE/,
  )
})
