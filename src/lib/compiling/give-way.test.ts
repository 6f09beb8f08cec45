import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { haveHelpersGiveWay } from './give-way.ts'

const skip = process.platform === 'linux' ? false : 'there is no /proc'

/** `NAME NICENESS` of each thread of a process of its own that has called it. */
const threadsAfterwards = (): readonly string[] => {
  const script = `
    import { readdirSync, readFileSync } from 'node:fs'
    import { haveHelpersGiveWay } from ${JSON.stringify(new URL('give-way.ts', import.meta.url).href)}
    haveHelpersGiveWay()
    for (const thread of readdirSync('/proc/self/task')) {
      const stat = readFileSync('/proc/self/task/' + thread + '/stat', 'utf8')
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
      console.log(name + ' ' + stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    }`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
}

test('helpers of V8 have a lower priority afterwards, and nobody else', { skip }, () => {
  const threads = threadsAfterwards()
  const helpers = threads.filter((thread) => thread.startsWith('node-V8Worker '))
  assert.ok(helpers.length > 0, `no helper among ${threads.join(', ')}: Node names them otherwise now`)
  const before = getPriority()
  assert.deepEqual(new Set(helpers), new Set([`node-V8Worker ${Math.min(19, before + 10)}`]))
  const others = threads.filter((thread) => !helpers.includes(thread))
  assert.ok(others.includes(`node-MainThread ${before}`), threads.join(', '))
  for (const thread of others) assert.ok(thread.endsWith(` ${before}`), thread)
})

test('where it is not allowed, or there is nothing to read, they stay as they are', () => {
  const refuse = (): never => {
    throw new Error('EACCES')
  }
  assert.doesNotThrow(() => haveHelpersGiveWay(refuse))
  assert.doesNotThrow(() => haveHelpersGiveWay(refuse, '/nowhere'))
})
