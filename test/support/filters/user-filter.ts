import type { UserFilter } from '../../../src/model/filter-spec.ts'

/** Version v1 of the Filter shop/stamp. */
export const userFilter: UserFilter = {
  id: 'shop/stamp',
  module: 'abc',
  version: 'v1',
  failureMode: 'closed',
  hookMs: 10,
  waitMs: 1000,
  isolation: 'none',
}
