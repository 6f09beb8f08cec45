import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseOptions, suiteNames, usage } from './options.ts'

test('by default everything is measured, five pairs of five seconds', () => {
  assert.deepEqual(parseOptions([]), {
    suites: suiteNames,
    format: 'table',
    caseName: undefined,
    seconds: 5,
    pairs: 5,
    isQuick: false,
    profileDir: undefined,
    report: 'none',
  })
})

test('the usage tells what each suite is', () => {
  for (const name of suiteNames) assert.match(usage, new RegExp(`^  ${name} +\\S`, 'm'))
})

test('quick is one pair of one second, unless more is asked for', () => {
  const { seconds, pairs } = parseOptions(['--quick', '--pairs', '2'])
  assert.deepEqual({ seconds, pairs }, { seconds: 1, pairs: 2 })
})

describe('what makes no sense is refused by name', () => {
  for (const [argv, why] of [
    [['--suite', 'policies'], /--suite policies: there is hbone, policy/],
    [['--seconds', '0'], /--seconds 0/],
    [['--pairs', 'many'], /--pairs many/],
    [['--fast'], /--fast/],
    [['--report', '--case', 'hbone-hbone-1x64'], /--report keeps whole suites/],
    [['--resume', '--quick'], /without --case, --quick/],
  ] as const) {
    test(argv.join(' '), () => assert.throws(() => parseOptions(argv), why))
  }
})
