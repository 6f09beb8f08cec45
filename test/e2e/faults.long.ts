/** `npm run test:long`: how exactly faults are what they are said to be, measured by a client. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadPlan, TlsFiles } from '../bench/load/plan.ts'
import { createLaboratory, type Laboratory } from '../bench/suites/laboratory.ts'
import { createChildren } from '../bench/support/children.ts'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import type { Answer, HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { issueTo, tlsFilesIn, writeCertificates } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'
import { formatReport, startSteadyLoad, type SteadyLoadOptions } from './support/resilience/steady-load.ts'

const address = '127.71.97.1'
const TO = '10.96.0.10:80'
const DELAY_MS = 50
const ROUNDS = 5
const WINDOW_MS = 1500
/** Of the requests whose delay is measured, and as many without one. */
const RATE = 200
const LANES = 16
/** Beside whom, and which share of what can be done at all they ask for. */
const others = { nobody: 0, 'a quarter of what can be done': 0.25, 'all that can be done': 1 }
const TIMES = 10_000

const fault = (name: string, spec: object): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'FaultInjection',
  metadata: { name, namespace: 'shop' },
  spec: {
    targetRefs: [{ kind: 'Service', name: 'api' }],
    when: { headers: [{ name: 'x-fault', value: name }] },
    ...spec,
  },
})

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address, port: 8080 }] }),
  fault('slow', { delay: { fixed: `${DELAY_MS}ms` } }),
  fault('third', { abort: { percent: 33 } }),
]

const quantileOf = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0

const percent = (share = 0): string => `${(share * 100).toFixed(1)} %`

/** Of who is beside it. */
const loadOf = ({ addresses }: RunningFairway, tls: TlsFiles): Omit<SteadyLoadOptions, 'ratePerSecond'> => ({
  ...{ waypoint: addresses.hbone, authority: TO, tls },
  ...{ connections: 4, tunnels: LANES },
})

describe('a fault', () => {
  let mesh: Mesh
  let fairway: RunningFairway
  let client: HboneClient
  let tls: TlsFiles
  let laboratory: Laboratory
  const children = createChildren()
  before(async () => {
    mesh = await createMesh(objects)
    const filesOf = async (name: string): Promise<TlsFiles> =>
      tlsFilesIn(writeCertificates(join(mesh.dir, name), await issueTo(mesh.ca, `shop/${name}`)))
    tls = await filesOf('client')
    const ports = { hbonePort: 15008, httpPort: 9080, httpsPort: 9443 }
    // In processes of their own: what they do must not count as a delay.
    const backend = { addresses: [address], ...ports, bodyBytes: 2, tls: await filesOf('api') }
    laboratory = await createLaboratory(children, backend)
    fairway = await mesh.startFairway(1)
    client = await mesh.dial(fairway)
  })
  after(async () => {
    await children.stopAll()
    await mesh?.[Symbol.asyncDispose]()
  })

  const planOf = (name: string, tunnels: number, windowMs: number): LoadPlan => {
    const [host = '', port] = fairway.addresses.hbone.split(':')
    const request = `GET / HTTP/1.1\r\nhost: api\r\nx-fault: ${name}\r\n\r\n`
    const shape = { connections: 1, tunnels, warmupMs: 200, windowMs }
    return { mode: 'hbone', host, port: Number(port), authority: TO, request, bodyBytes: 2, tls, ...shape }
  }

  /** How long each request of a window took. */
  const timesOf = async (name: string): Promise<readonly number[]> => {
    const plan = { ...planOf(name, LANES, WINDOW_MS), ratePerSecond: RATE, hasTimeline: true }
    return (await laboratory.measure(plan, fairway.pid)).timeline?.tookMs ?? []
  }

  /** Requests a second of as many who send without pause; also warms everybody up. */
  const capacity = async (): Promise<number> =>
    (await laboratory.measure(planOf('none', LANES, 2 * WINDOW_MS), fairway.pid)).requestsPerSecond

  const ask = (name: string): Promise<Answer> => client.request(TO, { headers: { 'x-fault': name } })

  for (const [who, share] of Object.entries(others)) {
    it(`delays by what it says, within 2 ms, beside ${who}`, async (t) => {
      const ratePerSecond = share * (await capacity())
      const load = ratePerSecond === 0 ? undefined : await startSteadyLoad({ ...loadOf(fairway, tls), ratePerSecond })
      const [plain, slow]: [number[], number[]] = [[], []]
      // In turn: what slows the machine for a while slows both.
      for (let i = 0; i < ROUNDS; i++) {
        plain.push(...(await timesOf('none')))
        slow.push(...(await timesOf('slow')))
      }
      const report = await load?.stop()
      const usualMs = quantileOf(plain, 0.5)
      const errors = slow.map((tookMs) => tookMs - usualMs - DELAY_MS)
      const [least, p50, p90, p99] = [0, 0.5, 0.9, 0.99].map((at) => quantileOf(errors, at).toFixed(2))
      t.diagnostic(`${errors.length} delays; error: least ${least}, p50 ${p50}, p90 ${p90}, p99 ${p99} ms`)
      t.diagnostic(`without one: p50 ${usualMs.toFixed(2)}, p99 ${quantileOf(plain, 0.99).toFixed(2)} ms`)
      const shareWithin = (values: readonly number[]): number =>
        values.filter((value) => Math.abs(value) <= 2).length / values.length
      const [within, usually] = [errors, plain.map((tookMs) => tookMs - usualMs)].map(shareWithin)
      t.diagnostic(`within 2 ms: ${percent(within)}; of those without a delay ${percent(usually)}`)
      if (report !== undefined) t.diagnostic(`beside it: ${formatReport(report)}`)
      assert.ok(Math.min(...slow) >= DELAY_MS, 'none is shorter than it says')
      // Who has no time for requests has none for timers.
      if (share < 1) assert.ok(Math.abs(quantileOf(errors, 0.5)) <= 2)
    })
  }

  it(`hits as many of ${TIMES} as it says, within a point`, async (t) => {
    let hits = 0
    for (let sent = 0; sent < TIMES; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask('third')))
      hits += answers.filter(({ status }) => status === 503).length
    }
    t.diagnostic(`${hits} of ${TIMES}`)
    // Of 33 percent, chance stays within 1.41 points in 997 of 1,000 times.
    assert.ok(Math.abs(hits / TIMES - 0.33) <= 0.0141)
  })

  it('ends at its time, to the second', async (t) => {
    const untilMs = Math.ceil(Date.now() / 1000) * 1000 + 4000
    const until = new Date(untilMs).toISOString()
    mesh.write([...objects, fault('over', { abort: {}, until })])
    await eventually('it is in force', async () => (await ask('over')).status === 503)
    let [lastMs, firstMs] = [0, 0]
    while (Date.now() < untilMs + 2000) {
      const askedMs = Date.now()
      const { status } = await ask('over')
      if (status === 503) lastMs = askedMs
      else if (firstMs === 0) firstMs = Date.now()
      await sleep(5)
    }
    t.diagnostic(`last ${untilMs - lastMs} ms before its end, first without ${firstMs - untilMs} ms after it`)
    assert.ok(lastMs <= untilMs && untilMs - lastMs < 1000)
    assert.ok(firstMs >= untilMs && firstMs - untilMs < 1000)
  })
})
