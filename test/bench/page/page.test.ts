import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { figureCase, missingCase } from '../report.ts'
import type { CaseReport, SeriesReport, SuiteReport } from '../report.ts'
import { alignTables } from './align-tables.ts'
import { createCharts } from './charts.ts'
import { keeperFor } from './keeper.ts'
import { renderPage } from './page.ts'
import { isFresh, type BenchResults, type SuiteResult } from './results.ts'
import { niceAbove } from './svg.ts'

const about = {
  machine: { cpu: 'Test', cpus: 2, memoryMb: 1, kernel: '6', node: '26.0.0', loadBefore: 0, isPinned: true },
  settings: { seconds: 2, pairs: 3 },
}
const date = '2026-01-02T03:04:05.000Z'
const resultOf = (suite: string, cases: SuiteReport['cases']): SuiteResult => ({
  ...about,
  date,
  suite: { suite, cases },
})

const policyCase: CaseReport = {
  ...missingCase('policy-1x64', 'fairway', ''),
  ...{ maxRatio: 0.4, ratioAtSameConcurrency: { nginxTls: 0.44, nginxPlain: null } },
}
const line: SeriesReport = {
  ...figureCase('growth-routes', '0.1.0', { figures: [{ name: 'at 5 ÷ at 1', value: 1, atMost: 2 }] }),
  series: { counts: 'routes & <more>', points: [{ x: 1, y: { median: 8, min: 7, max: 9 } }] },
}
const results: BenchResults = { policy: resultOf('policy', [policyCase]), growth: resultOf('growth', [line]) }

describe('the page', () => {
  const text = 'A\n\n<!-- bench:policy -->\nold\n<!-- /bench -->\n\nB\n\n<!-- bench:hbone -->\nkept\n<!-- /bench -->\n'
  const made = renderPage(text, results, createCharts(results))

  test('has the tables and the picture of what was measured, and leaves the rest alone', () => {
    assert.match(made, /^A\n\n<!-- bench:policy -->\n\n!\[.*\]\(performance\/policy\.svg\)\n\n2026-01-02, Test/)
    assert.match(made, /policy-1x64: CPU ÷ nginx TLS, same requests in flight 0\.44, at most 0\.4: missed/)
    assert.ok(made.endsWith('B\n\n<!-- bench:hbone -->\nkept\n<!-- /bench -->\n'))
  })

  test('is the same when it is made again', () => {
    assert.equal(renderPage(made, results, createCharts(results)), made)
  })

  test('tells of every goal, and first of those that were missed', () => {
    const goals = renderPage('<!-- bench:goals -->\n<!-- /bench -->', results, [])
    const rows = goals.split('\n').filter((one) => one.startsWith('| ') && !one.startsWith('| -'))
    assert.deepEqual(
      rows.slice(1).map((row) => row.split('|').map((cell) => cell.trim())[5]),
      ['**missed**', 'met'],
    )
  })
})

test('a picture says what it shows, in colours for light and dark, and nothing in it is taken for a tag', () => {
  const growth = createCharts(results).find(({ name }) => name === 'growth')?.svg ?? ''
  assert.match(growth, /<desc>routes &amp; &lt;more&gt;: 1: 8 µs<\/desc>/)
  assert.match(growth, /prefers-color-scheme:dark/)
  assert.equal(growth.match(/<text/g)?.length, growth.match(/<\/text>/g)?.length)
  const policy = createCharts(results).find(({ name }) => name === 'policy')?.svg ?? ''
  assert.match(policy, /class="bad"/)
  assert.match(policy, /0\.44 \(goal 0\.4\)/)
})

test('tables have columns as wide as their widest cell', () => {
  assert.equal(
    alignTables('x\n| a | µs |\n|---|---|\n| longer | 1 \\| 2 |\ny'),
    'x\n| a      | µs     |\n| ------ | ------ |\n| longer | 1 \\| 2 |\ny',
  )
})

test('axes end at round figures', () => {
  assert.deepEqual([0, 0.3, 1, 1.2, 7, 80, 240].map(niceAbove), [1, 0.5, 1, 2, 10, 100, 250])
})

describe('what is kept', () => {
  test('is one result for each suite, and the page with it', () => {
    const root = mkdtempSync(join(tmpdir(), 'bench-page-'))
    try {
      mkdirSync(join(root, 'docs'))
      writeFileSync(join(root, 'docs/performance.md'), '<!-- bench:policy -->\n<!-- /bench -->\n')
      const keeper = keeperFor('missing', about, root)
      assert.ok(keeper.wants('policy'))
      keeper.keep({ suite: 'policy', cases: [{ ...policyCase, why: 'broken off' }] })
      assert.ok(keeper.wants('policy'), 'a case is missing')
      const { why: _why, ...whole } = policyCase
      keeper.keep({ suite: 'policy', cases: [whole] })
      assert.ok(!keeper.wants('policy'))
      assert.ok(keeperFor('all', about, root).wants('policy'))
      assert.match(readFileSync(join(root, 'docs/performance.md'), 'utf8'), /at most 0\.4: missed/)
      assert.match(readFileSync(join(root, 'docs/performance/policy.svg'), 'utf8'), /^<svg/)
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  test('is measured again when it is old, or was measured otherwise', () => {
    const { why: _why, ...whole } = policyCase
    const result = resultOf('policy', [whole])
    const nowMs = Date.parse(date)
    assert.ok(isFresh(result, about.settings, nowMs + 3_600_000))
    assert.ok(!isFresh(result, about.settings, nowMs + 13 * 3_600_000))
    assert.ok(!isFresh(result, { ...about.settings, pairs: 5 }, nowMs))
    assert.ok(!isFresh(undefined, about.settings, nowMs))
  })
})
