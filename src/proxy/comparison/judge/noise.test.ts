import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Difference, DifferenceKind } from './difference.ts'
import { Noise } from './noise.ts'

const at = (path: string, kind: DifferenceKind = 'value', part: Difference['part'] = 'body'): Difference => {
  const steps = path === '' ? [] : path.slice(1).split('/')
  const pattern = steps.map((step) => (/^\d+$/.test(step) ? '*' : step))
  return { part, steps, pattern, kind, primary: 1, mirror: 2 }
}
const judge = (noise: Noise, ...differences: readonly Difference[]): readonly string[] =>
  noise.judge(differences).map(({ path, isNoise }) => `${path} ${isNoise}`)

it('what the primary does itself is noise, in that place and way, for every place of a list', () => {
  const noise = new Noise()
  noise.learn([at('/items/3/at'), at('/id')])
  assert.deepEqual(judge(noise, at('/items/7/at'), at('/items/8/at'), at('/id', 'missing'), at('/of')), [
    'body /items/*/at true',
    'body /id false',
    'body /of false',
  ])
})

it('a field that comes and goes is noise on either side', () => {
  const noise = new Noise()
  noise.learn([at('/hint', 'extra')])
  assert.deepEqual(judge(noise, at('/hint', 'missing')), ['body /hint true'])
})

it('a header, a status and a body are no paths in a body', () => {
  const noise = new Noise()
  noise.learn([at('', 'value', 'body'), at('/etag', 'value', 'header')])
  assert.deepEqual(judge(noise, at('', 'value', 'body'), at('/etag'), at('/etag', 'value', 'header')), [
    'body true',
    'body /etag false',
    'header etag true',
  ])
})

it('an object whose fields come and go is a map, and its keys say nothing', () => {
  const noise = new Noise()
  for (let i = 0; i < 8; i++) noise.learn([at(`/by/k${i}`, 'missing'), at(`/by/l${i}`, 'extra')])
  noise.learn([at('/by/new', 'missing')])
  assert.deepEqual(judge(noise, at('/by/other', 'extra'), at('/by/same/x')), ['body /by/* true', 'body /by/*/x false'])
})

it('is forgotten when it has not been seen for thousands of pairs', () => {
  const noise = new Noise()
  noise.learn([at('/a')])
  for (let i = 0; i < 1500; i++) noise.learn([])
  assert.deepEqual(judge(noise, at('/a')), ['body /a true'])
  for (let i = 0; i < 600; i++) noise.learn([])
  assert.deepEqual(judge(noise, at('/a')), ['body /a false'])
})

it('what the mirror does much more often than the primary is told', () => {
  const noise = new Noise()
  for (let i = 0; i < 400; i++) noise.learn(i % 40 === 0 ? [at('/a'), at('/b')] : [])
  for (let i = 0; i < 400; i++) noise.judge([at('/a'), ...(i % 40 === 0 ? [at('/b')] : [])])
  assert.deepEqual(
    noise.paths().map(({ path, isSuspect }) => `${path} ${isSuspect}`),
    ['body /a true', 'body /b false'],
  )
})

it('keeps a bounded number of paths', () => {
  const noise = new Noise()
  for (let i = 0; i < 30; i++) noise.learn(Array.from({ length: 100 }, (_, k) => at(`/a${i}/b${k}`)))
  assert.deepEqual([noise.paths().length, noise.overflowed], [2000, 1000])
})
