import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { parse } from 'yaml'
import { filterReading } from '../../../test/support/filters/filter-reading.ts'
import { createTerminal } from '../../../test/support/terminal.ts'
import { filterRows } from '../../admin/rows/filter-rows.ts'
import { countFailures, type FilterReading } from '../../filter/guard/reading.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const reading = (changes: Partial<FilterReading> = {}): FilterReading =>
  filterReading({ kind: 'StampVersion', version: '3f2a1c', ...changes })

const failing = reading({
  id: 'shop/broken',
  kind: 'Broken',
  state: 'quarantined',
  untilMs: Date.parse('2026-11-30T06:00:00Z'),
  calls: 40,
  failures: { ...countFailures(), throw: 9, wait: 1 },
  hookMs: { max: 12.345, sum: 15 },
  hookBuckets: [40],
  lastFailure: {
    kind: 'throw',
    message: 'no such\u001b[31m tenant',
    location: 'broken.ts:12',
    atMs: Date.parse('2026-11-30T05:59:30Z'),
  },
})

describe('fairway filter list', () => {
  let admin: Server
  let answer: unknown
  let status = 200
  let port = 0

  before(async () => {
    admin = createServer((request, response) => {
      response.statusCode = request.url === '/filters' ? status : 404
      response.end(JSON.stringify(answer))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => admin.once('listening', resolve))
    const address = admin.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  beforeEach(() => {
    status = 200
  })
  after(() => new Promise((resolve) => admin.close(resolve)))

  const serve = (...readings: readonly FilterReading[]): void => {
    answer = { generation: 3, processes: 1, filters: filterRows([readings]) }
  }

  const list = async (...args: readonly string[]) => {
    const terminal = createTerminal()
    const all = ['filter', 'list', '--admin', `127.0.0.1:${port}`, ...args]
    const code = await runProgram({ version: '0', verbs }, all, terminal)
    return { code, out: terminal.stdout(), err: terminal.stderr() }
  }

  it('shows what the admin API of this version says: a row each, and failures below', async () => {
    serve(failing, reading({ calls: 7, hookMs: { p50: 0.0025, max: 0.0042, sum: 0.01 }, hookBuckets: [0, 0, 7] }))
    const { code, out } = await list()
    assert.equal(code, 79)
    assert.deepEqual(out.split('\n'), [
      'FILTER       KIND          VERSION  STATE        CALLS  FAILED  P50    MAX     BUDGET',
      'shop/broken  Broken        3f2a1c   quarantined  40     10      -      12.3ms  10ms',
      'shop/stamp   StampVersion  3f2a1c   active       7      0       2.5µs  4.2µs   10ms',
      '',
      'shop/broken: throw at broken.ts:12: no such [31m tenant',
      '  2026-11-30T05:59:30.000Z; throw 9, wait 1',
      '',
    ])
  })

  it('shows more where more is asked for', async () => {
    serve(failing)
    const { out } = await list('-o', 'wide')
    assert.match(out, /BUDGET {2}WAIT {4}FAILURE MODE {2}ISOLATION {2}UNTIL\n/)
    assert.match(out, /10ms {4}1000ms {2}closed {8}none {7}2026-11-30T06:00:00.000Z\n/)
  })

  it('prints a document, the same as JSON and as YAML, and names', async () => {
    serve(reading())
    const { code, out } = await list('-o', 'json')
    assert.equal(code, 0)
    const head = { apiVersion: 'cli.fairway.dev/v1alpha1', kind: 'FilterList' }
    assert.deepEqual(JSON.parse(out), { ...head, ...Object(answer) })
    assert.deepEqual(parse((await list('-o', 'yaml')).out), JSON.parse(out))
    assert.equal((await list('-o', 'name')).out, 'stampversion.fairway.dev/stamp\n')
  })

  it('says so when there are none', async () => {
    serve()
    assert.deepEqual(await list(), { code: 0, out: 'no filters of users are in force\n', err: '' })
  })

  for (const [what, body] of [
    ['nothing', null],
    ['something else', { generation: 1, processes: 1, filters: [{ id: 7 }] }],
    ['a row without its budget', { generation: 1, processes: 1, filters: [{ ...reading(), budget: undefined }] }],
  ] as const) {
    it(`says that ${what} is no answer of a waypoint`, async () => {
      answer = body
      const { code, err } = await list()
      assert.equal(code, 1)
      assert.match(err, /\/filters answered 200, which says nothing of filters/)
    })
  }

  it('says that an error is none', async () => {
    serve(reading())
    status = 500
    assert.match((await list()).err, /answered 500/)
  })
})
