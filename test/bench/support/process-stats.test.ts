import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { test } from 'node:test'
import { promisify } from 'node:util'
import {
  meterCpu,
  parseScheduledNanos,
  parseParentPid,
  parseOpenFilesLimit,
  parsePeakRssMb,
  parseRssMb,
  processTree,
} from './process-stats.ts'

const skipped = { skip: process.platform !== 'linux' }
/** Threads of the pool take some time for it. */
const digest = (): Promise<Buffer> => promisify(pbkdf2)('a', 'b', 30_000, 32, 'sha256')

const stat = (name: string): string =>
  `4242 (${name}) S 17 4242 4242 0 -1 4194560 900 0 1 0 250 50 7 9 20 0 11 0 12345 1000 200 18446744073709551615`

for (const name of ['node', 'nginx: worker) 1 2 (x', 'a b c']) {
  test(`the parent of a process called ${name}`, () => {
    assert.equal(parseParentPid(stat(name)), 17)
  })
}

test('CPU time is that of all threads of a process, those that came later too', skipped, async () => {
  assert.equal(parseScheduledNanos('2500 77 3\n'), 2500)
  const before = process.cpuUsage()
  const meter = meterCpu([process.pid])
  await Promise.all(Array.from({ length: 4 }, () => digest()))
  const counted = meter()
  const { user, system } = process.cpuUsage(before)
  assert.ok(Math.abs(counted - user - system) < (user + system) / 4 + 2000, `${counted}, not ${user + system} µs`)
  assert.equal(meterCpu([0])(), 0)
})

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

test('a process tree has the process first and its children after it', skipped, () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    const tree = processTree(process.pid)
    assert.equal(tree[0], process.pid)
    assert.ok(tree.includes(child.pid ?? -1))
  } finally {
    child.kill('SIGKILL')
  }
})
