import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { parseCpuList, sideCpus } from './cpu-list.ts'
import { pinned } from './pinning.ts'

for (const [text, cpus] of [
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['2,5-6,9', [2, 5, 6, 9]],
  ['', []],
  ['all', []],
] as const) {
  test(`the CPUs of ${JSON.stringify(text)} are ${cpus.join(' ')}`, () => assert.deepEqual(parseCpuList(text), cpus))
}

test('sides have CPUs of those that are allowed, each another one', () => {
  assert.deepEqual(sideCpus('2-3'), { proxy: 2, surroundings: 3 })
  assert.deepEqual(sideCpus('1,7'), { proxy: 1, surroundings: 7 })
  assert.equal(sideCpus('3'), undefined)
  assert.equal(sideCpus(''), undefined)
})

// Which CPU may be had is only known where there are two of them.
const [, allowed] = pinned('surroundings', 'true', []).args

test('who may run on one CPU alone is not bound to another one', { skip: allowed === undefined }, () => {
  const script = `
    import { canPin, pinned } from '${new URL('pinning.ts', import.meta.url).href}'
    process.stdout.write(canPin + ' ' + pinned('proxy', 'true', []).command)
  `
  const asked = [process.execPath, '--input-type=module', '-e', script]
  const told = execFileSync('/usr/bin/taskset', ['-c', allowed ?? '', ...asked], { encoding: 'utf8' })
  assert.equal(told, 'false true')
})
