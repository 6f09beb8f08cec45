import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const module = new URL('./trim-native.ts', import.meta.url).href

/** A process that tells how much it gives back of 40 MB in small pieces, of which every twentieth is still in use. */
const script = `
import { trimNativeHeap } from '${module}'
const pieces = Array.from({ length: 40_000 }, () => Buffer.allocUnsafeSlow(1000).fill(1))
for (let i = 0; i < pieces.length; i++) if (i % 20 !== 0) pieces[i] = undefined
for (let i = 0; i < 3; i++) globalThis.gc()
const before = process.memoryUsage.rss()
const isTrimmed = trimNativeHeap()
const freedMb = (before - process.memoryUsage.rss()) / 1e6
const isWhole = pieces.every((piece) => piece === undefined || piece.every((byte) => byte === 1))
process.stdout.write(JSON.stringify({ isTrimmed, freedMb, isWhole }))
`

const run = (...flags: readonly string[]) => {
  const args = ['--disable-warning=ExperimentalWarning', '--expose-gc', ...flags, '--input-type=module', '-e', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

// Node's documentation says what a report has; its types say that it is an object.
const report = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } }
const isGlibc = process.platform === 'linux' && report.header.glibcVersionRuntime !== undefined

test('what lies free between pieces that are in use is given back', { skip: !isGlibc }, () => {
  const { isTrimmed, freedMb, isWhole } = run()
  assert.equal(isTrimmed, true)
  assert.ok(freedMb > 20, `${freedMb} MB`)
  assert.equal(isWhole, true)
})

test('where Node cannot call it nothing is given back, and nothing fails', () => {
  const { isTrimmed, isWhole } = run('--no-experimental-ffi')
  assert.equal(isTrimmed, undefined)
  assert.equal(isWhole, true)
})
