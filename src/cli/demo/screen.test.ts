import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../../test/support/terminal.ts'
import { createColours } from '../terminal/colours.ts'
import { renderScreen, type ScreenView } from './screen.ts'

const view: ScreenView = {
  pods: [
    { service: 'api-stable', address: '127.0.0.2' },
    { service: 'api-canary', address: '127.0.0.3' },
  ],
  waypoint: '127.0.0.1:41233',
  totals: { requests: 12_345, ok: 12_344, errors: 1, backends: { 'api-stable': 11_110, 'api-canary': 1234 } },
  recent: { 'api-stable': 540, 'api-canary': 60 },
  recentSeconds: 3,
  latency: { p50: 1.234, p99: 12.34 },
  decision: {
    request: 'GET /hello to api',
    generation: 2,
    route: 'HTTPRoute/demo/api, rule canary',
    backends: [
      { name: 'demo/stable:80', weight: 90 },
      { name: 'demo/canary:80', weight: 10 },
    ],
    reasons: ['because'],
  },
  log: { level: 'info', text: 'configuration in force' },
  problem: undefined,
  notices: ['a pod has moved'],
  hints: [{ what: 'look', commands: ['curl -s http://127.0.0.1:1/'] }],
}

const plain = createColours(createTerminal().out, {})
const coloured = createColours(createTerminal({ isTty: true }).out, {})
const ansi = /\p{Cc}\[[0-9;]*m/gu

test('the screen shows path, shares, figures, the decision, and what to try', () => {
  const text = renderScreen(view, { columns: 100, rows: 40, colours: plain }).join('\n')
  for (const part of [
    'waypoint at 127.0.0.1:41233',
    /api-stable +█{45}·{5} +90\.0 % +11,110$/m,
    /api-canary +█{5}·{45} +10\.0 % +1,234$/m,
    '12,344 answered · 1 failed · 200 requests/s · p50 1.23 ms · p99 12.3 ms',
    '→ HTTPRoute/demo/api, rule canary, weights stable 90 : canary 10',
    'because',
    '! a pod has moved',
    'fairway says: configuration in force',
    'curl -s http://127.0.0.1:1/',
  ]) {
    assert.match(text, part instanceof RegExp ? part : new RegExp(part.replace(/[.:/]/g, '\\$&')))
  }
})

test('both arrows to the pods begin below each other', () => {
  const [first = '', second = ''] = renderScreen(view, { columns: 120, rows: 40, colours: plain }).slice(2)
  assert.equal(first.indexOf('╦'), second.indexOf('╚'))
  assert.equal(first.indexOf('api-stable'), second.indexOf('api-canary'))
})

test('on 80 columns the picture is whole', () => {
  const wide = renderScreen(view, { columns: 200, rows: 40, colours: plain }).slice(0, 5)
  assert.deepEqual(renderScreen(view, { columns: 80, rows: 40, colours: plain }).slice(0, 5), wide)
})

test('nothing is wider or longer than the terminal, with colours or without', () => {
  for (const colours of [plain, coloured]) {
    const lines = renderScreen(view, { columns: 30, rows: 12, colours })
    assert.equal(lines.length, 11)
    for (const line of lines) assert.ok(line.replace(ansi, '').length <= 30, line)
  }
})

test('on few lines everything is there, without the air', () => {
  const low = renderScreen(view, { columns: 80, rows: 20, colours: plain })
  const high = renderScreen(view, { columns: 80, rows: 99, colours: plain })
  assert.deepEqual(
    low,
    high.filter((line) => line !== ''),
  )
  assert.ok(high.includes(''))
})

test('a line that was cut ends its colours', () => {
  for (const line of renderScreen(view, { columns: 10, rows: 40, colours: coloured })) {
    const codes = line.match(ansi) ?? []
    assert.equal(codes.length % 2, 0, JSON.stringify(line))
  }
})

test('a long complaint takes the rows it needs, up to four', () => {
  const colours = plain
  const says = (text: string): string[] =>
    renderScreen({ ...view, log: { level: 'warn', text } }, { columns: 40, rows: 60, colours }).filter((line) =>
      /says|^x+$/.test(line),
    )
  assert.deepEqual(says('x'.repeat(66)), [`fairway says: ${'x'.repeat(26)}`, 'x'.repeat(40)])
  assert.equal(says('x'.repeat(1000)).length, 4)
})

test('before the first answers the screen is whole, with nothing in the bars', () => {
  const empty: ScreenView = {
    ...view,
    totals: { requests: 0, ok: 0, errors: 0, backends: { 'api-stable': 0, 'api-canary': 0 } },
    recent: { 'api-stable': 0, 'api-canary': 0 },
    latency: { p50: null, p99: null },
    decision: undefined,
    log: undefined,
  }
  const text = renderScreen(empty, { columns: 100, rows: 40, colours: plain }).join('\n')
  assert.match(text, /api-stable +·{50} +0\.0 %/)
  assert.match(text, /0 answered · 0 failed · 0 requests\/s · p50 – · p99 –/)
  assert.ok(!text.includes('NaN') && !text.includes('undefined'), text)
})
