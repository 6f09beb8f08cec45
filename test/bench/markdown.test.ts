import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMarkdown } from './markdown.ts'
import { figureCase, missingCase } from './report.ts'
import type { BenchDocument } from './report.ts'

const document: BenchDocument = {
  machine: { cpu: 'Test', cpus: 2, memoryMb: 1024, kernel: '6', node: '26.0.0', loadBefore: 0.1, isPinned: false },
  date: '2026-01-02T03:04:05.000Z',
  settings: { seconds: 5, pairs: 5 },
  suites: [
    {
      suite: 'hbone',
      cases: [
        {
          case: 'hbone-hbone-1x64',
          proxy: 'fairway',
          version: '0.1.0',
          connections: 1,
          requestsPerSecond: 61_234,
          latencyMs: { p50: 0.9, p99: 2.25 },
          paced: { ratePerSecond: 5000, latencyMs: { p50: 0.3, p99: 0.8 } },
          cpuMicrosPerRequest: { median: 15.2, min: 14, max: 16.9 },
          peakRssMb: 88.1,
          ratio: { nginxTls: 0.31, nginxPlain: null },
          ratioAtSameConcurrency: { nginxTls: 0.9, nginxPlain: 1.2 },
          pairRatio: { nginxTls: { median: 0.31, min: 0.3, max: 0.33 }, nginxPlain: null },
        },
        missingCase('hbone-hbone-1x64', 'haproxy', 'not | installed'),
      ],
    },
    {
      suite: 'tunnels',
      cases: [
        figureCase('tunnels-idle', '0.1.0', {
          figures: [
            { name: 'KB per tunnel', value: 2.5, atMost: 3 },
            { name: 'KB per connection', value: null, atMost: 80 },
            { name: 'RSS before, MB', value: 99 },
            { name: 'of launches', value: 1.02, spread: { min: 0.99, max: 1.1 }, atMost: 1.03 },
          ],
          notes: ['nothing was open'],
        }),
        missingCase('tunnels-busy', 'fairway', 'too few files'),
      ],
    },
    { suite: 'micro', cases: [{ ...missingCase('resolve', 'fairway', ''), nanosPerOperation: 42.5 }] },
  ],
}

test('the tables name machine, versions, figures with their spread, and reasons', () => {
  const lines = formatMarkdown(document).split('\n')
  assert.equal(
    lines[0],
    '2026-01-02, Test, 2 CPUs, Linux 6, Node 26.0.0; fairway 0.1.0; 5 pairs of 5 s; load before the run 0.1; processes not bound to CPUs.',
  )
  assert.ok(
    lines.includes(
      '| hbone-hbone-1x64 | fairway | 1 | 15.2 (14–16.9) | 61234 | 0.9 / 2.25 | 5000/s, 0.3 / 0.8 | 88.1 |',
    ),
  )
  assert.ok(lines.includes('| hbone-hbone-1x64 | 0.31 (0.3–0.33) | – | 0.9 | 1.2 |'))
  assert.ok(lines.some((line) => line.includes('– (not \\| installed)')))
  assert.ok(lines.includes('| resolve | 42.5 |'))
})

test('figures stand beside their goals, and what was not measured has missed its goal', () => {
  const lines = formatMarkdown(document).split('\n')
  assert.ok(lines.includes('| tunnels-idle | KB per tunnel | 2.5 | ≤ 3 | met |'))
  assert.ok(lines.includes('| tunnels-idle | KB per connection | – | ≤ 80 | missed |'))
  assert.ok(lines.includes('| tunnels-idle | RSS before, MB | 99 |  |  |'))
  assert.ok(lines.includes('| tunnels-idle | of launches | 1.02 (0.99–1.1) | ≤ 1.03 | met |'))
  assert.ok(lines.includes('| tunnels-busy | too few files | – |  |  |'))
  assert.ok(lines.includes('- tunnels-idle: nothing was open'))
})

test('goals and topologies stand below the tables, and what is counted in a column', () => {
  const [hbone] = document.suites
  const ours = hbone?.cases[0]
  assert.ok(ours !== undefined)
  const cases = [{ ...ours, case: 'tcp-echo', unit: 'echo' as const, topology: 'HBONE in', maxRatio: 1 }]
  const lines = formatMarkdown({ ...document, suites: [{ suite: 'tcp', cases }] }).split('\n')
  assert.ok(lines.some((line) => line.startsWith('| tcp-echo | fairway | 1 | echo | 15.2 (14–16.9) | 61234 |')))
  assert.ok(lines.includes('- tcp-echo: CPU ÷ nginx TLS, same requests in flight 0.9, at most 1: met'))
  assert.ok(lines.includes('- fairway: HBONE in'))
})

test('each table has as many rules under its head as columns', () => {
  const lines = formatMarkdown(document).split('\n')
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith('|---')) continue
    assert.equal(line.split('---').length, (lines[i - 1] ?? '').split(' | ').length + 1)
  }
})
