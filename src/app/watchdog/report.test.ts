import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createReportReader, encodeReport } from './report.ts'
import type { Report } from './report.ts'

it('reports are read from whatever pieces they come in', () => {
  const reports: readonly Report[] = [
    { kind: 'suspect', filter: { id: 'shop/a', version: 'v1' } },
    { kind: 'clear' },
    { kind: 'blame', blame: { filters: [{ id: 'shop/a', version: 'v1' }], kind: 'loop', message: 'two\nlines' } },
  ]
  const text = reports.map(encodeReport).join('')
  for (const size of [1, 7, text.length]) {
    const read: Report[] = []
    const reader = createReportReader((report) => read.push(report))
    for (let i = 0; i < text.length; i += size) reader(text.slice(i, i + size))
    assert.deepEqual(read, reports)
  }
})

it('what a filter writes into the pipe is no report, and does not end the primary', () => {
  const read: Report[] = []
  const reader = createReportReader((report) => read.push(report))
  const report: Report = { kind: 'clear' }
  for (const line of ['', 'no JSON', 'null', '7', '{}', '{"kind":"blame"}', '{"kind":"blame","blame":{"filters":7}}']) {
    reader(`${line}\n`)
  }
  assert.deepEqual(read, [])
  for (let i = 0; i < 40; i++) reader('x'.repeat(64 * 1024))
  reader(`\n${encodeReport(report)}`)
  assert.deepEqual(read, [report])
})
