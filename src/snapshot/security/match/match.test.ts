/** Each matcher against another one that was written apart from it: regular expressions, and Node's own lists of addresses. */
import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import { seededRandom, type SeededRandom } from '../../../../test/support/random.ts'
import { compileAddresses } from './addresses.ts'
import { compilePaths } from './paths.ts'
import { compileGlobs, compileTexts } from './texts.ts'

const ROUNDS = 20_000

const textOf = (random: SeededRandom, letters: readonly string[], most: number): string =>
  Array.from({ length: random.below(most + 1) }, () => random.pick(letters)).join('')

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)

/** Whether the two agree on many inputs, and both answers are given often. */
const agree = (
  seed: number,
  check: (random: SeededRandom) => readonly [ours: boolean, theirs: boolean, what: string],
) => {
  const random = seededRandom(seed)
  let yes = 0
  for (let i = 0; i < ROUNDS; i++) {
    const [ours, theirs, what] = check(random)
    assert.equal(ours, theirs, what)
    if (ours) yes++
  }
  assert.ok(yes > ROUNDS / 50 && yes < ROUNDS - ROUNDS / 50, `${yes} of ${ROUNDS} fitted`)
}

/** As Istio writes patterns out as regular expressions, with the characters as they stand. */
const expressionOf = (pattern: string, scheme: string): RegExp => {
  if (pattern === '*') return /^.+$/s
  if (pattern.startsWith('*')) return new RegExp(`^${escape(scheme)}.*${escape(pattern.slice(1))}$`, 's')
  if (pattern.endsWith('*')) return new RegExp(`^${escape(scheme + pattern.slice(0, -1))}.*$`, 's')
  return new RegExp(`^${escape(scheme + pattern)}$`, 's')
}

for (const scheme of ['', 'a:']) {
  for (const ignoreCase of [false, true]) {
    test(`texts are compared as Istio's expressions do (${scheme}${ignoreCase ? ', without case' : ''})`, () => {
      agree(7, (random) => {
        const patterns = Array.from({ length: 1 + random.below(3) }, () =>
          textOf(random, ['a', 'b', 'A', '*', '.', ':'], 3),
        )
        const text = scheme + textOf(random, ['a', 'b', 'A', '*', '.', ':'], 4)
        const ours = compileTexts(patterns, { scheme, ignoreCase })(text)
        const theirs = patterns.some((pattern) => {
          const { source } = expressionOf(pattern, scheme)
          return new RegExp(source, ignoreCase ? 'si' : 's').test(text)
        })
        return [ours, theirs, JSON.stringify({ patterns, text })]
      })
    })
  }
}

test('globs fit what their expressions do', () => {
  agree(8, (random) => {
    const patterns = [textOf(random, ['a', 'b', '*', '-'], 5)]
    const text = textOf(random, ['a', 'b', '-'], 6)
    const expression = new RegExp(`^${patterns[0]?.split('*').map(escape).join('.*') ?? ''}$`)
    return [compileGlobs(patterns)(text), expression.test(text), JSON.stringify({ patterns, text })]
  })
})

test('path templates fit what their expressions do', () => {
  agree(9, (random) => {
    const segments = Array.from({ length: 1 + random.below(4) }, () => random.pick(['a', 'b', '{*}', 'ab']))
    const any = random.chance(0.5) ? random.below(segments.length + 1) : -1
    // Behind {**} only literals may stand.
    const written =
      any === -1
        ? segments
        : [...segments.slice(0, any), '{**}', ...segments.slice(any).map((segment) => segment.replace('{*}', 'c'))]
    const template = `/${written.join('/')}${random.chance(0.2) ? '/' : ''}`
    const isTemplate = template.includes('{')
    const path = `/${textOf(random, ['a', 'b', 'c', '/', 'a/', '*', '/b'], 7)}`
    const expression = template
      .split(/(\{\*\*?\})/)
      .map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : escape(part)))
      .join('')
    const theirs = isTemplate ? new RegExp(`^${expression}$`, 's').test(path) : path === template
    return [compilePaths([template], 'any')(path), theirs, JSON.stringify({ template, path })]
  })
})

const addressOf = (random: SeededRandom): string => {
  const byte = (): number => random.pick([0, 1, 10, 127, 128, 255, random.below(256)])
  if (random.chance(0.5)) return [10, byte(), byte(), byte()].join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    i === 0 ? 0xfd00 : random.pick([0, 1, 0xffff, random.below(65_536)]),
  )
  return groups.map((group) => group.toString(16)).join(':')
}

test('ranges hold what Node’s own lists hold', () => {
  agree(10, (random) => {
    const list = new BlockList()
    const blocks = Array.from({ length: 1 + random.below(3) }, () => {
      const address = addressOf(random)
      const isV4 = isIP(address) === 4
      // Node takes ::/0 for all of IPv4 too; we keep families apart, as Envoy does.
      const bits = isV4 ? random.below(33) : 1 + random.below(128)
      list.addSubnet(address, bits, isV4 ? 'ipv4' : 'ipv6')
      return `${address}/${bits}`
    })
    const address = addressOf(random)
    const theirs = list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
    return [compileAddresses(blocks)(address), theirs, JSON.stringify({ blocks, address })]
  })
})
