import assert from 'node:assert/strict'
import { it } from 'node:test'
import { userFilter } from '../../../test/support/filters/user-filter.ts'
import type { FilterVersion } from '../translate/filter/filter-version.ts'
import { isolateAll } from './isolate-all.ts'

it('every version in force gets a thread, and what is refused stays so', () => {
  const inForce = {
    module: { digest: 'a', root: '/f', entry: 'a.ts', files: {}, kind: 'A', stage: 'shape' },
    config: {},
    user: userFilter,
  } as const
  const refused: FilterVersion = { refused: { message: 'no', path: 'spec.module' } }
  const versions = isolateAll(
    new Map<string, FilterVersion>([
      ['a', { inForce, ...refused }],
      ['b', refused],
    ]),
  )
  assert.equal(versions.get('a')?.inForce?.user.isolation, 'thread')
  assert.deepEqual(versions.get('a')?.refused, refused.refused)
  assert.equal(versions.get('b'), refused)
})

it('what answers requests by itself is refused: it cannot have a thread, and would be left out unseen', () => {
  const inForce = {
    module: { digest: 'a', root: '/f', entry: 'a.ts', files: {}, kind: 'App', stage: 'select' },
    config: {},
    user: { ...userFilter, hooks: ['serve', 'close'] },
  } as const
  const version = isolateAll(new Map<string, FilterVersion>([['App/shop/a', { inForce }]])).get('App/shop/a')
  assert.equal(version?.inForce, undefined)
  assert.match(version?.refused?.message ?? '', /--filter-isolation thread/)
})
