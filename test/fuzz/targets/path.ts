import assert from 'node:assert/strict'
import { normalizePath, splitTarget } from '../../../src/http/path.ts'
import type { PathNormalization } from '../../../src/model/model.ts'
import type { SeededRandom } from '../../support/random.ts'
import { textMutator } from '../mutate/text.ts'
import type { FuzzTarget } from '../engine/target.ts'

const MODES: readonly PathNormalization[] = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']

/**
 * A path has one normal form, which stays as it is when it is normalised again, and which another spelling of the same
 * path has too: else a policy would see another path than the backend.
 */
export const pathTarget: FuzzTarget = {
  name: 'path',
  format: 'text',
  maxInputBytes: 4096,
  shortRounds: 1000,
  seeds: () =>
    ['/', '*', '/a/b/../c?d=e', '/a/%2e%2E/%2fb//c', 'http://a/b', '/a\\b%5Cc'].map((text) => Buffer.from(text)),
  mutate: textMutator([
    ...['/', '//', '/.', '/..', '/../', '%2e', '%2E%2e', '%2f', '%5c', '\\', '%00', '%', '%%32%66', '%25', '%7e', '?'],
    ...['#', '*', 'http://', ';', '%c0%ae', '\xc0\xaf', ' ', '...', '/.;/'],
  ]),
  check,
}

function check(input: Buffer, random: SeededRandom): string {
  const target = input.toString('latin1')
  const { path, query } = splitTarget(target)
  if (target.startsWith('/')) assert.equal(path + query, target)
  assert.ok(!path.includes('?'))
  return MODES.map((mode) => checkMode(path, mode, random)).join()
}

function checkMode(path: string, mode: PathNormalization, random: SeededRandom): string {
  const normal = normalizePath(path, mode)
  if (normal === undefined) return 'refused'
  assert.match(normal, /^(?:\/[!-"$-~]*|\*)$/)
  assert.equal(normalizePath(normal, mode), normal, 'the normal form has another one')
  if (mode === 'NONE') {
    assert.equal(normal, path)
    return 'same'
  }
  const segments = normal.split('/')
  assert.ok(!segments.includes('..') && !segments.includes('.'), `dot segments in ${normal}`)
  assert.doesNotMatch(normal, /%(?:2d|2e|3\d|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|7e|00)|%(?![0-9a-f]{2})/i)
  if (mode !== 'BASE') assert.ok(!normal.includes('//'), `two slashes in ${normal}`)
  if (mode === 'DECODE_AND_MERGE_SLASHES') assert.doesNotMatch(normal, /%2f|%5c/i)
  assert.equal(normalizePath(respell(path, random), mode), normal, 'another spelling has another normal form')
  if (/^[\w./\\-]*$/.test(path)) assertLikeBrowsers(path, normal, mode)
  return normal === path ? 'same' : 'changed'
}

/** What the URL standard makes of dot segments and backslashes, where it makes nothing else of the path. */
function assertLikeBrowsers(path: string, normal: string, mode: PathNormalization): void {
  const { pathname } = new URL(`http://a${path}`)
  assert.equal(normal, mode === 'BASE' ? pathname : pathname.replace(/\/{2,}/g, '/'))
}

/** One unreserved character written as an escape, unless it belongs to one. */
function respell(path: string, random: SeededRandom): string {
  const at = 1 + random.below(path.length)
  const letter = path[at] ?? ''
  if (!/^[A-Za-z0-9._~-]$/.test(letter) || path.slice(at - 2, at).includes('%') || path === '*') return path
  const hex = letter.charCodeAt(0).toString(16)
  return `${path.slice(0, at)}%${random.chance(0.5) ? hex : hex.toUpperCase()}${path.slice(at + 1)}`
}
