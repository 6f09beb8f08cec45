import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cleanObjects, meshOf, objectsIn } from '../../../test/support/doctor/mesh-case.ts'
import { exitCodes } from '../exit-codes.ts'
import { CliError } from '../verb.ts'
import type { Mesh } from './mesh/mesh.ts'
import { lookUntilFine, type Looked, type Waiting } from './wait-until-fine.ts'

const clean = cleanObjects(objectsIn(readFileSync(join(import.meta.dirname, 'cases/clean.yaml'), 'utf8')))
const fine = meshOf(clean, {})
const withoutGateway = meshOf(clean, { remove: ['Gateway/shop/waypoint'] })
const withoutMetrics = meshOf(clean, { served: { 'PodMetrics.metrics.k8s.io': [] } })
const unreachable = new CliError(exitCodes.clusterUnreachable, 'cannot ask the API server')

/** Looks at one after the other; time goes on by a second with each look. */
const run = async (
  looks: readonly (Mesh | Error)[],
  waiting: Partial<Waiting> = {},
): Promise<Looked & { readonly told: string; readonly left: number }> => {
  let nowMs = 0
  let told = ''
  const rest = [...looks]
  const looked = await lookUntilFine(
    {
      suppressions: [],
      threshold: 'warning',
      timeoutMs: 10_000,
      ...waiting,
      look: async () => {
        nowMs += 1000
        const next = rest.shift() ?? assert.fail('one look too many')
        if (next instanceof Error) throw next
        return next
      },
    },
    {
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs, epochOf: (ms) => ms, after: () => () => {} },
      signal: new AbortController().signal,
      err: { write: (text) => void (told += String(text)) },
      pauseMs: 1,
    },
  )
  return { ...looked, told, left: rest.length }
}

describe('waiting', () => {
  it('ends with the first look at which nothing is found, and tells of each change once', async () => {
    const { isLate, told, left } = await run([withoutGateway, withoutGateway, withoutMetrics, fine, fine])
    assert.equal(isLate, false)
    assert.equal(left, 1)
    assert.equal(told.trimEnd().split('\n').length, 2, told)
    assert.match(told, /^waiting: 1 error; FW0601 Namespace shop: asks for waypoint .*\nwaiting: 1 warning; FW0509 /)
  })
  it('ends when the time is over, with what there is then', async () => {
    const { isLate, report } = await run([withoutGateway, withoutGateway, withoutGateway], { timeoutMs: 2000 })
    assert.equal(isLate, true)
    assert.ok(report.results.some(({ state }) => state === 'error'))
  })
  it('is for findings at the threshold only', async () => {
    const { isLate, left } = await run([withoutMetrics], { threshold: 'error' })
    assert.deepEqual([isLate, left], [false, 0])
  })
  it('is for a server that cannot be reached yet, too', async () => {
    const { isLate, told } = await run([unreachable, fine])
    assert.equal(isLate, false)
    assert.equal(told, 'waiting: cannot ask the API server\n')
  })
  it('does not hide that a server could not be reached to the end', async () => {
    await assert.rejects(run([unreachable, unreachable], { timeoutMs: 1000 }), unreachable)
  })
  it('does not go over what no time will change', async () => {
    const refused = new CliError(exitCodes.notPermitted, 'who are you')
    await assert.rejects(run([refused, fine]), refused)
  })
  it('is not done unless asked for', async () => {
    const { isLate, left } = await run([withoutGateway, fine], { timeoutMs: 0 })
    assert.deepEqual([isLate, left], [false, 1])
    await assert.rejects(run([unreachable, fine], { timeoutMs: 0 }), unreachable)
  })
})
