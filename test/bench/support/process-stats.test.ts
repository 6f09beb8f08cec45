import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import {
  parseCpuMicros,
  parseParentPid,
  parseOpenFilesLimit,
  parsePeakRssMb,
  parseRssMb,
  processTree,
} from './process-stats.ts'

const stat = (name: string): string =>
  `4242 (${name}) S 17 4242 4242 0 -1 4194560 900 0 1 0 250 50 7 9 20 0 11 0 12345 1000 200 18446744073709551615`

for (const name of ['node', 'nginx: worker) 1 2 (x', 'a b c']) {
  test(`CPU time and parent of a process called ${name}`, () => {
    assert.equal(parseCpuMicros(stat(name)), 3_000_000)
    assert.equal(parseParentPid(stat(name)), 17)
  })
}

test('peak memory is the high-water mark, not the present', () => {
  assert.equal(parsePeakRssMb('VmPeak:\t  999 kB\nVmHWM:\t  122880 kB\nVmRSS:\t  51200 kB\n'), 120)
  assert.equal(parsePeakRssMb('Name:\tkthread\n'), 0)
})

test('present memory is what is resident, and a limit may be none', () => {
  assert.equal(parseRssMb('VmHWM:\t  122880 kB\nVmRSS:\t  51200 kB\n'), 50)
  const limits = (soft: string): string => `Max processes   1   1   processes\nMax open files  ${soft}  524288  files\n`
  assert.equal(parseOpenFilesLimit(limits('1024')), 1024)
  assert.equal(parseOpenFilesLimit(limits('unlimited')), Number.POSITIVE_INFINITY)
})

test('a process tree has the process first and its children after it', { skip: process.platform !== 'linux' }, () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    const tree = processTree(process.pid)
    assert.equal(tree[0], process.pid)
    assert.ok(tree.includes(child.pid ?? -1))
  } finally {
    child.kill('SIGKILL')
  }
})
