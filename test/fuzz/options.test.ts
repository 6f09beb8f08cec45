import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatFuzzUsage, parseFuzzOptions } from './options.ts'

const given = { targets: ['h1', 'h2'], anySeed: 5 }
const parse = (...argv: string[]) => parseFuzzOptions(argv, given)

describe('options of the fuzzer', () => {
  it('are all targets, 100,000 inputs each and any seed', () => {
    const { maxMs, ...rest } = parse()
    assert.ok(maxMs > 1e15)
    const none = { repeatFile: undefined, isDistilling: false }
    assert.deepEqual(rest, { targets: [], rounds: 100_000, seed: 5, ...none })
  })

  it('are what is said', () => {
    assert.deepEqual(parse('h2', '--rounds', '7', '--seed', '0', '--minutes', '2', '--distil'), {
      ...{ targets: ['h2'], rounds: 7, seed: 0, maxMs: 120_000 },
      ...{ repeatFile: undefined, isDistilling: true },
    })
  })

  it('with a file to repeat make no inputs', () => {
    const { rounds, repeatFile } = parse('h1', '--repeat', 'a.txt', '--rounds', '7')
    assert.deepEqual([rounds, repeatFile], [0, 'a.txt'])
  })

  for (const [argv, why] of [
    [['h3'], /no target named h3: expected some of h1, h2/],
    [['--repeat', 'a.txt'], /--repeat needs the one target/],
    [['h1', 'h2', '--repeat', 'a.txt'], /--repeat needs the one target/],
    [['--rounds', 'many'], /--rounds many: a whole number/],
    [['--rounds', ''], /--rounds : a whole number/],
    [['--seed', '1.5'], /--seed 1\.5/],
    [['--minutes=-1'], /--minutes -1/],
    [['--fast'], /--fast/],
  ] as const) {
    it(`${argv.join(' ')} is refused by name`, () => assert.throws(() => parse(...argv), why))
  }

  it('are told with the targets that there are', () => {
    assert.match(formatFuzzUsage(given.targets), /^Targets: h1, h2\.$/m)
  })
})
