import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figureCase, missingCase } from './report.ts'
import type { BenchDocument, CaseReport, MicroReport } from './report.ts'
import { formatTable } from './table.ts'

const ours: CaseReport = {
  case: 'hbone-hbone-1x64',
  proxy: 'fairway',
  connections: 1,
  requestsPerSecond: 61_234,
  latencyMs: { p50: 0.9, p99: 2.25 },
  cpuMicrosPerRequest: { median: 15.2, min: 14, max: 16.9 },
  peakRssMb: 88.1,
  ratio: { nginxTls: 0.31, nginxPlain: null },
  ratioAtSameConcurrency: { nginxTls: 0.9, nginxPlain: 1.2 },
}

const micro: MicroReport = { ...missingCase('resolve', 'fairway', ''), nanosPerOperation: 42.5 }

const document: BenchDocument = {
  machine: { cpu: 'Test', cpus: 2, memoryMb: 1024, kernel: '6', node: '26.0.0', loadBefore: 0.1, isPinned: true },
  date: '2026-01-02T03:04:05.000Z',
  settings: { seconds: 5, pairs: 5 },
  suites: [
    { suite: 'hbone', cases: [ours, missingCase('hbone-hbone-1x64', 'haproxy', 'haproxy is not installed')] },
    {
      suite: 'tunnels',
      cases: [
        figureCase('tunnels-idle', '0.1.0', {
          figures: [
            { name: 'KB per tunnel', value: 2.5, atMost: 3 },
            { name: 'RSS before, MB', value: 99 },
            { name: 'of launches', value: 1.02, spread: { min: 0.99, max: 1.1 } },
          ],
          notes: ['nothing was open'],
        }),
      ],
    },
    { suite: 'micro', cases: [micro] },
  ],
}

test('figures stand beside their names, what is missing is a dash with its reason below', () => {
  const lines = formatTable(document, (_style, text) => text).split('\n')
  const line = lines.find((one) => one.includes('fairway')) ?? ''
  assert.deepEqual(line.split(/ {2,}/), [
    ...['hbone-hbone-1x64', 'fairway', '1', '61234', '15.2', '14–16.9', '0.9', '2.25', '88.1', '0.31 / 0.9', '– / 1.2'],
  ])
  assert.match(lines.find((one) => one.includes('haproxy ')) ?? '', /^hbone-hbone-1x64\s+haproxy\s+–\s+–/)
  assert.ok(lines.some((one) => one.includes('haproxy is not installed')))
  assert.ok(lines.some((one) => /^resolve\s+42\.5$/.test(one)))
})

test('figures have their goals and whether they meet them, and notes follow', () => {
  const lines = formatTable(document, (_style, text) => text).split('\n')
  const line = lines.find((one) => one.includes('KB per tunnel')) ?? ''
  assert.deepEqual(line.split(/ {2,}/), ['tunnels-idle', 'KB per tunnel', '2.5', '≤ 3', 'met'])
  assert.ok(lines.some((one) => /RSS before, MB +99$/.test(one)))
  assert.ok(lines.some((one) => /of launches +1\.02 \(0\.99–1\.1\)$/.test(one)))
  assert.ok(lines.includes('  tunnels-idle: nothing was open'))
})

test('what is counted in place of requests has a column, goals are judged, and topologies are told once', () => {
  const long: CaseReport = { ...ours, case: 'upload-1x1', unit: 'MiB', topology: 'HBONE in, HBONE out', maxRatio: 0.8 }
  const peer: CaseReport = { ...missingCase('upload-1x1', 'nginx-tls', 'nginx is not installed') }
  const suites = [{ suite: 'upload', cases: [long, { ...long, case: 'upload-1x8' }, peer] }]
  const lines = formatTable({ ...document, suites }, (_style, text) => text).split('\n')
  assert.match(lines.find((one) => one.startsWith('case')) ?? '', /conns +per +rate\/s +CPU µs +min–max/)
  assert.match(lines.find((one) => one.startsWith('upload-1x1')) ?? '', /fairway +1 +MiB +61234 +15\.2/)
  assert.equal(lines.filter((one) => one === '  fairway: HBONE in, HBONE out').length, 1)
  assert.ok(
    lines.includes('  upload-1x1: CPU ÷ nginx TLS, same requests in flight: 0.9, at most 0.8: missed'),
    lines.join('\n'),
  )
})

test('columns are as wide as their widest cell', () => {
  const lines = formatTable(document, (_style, text) => text).split('\n')
  const head = lines.find((one) => one.startsWith('case')) ?? ''
  const line = lines.find((one) => one.includes('fairway')) ?? ''
  assert.equal(head.indexOf('req/s') + 'req/s'.length, line.indexOf('61234') + '61234'.length)
})

test('colours are only added by the painter', () => {
  const painted = formatTable(document, (style, text) => `<${style}>${text}</${style}>`)
  assert.match(painted, /<green>hbone-hbone-1x64 {2}fairway/)
  assert.match(painted, /<bold>micro<\/bold>/)
})
