import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { comparisonReading } from '../../../test/support/comparison.ts'
import { createTerminal } from '../../../test/support/terminal.ts'
import { comparisonRows } from '../../admin/rows/comparison-rows.ts'
import type { ComparisonReading } from '../../proxy/comparison/comparison-reading.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const example = {
  method: 'GET',
  path: '/orders/7',
  place: 'body /items/0/price',
  primary: '10',
  mirror: '"1\u001b[2J0"',
}
const price = { path: 'body /items/*/price', kind: 'value', count: 12, firstAtMs: 0, lastAtMs: 1, example } as const
const noisy = { path: 'body /at', kind: 'value', primary: 0.05, mirror: 0.905, isSuspect: true } as const

describe('fairway waypoint mirrors', () => {
  let admin: Server
  let answer: unknown
  let port = 0

  before(async () => {
    admin = createServer((request, response) => {
      response.statusCode = request.url === '/comparisons' ? 200 : 404
      response.end(JSON.stringify(answer))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => admin.once('listening', resolve))
    const address = admin.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  after(() => new Promise((resolve) => admin.close(resolve)))

  const mirrors = async (readings: readonly ComparisonReading[], ...args: readonly string[]) => {
    answer = { generation: 3, processes: 1, comparisons: comparisonRows([readings]) }
    const terminal = createTerminal()
    const all = ['waypoint', 'mirrors', '--admin', `127.0.0.1:${port}`, ...args]
    const code = await runProgram({ version: '0', verbs }, all, terminal)
    return { code, lines: terminal.stdout().trimEnd().split('\n'), err: terminal.stderr() }
  }

  it('shows what the admin API of this version says: a row each, and what differs below', async () => {
    const fine = { same: 0, different: 0, learning: 7, unanswered: 0, skipped: 0 }
    const { code, lines } = await mirrors([
      comparisonReading({ differences: [price], noise: { samples: 9, wanted: 5, paths: [noisy] } }),
      comparisonReading({ comparison: 'shop/other', outcomes: fine, noise: { samples: 2, wanted: 5, paths: [] } }),
    ])
    assert.equal(code, 79)
    assert.deepEqual(lines, [
      'MIRROR        COMPARISON  STATE         SAME  DIFFERENT  LEARNING  UNANSWERED  SKIPPED',
      'shop/next:80  shop/next   judging       1     2 (67 %)   3         4           5',
      'shop/next:80  shop/other  learning 2/5  0     0          7         0           0',
      '',
      'shop/next:80 HTTPRoute shop/api rules[0].filters[0]',
      'TIMES  PLACE                DIFFERENT  PRIMARY  MIRROR    LAST SEEN',
      '12     body /items/*/price  value      10       "1 [2J0"  GET /orders/7',
      'and 1 at other places',
      'noise that may hide a mistake: body /at (value): the mirror differs in 91 %, the primary from itself in 5 %',
    ])
  })

  it('is fine where nothing differs', async () => {
    const { code, lines } = await mirrors([comparisonReading({ omitted: 0 })])
    assert.deepEqual([code, lines.length], [0, 2])
  })

  it('says so where nothing is compared', async () => {
    const { code, lines } = await mirrors([])
    assert.deepEqual([code, lines], [0, ['no answers of mirrors are compared: no MirrorComparison is in force']])
  })

  it('prints the document for programs', async () => {
    const readings = [comparisonReading({ differences: [price] }), comparisonReading()]
    assert.deepEqual((await mirrors(readings, '-o', 'name')).lines, ['mirrorcomparison.fairway.dev/next'])
    const { lines } = await mirrors(readings, '-o', 'json')
    const head = { apiVersion: 'cli.fairway.dev/v1alpha1', kind: 'MirrorList' }
    assert.deepEqual(JSON.parse(lines.join('')), { ...head, ...Object(answer) })
  })

  it('takes no other answer for one', async () => {
    const { code, err } = await mirrors([], '--admin', `127.0.0.1:${port}`)
    assert.deepEqual([code, err], [0, ''])
    answer = { generation: 1, processes: 1, comparisons: [{}] }
    const terminal = createTerminal()
    assert.equal(
      await runProgram({ version: '0', verbs }, ['waypoint', 'mirrors', '--admin', `127.0.0.1:${port}`], terminal),
      1,
    )
    assert.match(terminal.stderr(), /says nothing of mirrors/)
  })
})
