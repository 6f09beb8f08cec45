import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compileRe2 } from './compile-re2.ts'

test('a pattern matches as RE2 has it, and a bad one is refused', () => {
  assert.equal(compileRe2('/v[0-9]+/(?:a|b)').testExact('/v12/b'), true)
  assert.equal(compileRe2('/v[0-9]+').testExact('/v1/x'), false)
  assert.throws(() => compileRe2('(?=x)'), /invalid or unsupported Perl syntax|error parsing regexp/)
})

test('a pattern may not compile to more than matching can bear', () => {
  assert.equal(compileRe2('a{900}').programSize() > 900, true)
  assert.throws(() => compileRe2('(a{1,1000})'.repeat(90)), /^RangeError: compiles to \d{6} instructions$/)
  assert.throws(() => compileRe2('a{1000}'), RangeError)
  assert.throws(() => compileRe2('((a{1000}){1000})'), /invalid repeat count/)
})

test('the engine is not loaded before there is a pattern', () => {
  const matching = fileURLToPath(new URL('../../snapshot/match.ts', import.meta.url))
  const script = `await import(${JSON.stringify(matching)})
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('re2js'))
    process.stdout.write(String(loaded.length))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(stdout, '0')
})
