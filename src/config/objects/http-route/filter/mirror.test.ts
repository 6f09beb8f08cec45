import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mirror, toMirrorRef } from './mirror.ts'

const backendRef = { name: 'shadow', port: 80 }
const ref = { group: '', kind: 'Service', name: 'shadow', port: 80 }

const good: readonly (readonly [name: string, written: object, share: readonly [numerator: number, of: number]])[] = [
  ['everything, unless it says otherwise', {}, [100, 100]],
  ['a percentage', { percent: 35 }, [35, 100]],
  ['nothing', { percent: 0 }, [0, 100]],
  ['a fraction', { fraction: { numerator: 1, denominator: 1000 } }, [1, 1000]],
  ['a fraction of a hundred', { fraction: { numerator: 5 } }, [5, 100]],
  ['a whole', { fraction: { numerator: 7, denominator: 7 } }, [7, 7]],
  ['null is not given', { percent: null, fraction: null }, [100, 100]],
]

const bad: readonly (readonly [name: string, written: object, path: string, found: string])[] = [
  ['both', { percent: 1, fraction: { numerator: 1 } }, 'm', 'both'],
  ['more than a hundred percent', { percent: 101 }, 'm.percent', '101'],
  ['less than nothing', { percent: -1 }, 'm.percent', '-1'],
  ['parts of a percent', { percent: 0.5 }, 'm.percent', '0.5'],
  ['more than everything', { fraction: { numerator: 3, denominator: 2 } }, 'm.fraction', '3/2'],
  ['more than the default hundred', { fraction: { numerator: 101 } }, 'm.fraction', '101/100'],
  ['a share of nothing', { fraction: { numerator: 0, denominator: 0 } }, 'm.fraction.denominator', '0'],
  ['no numerator', { fraction: {} }, 'm.fraction.numerator', 'nothing'],
  ['no backend', { backendRef: null }, 'm.backendRef', 'nothing'],
  ['a Service without port', { backendRef: { name: 'shadow' } }, 'm.backendRef.port', 'nothing'],
  ['a weight', { backendRef: { ...backendRef, weight: 1 } }, 'm.backendRef.weight', 'weight'],
]

describe('RequestMirror', () => {
  for (const [name, written, [numerator, denominator]] of good) {
    it(name, () => {
      const decoded = mirror.decode({ backendRef, ...written }, 'm')
      assert.ok(decoded.ok)
      assert.deepEqual(toMirrorRef(decoded.value, 'p'), { ...ref, numerator, denominator, path: 'p' })
    })
  }
  for (const [name, written, path, found] of bad) {
    it(`${name}: refused`, () => {
      const decoded = mirror.decode({ backendRef, ...written }, 'm')
      assert.ok(!decoded.ok)
      assert.deepEqual(
        decoded.issues.map((issue) => [issue.path, issue.found]),
        [[path, found]],
      )
    })
  }
})
