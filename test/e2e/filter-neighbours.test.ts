import assert from 'node:assert/strict'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFilterMesh } from './support/bad-filters.ts'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import type { Mesh } from './support/mesh.ts'

const VIP = '10.96.0.10:80'

const LOOPS = join(tmpdir(), `fairway-boot-${process.pid}`)

const badFilters = {
  throw: {},
  reject: {},
  stray: {},
  wait: {},
  loop: {},
  apart: { module: 'loop.ts', isolation: 'Thread' },
  boot: { config: { file: LOOPS } },
} as const

interface Row {
  readonly id: string
  readonly state: string
  readonly failures: Readonly<Record<string, number>>
  readonly lastFailure?: { readonly kind: string; readonly message: string; readonly location?: string }
}

describe('beside filters that fail', () => {
  let mesh: Mesh
  let filtersDir: string
  let fairway: RunningFairway
  let client: HboneClient
  before(async () => {
    const made = await createFilterMesh('127.71.41.1', badFilters)
    mesh = made.mesh
    filtersDir = made.filtersDir
    fairway = await mesh.startFairway(1, ['--filters', filtersDir, '--access-log', 'json'])
    client = await mesh.dial(fairway)
  })
  after(() => mesh?.[Symbol.asyncDispose]())

  const statusOf = async (path: string, through = client): Promise<number> =>
    (await through.request(VIP, { path })).status
  const readingOf = async (name: string): Promise<Row | undefined> => {
    // As docs/concepts/admin-api.md has it.
    const { filters } = (await fairway.admin('/filters')) as { readonly filters: readonly Row[] }
    return filters.find(({ id }) => id === `shop/${name}`)
  }

  const cases = [
    ['throw', 500, 'filter_failed{shop/throw,throw}'],
    ['reject', 500, 'filter_failed{shop/reject,reject}'],
    ['wait', 500, 'filter_failed{shop/wait,wait}'],
    ['stray', 200, 'via_upstream'],
  ] as const
  for (const [name, status, details] of cases) {
    it(`one on its own route is answered ${status}, and others do not notice: ${name}`, async () => {
      assert.equal(await statusOf(`/${name}`), status)
      assert.equal(await statusOf('/'), 200)
      await eventually('the access log', () => fairway.stdout().includes(`"${details}"`))
    })
  }

  it('what nobody caught counts against the filter that it came from', async () => {
    await eventually('the count', async () => {
      const reading = await readingOf('stray')
      return reading?.failures['reject'] === 1
    })
    assert.equal((await readingOf('stray'))?.lastFailure?.location, 'stray.ts:6')
  })

  it('metrics tell how long hooks take', async () => {
    assert.equal(await fairway.metric('fairway_filter_hook_seconds_count', { filter: 'shop/throw' }), 1)
    assert.equal(await fairway.metric('fairway_filter_failures_total', { filter: 'shop/throw', kind: 'throw' }), 1)
  })

  it('one that loops in a thread of its own is ended there', async () => {
    assert.equal(await statusOf('/apart'), 500)
    assert.equal(await statusOf('/'), 200)
    await eventually('the quarantine', async () => (await readingOf('apart'))?.state === 'quarantined')
  })

  it('none runs beside requests where the operator does not want it', async () => {
    const flags = ['--filters', filtersDir, '--filter-isolation', 'thread']
    const strict = await mesh.startFairway(1, flags)
    using other = await mesh.dial(strict)
    const workers = strict.workers()
    assert.equal(await statusOf('/loop', other), 500)
    assert.equal(await statusOf('/', other), 200)
    const { filters } = (await strict.admin('/filters')) as {
      readonly filters: readonly { readonly isolation: string }[]
    }
    assert.deepEqual([...new Set(filters.map(({ isolation }) => isolation))], ['thread'])
    assert.deepEqual(strict.workers(), workers)
  })

  it('one that loops beside requests takes its process down, and the next one comes up without it', async () => {
    const [first] = fairway.workers()
    await assert.rejects(statusOf('/loop'))
    await eventually('another process', async () => {
      const others = fairway.workers().filter((pid) => pid !== first)
      return others.length === 1 && (await fairway.readiness()).status === 200
    })
    const next = await mesh.dial(fairway)
    assert.equal(await statusOf('/', next), 200)
    assert.equal(await statusOf('/loop', next), 500)
    const reading = await readingOf('loop')
    assert.equal(reading?.state, 'quarantined')
    assert.equal(reading?.lastFailure?.kind, 'loop')
    assert.equal(reading.lastFailure.message, 'onRequest did not return within 1 s')
    assert.equal(reading.lastFailure.location, 'loop.ts:6')
    assert.equal(await fairway.metric('fairway_filter_quarantined', { filter: 'shop/loop' }), 1)
    const { items } = (await fairway.admin('/status')) as {
      readonly items: readonly {
        readonly metadata: { readonly name: string }
        readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
      }[]
    }
    const conditions = items.find(({ metadata }) => metadata.name === 'loop')?.status.conditions ?? []
    assert.equal(conditions.find(({ type }) => type === 'Healthy')?.status, 'False')
    const { reasons } = (await fairway.admin(`/resolve?authority=${VIP}&path=/loop`)) as {
      readonly reasons: readonly string[]
    }
    assert.ok(
      reasons.some((line) => line.startsWith('filter shop/loop is quarantined: ')),
      reasons.join('\n'),
    )
  })

  it('one that loops while it is made takes its process down once, and is not made in the next', async () => {
    const [first] = fairway.workers()
    writeFileSync(LOOPS, '')
    try {
      appendFileSync(join(filtersDir, 'boot.ts'), '// another version\n')
      await eventually('another process', async () => {
        const others = fairway.workers().filter((pid) => pid !== first)
        return others.length === 1 && (await fairway.readiness()).status === 200
      })
      const next = await mesh.dial(fairway)
      assert.equal(await statusOf('/', next), 200)
      assert.equal(await statusOf('/boot', next), 500)
      const reading = await readingOf('boot')
      assert.equal(reading?.state, 'quarantined')
      assert.equal(reading?.lastFailure?.message, 'create did not return within 1 s')
      // From the very start as well.
      const cold = await mesh.startFairway(1, ['--filters', filtersDir])
      using other = await mesh.dial(cold)
      assert.equal(await statusOf('/', other), 200)
      assert.equal(await statusOf('/boot', other), 500)
    } finally {
      rmSync(LOOPS)
    }
  })
})
