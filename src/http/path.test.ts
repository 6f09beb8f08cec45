import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PathNormalization } from '../model/model.ts'
import { seededRandom } from '../../test/support/random.ts'
import { normalizePath, splitTarget } from './path.ts'

const MODES = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const

/** One path and what each mode makes of it, in the order of MODES; `400` is a refusal, `=` the mode before. */
const CASES: readonly (readonly [path: string, ...expected: string[]])[] = [
  ['/', '/', '=', '=', '='],
  ['*', '*', '=', '=', '='],
  ['/app', '/app', '=', '=', '='],
  ['/app/', '/app/', '=', '=', '='],
  ['/ADMIN', '/ADMIN', '=', '=', '='],
  ['/a;b=c/d,e', '/a;b=c/d,e', '=', '=', '='],
  // Dot segments.
  ['/.', '/.', '/', '=', '='],
  ['/..', '/..', '/', '=', '='],
  ['/a/.', '/a/.', '/a/', '=', '='],
  ['/a/..', '/a/..', '/', '=', '='],
  ['/a/./b', '/a/./b', '/a/b', '=', '='],
  ['/app/../admin', '/app/../admin', '/admin', '=', '='],
  ['/../../a', '/../../a', '/a', '=', '='],
  ['/app//../admin', '/app//../admin', '/app/admin', '=', '='],
  ['/app//../../admin', '/app//../../admin', '/admin', '=', '='],
  ['/...', '/...', '=', '=', '='],
  ['/.a/..b/c..', '/.a/..b/c..', '=', '=', '='],
  ['/..;/admin', '/..;/admin', '=', '=', '='],
  // Percent-encoding: unreserved characters once, the others never.
  ['/%41%7a%30%2d%2E%5f%7E', '/%41%7a%30%2d%2E%5f%7E', '/Az0-._~', '=', '='],
  ['/a%20b%3Fc%23%c3%A9', '/a%20b%3Fc%23%c3%A9', '=', '=', '='],
  ['/app/%2E./admin', '/app/%2E./admin', '/admin', '=', '='],
  ['/app/%2e%2E/admin', '/app/%2e%2E/admin', '/admin', '=', '='],
  ['/%252e%252e/admin', '/%252e%252e/admin', '=', '=', '='],
  ['/%c0%ae%c0%ae/admin', '/%c0%ae%c0%ae/admin', '=', '=', '='],
  ['/xyz%30..//abc', '/xyz%30..//abc', '/xyz0..//abc', '/xyz0../abc', '='],
  // Backslashes.
  ['/app\\admin', '/app\\admin', '/app/admin', '=', '='],
  ['/app\\..\\admin', '/app\\..\\admin', '/admin', '=', '='],
  ['/app/\\/\\/\\admin', '/app/\\/\\/\\admin', '/app//////admin', '/app/admin', '='],
  // Runs of slashes.
  ['//', '//', '//', '/', '='],
  ['//a///b//', '//a///b//', '//a///b//', '/a/b/', '='],
  // Encoded slashes.
  ['/app%2f/', '/app%2f/', '=', '=', '/app/'],
  ['/a%2Fb%5cc%5Cd', '/a%2Fb%5cc%5Cd', '=', '=', '/a/b/c/d'],
  ['/a%2f..%2fb', '/a%2f..%2fb', '=', '=', '/b'],
  ['/a%2f%2e%2e%5Cb', '/a%2f%2e%2e%5Cb', '/a%2f..%5Cb', '=', '/b'],
  [
    '/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc',
    '/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc',
    '/%5Capp%2f%5c%2F..%2fadmin%5c/abc',
    '=',
    '/app/admin/abc',
  ],
  ['/%c0%2fadmin', '/%c0%2fadmin', '=', '=', '/%c0/admin'],
  ['/%252f', '/%252f', '=', '=', '='],
  // Refused when decoding, since the outcome would be another escape or end a string somewhere.
  ['/admin%00', '/admin%00', '400', '=', '='],
  ['/%%32%66', '/%%32%66', '400', '=', '='],
  ['/%', '/%', '400', '=', '='],
  ['/%2', '/%2', '400', '=', '='],
  ['/%zz', '/%zz', '400', '=', '='],
  // Refused always.
  ['', '400', '=', '=', '='],
  ['app', '400', '=', '=', '='],
  ['\\app', '400', '=', '=', '='],
  ['**', '400', '=', '=', '='],
  ['/a#b', '400', '=', '=', '='],
  ['/a\0b', '400', '=', '=', '='],
  ['/a\tb', '400', '=', '=', '='],
  ['/a\r\nb', '400', '=', '=', '='],
  ['/a b', '400', '=', '=', '='],
  ['/a\x7f', '400', '=', '=', '='],
  ['/\xe9', '400', '=', '=', '='],
  ['/\u010a', '400', '=', '=', '='],
]

MODES.forEach((mode, column) => {
  describe(`normalizePath, ${mode}:`, () => {
    for (const [path, ...expected] of CASES) {
      const wanted = expected.slice(0, column + 1).findLast((cell) => cell !== '=') ?? ''
      test(`${JSON.stringify(path)} becomes ${wanted}`, () => assert.equal(normalizePath(path, mode) ?? '400', wanted))
    }
  })
})

for (const mode of MODES) {
  test(`${mode} leaves its own results as they are, so that a second hop sees the same path`, () => {
    const random = seededRandom(74)
    const pieces = ['/', '//', '.', '..', '%2e', '%2F', '%5c', '\\', '%25', '%32', '%66', 'a', '%41', '%c3', ';', '*']
    for (let round = 0; round < 3000; round++) {
      const path = `/${Array.from({ length: random.below(8) }, () => random.pick(pieces)).join('')}`
      const once = normalizePath(path, mode)
      assert.ok(once !== undefined, path)
      assert.equal(normalizePath(once, mode), once, path)
      if (mode !== 'NONE') assert.doesNotMatch(once, /\\|\/\.{1,2}(?:\/|$)|%2e|%41/i, path)
      if (isMerging(mode)) assert.doesNotMatch(once, /\/\//, path)
    }
  })
}

const TARGETS: readonly (readonly [target: string, path: string, query: string | undefined])[] = [
  ['/', '/', ''],
  ['/a/b', '/a/b', ''],
  ['/a?', '/a', '?'],
  ['/a?b=c?d=/e', '/a', '?b=c?d=/e'],
  ['/?http://x/y', '/', '?http://x/y'],
  ['http://a', '/', ''],
  ['http://a:80/b?c', '/b', '?c'],
  ['HTTPS://a?c=/d', '/', '?c=/d'],
  ['*', '*', ''],
]
for (const [target, path, query] of TARGETS) {
  test(`splitTarget of ${target}`, () => assert.deepEqual(splitTarget(target), { path, query }))
}

test('OPTIONS of an authority alone asks about the server, not about its root', () => {
  assert.deepEqual(splitTarget('http://a:80', 'OPTIONS'), { path: '*', query: '' })
  assert.deepEqual(splitTarget('http://a/', 'OPTIONS'), { path: '/', query: '' })
  assert.deepEqual(splitTarget('http://a?b', 'OPTIONS'), { path: '/', query: '?b' })
  assert.deepEqual(splitTarget('*', 'OPTIONS'), { path: '*', query: '' })
  assert.deepEqual(splitTarget('http://a', 'GET'), { path: '/', query: '' })
})

function isMerging(mode: PathNormalization): boolean {
  return mode === 'MERGE_SLASHES' || mode === 'DECODE_AND_MERGE_SLASHES'
}
