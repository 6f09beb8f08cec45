import type { FilterEnv } from '../../../src/filter/index.ts'
import { createFakeEnv, type FakeEnv } from '../../../src/filter/testing.ts'

/** An environment with the time of the machine, for peers who have no other. */
export const createRealEnv = (origin: string): FakeEnv =>
  Object.assign(createFakeEnv(), {
    origin,
    now: Date.now,
    after: ((delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    }) satisfies FilterEnv['after'],
  })
