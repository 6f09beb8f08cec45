import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { compileEarly } from './compile-early.ts'

const flagsSet = (execArgv: readonly string[]): readonly string[] => {
  const flags: string[] = []
  compileEarly(execArgv, (flag) => flags.push(flag))
  return flags
}

test('V8 is told to compile sooner than it would, by a flag that it has', () => {
  const [flag = '', ...others] = flagsSet(['--no-maglev'])
  assert.deepEqual(others, [])
  const [name = '', calls] = flag.split('=')
  const usual = new RegExp(`^ +${name} .*\\n.*default: ${name}=(\\d+)$`, 'm').exec(
    execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' }),
  )
  assert.ok(Number(calls) < Number(usual?.[1]), `${flag}, and V8 has ${usual?.[0]}`)
})

for (const given of ['--invocation-count-for-turbofan=3000', '--invocation_count_for_turbofan=100']) {
  test(`what Node was started with stays: ${given}`, () => {
    assert.deepEqual(flagsSet(['--no-maglev', given]), [])
  })
}
