import assert from 'node:assert/strict'
import { parseDirectives, readMs, readNames } from '../../../../filters/response-cache/rfc9111/directives.ts'
import type { Directives } from '../../../../filters/response-cache/rfc9111/directives.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { textMutator } from '../../mutate/text.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/
const UNREADABLE: readonly Directive[] = [['no-store', '']]
const TIMES = ['max-age', 's-maxage', 'max-stale', 'min-fresh']

type Directive = readonly [name: string, value: string]

/**
 * Cache-Control is what another reader finds who goes from character to character, or it forbids to store; and two fields
 * that are put together forbid what either of them does.
 */
export const cacheControlTarget: FuzzTarget = {
  name: 'cache-control',
  format: 'text',
  maxInputBytes: 1024,
  shortRounds: 1500,
  seeds: () =>
    [
      'public, max-age=60',
      'private="x-user", no-cache="set-cookie , x-a", s-maxage="5"',
      'max-age=5, max-age=3, max-age',
      'NO-STORE ,, x="a\\"b\\\\"',
      'no-cache="a", no-cache="b"',
    ].map((text) => Buffer.from(text)),
  mutate: textMutator([
    ...['no-store', 'no-cache', 'private', 'public', 'max-age', 's-maxage', 'must-revalidate', 'max-stale'],
    ...['=', '="', '"', '\\', ',', ', ', ' ', '\t', '60', '0', '-1', '99999999999999999999', '"a, b"', '\n', '\xe9'],
  ]),
  check: (input, random) => {
    const text = input.toString('latin1')
    const found = parseDirectives(text)
    const plain = plainDirectives(text)
    assert.deepEqual([...found.keys()].toSorted(), [...new Set((plain ?? UNREADABLE).map(([name]) => name))].toSorted())
    if (plain === undefined) return 'unreadable'
    checkAll(found, plain)
    assert.deepEqual(parseDirectives(written(plain)), found)
    // As when a proxy puts two fields into one, wherever one of them ends.
    const cut = random.below(plain.length + 1)
    const halves = [plain.slice(0, cut), plain.slice(cut)].map((half) => parseDirectives(written(half)))
    for (const half of halves) checkNoLooser(found, half)
    return [...found].map(([name, value]) => `${TIMES.includes(name) ? name : '*'}${value === '' ? '' : '='}`).join()
  },
}

/** What is found of each name says no less than any of the directives of that name. */
function checkAll(found: Directives, plain: readonly Directive[]): void {
  for (const one of plain) checkNoLooser(found, new Map([one]))
}

function checkNoLooser(found: Directives, part: Directives): void {
  for (const [name, value] of part) {
    assert.ok(found.has(name), name)
    const [ms, partMs] = [readMs(found, name), readMs(part, name)]
    assert.ok(ms !== undefined && partMs !== undefined && ms >= 0 && ms <= partMs, `${name}: ${ms} of ${partMs}`)
    if (name !== 'no-cache' && name !== 'private') continue
    const names = readNames(found, name)
    // Without any it counts for the whole response.
    if (names.length === 0) continue
    assert.notEqual(value, '', name)
    for (const field of readNames(part, name)) assert.ok(names.includes(field), `${name} of ${field}`)
  }
}

const written = (directives: readonly Directive[]): string =>
  directives
    .map(([name, value]) => (value === '' ? name : `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`))
    .join(', ')

/** Character by character, from the left; `undefined` for what is no list of directives (RFC 9111 section 5.2). */
function plainDirectives(text: string): readonly Directive[] | undefined {
  const found: Directive[] = []
  let at = 0
  const skip = (): void => {
    while (text[at] === ' ' || text[at] === '\t') at++
  }
  while (at < text.length) {
    skip()
    const start = at
    while (TOKEN.test(text[at] ?? '')) at++
    const name = text.slice(start, at).toLowerCase()
    const value = name !== '' && text[at] === '=' ? plainValue() : ''
    skip()
    if (value === undefined || (at < text.length && text[at] !== ',')) return undefined
    at++
    if (name !== '') found.push([name, value])
  }
  return found

  function plainValue(): string | undefined {
    at++
    if (text[at] !== '"') {
      const start = at
      while (at < text.length && !'", \t'.includes(text[at] ?? '')) at++
      return text.slice(start, at)
    }
    let value = ''
    for (at++; at < text.length; at++) {
      if (text[at] === '"') {
        at++
        return value
      }
      if (text[at] === '\\') at++
      value += text[at] ?? ''
    }
    return undefined
  }
}
