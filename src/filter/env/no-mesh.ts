import { CallError, type CallEnv } from './calls.ts'

/** Stands in where there is no mesh to call, since nothing is in force yet: every call fails, and says so. */
export const createNoMesh = (why: string): CallEnv & { readonly forward: () => Promise<never> } => ({
  fetch: () => Promise.reject(new CallError('ECLOSED', why)),
  forward: () => Promise.reject(new CallError('ECLOSED', why)),
  get dispatcher(): never {
    throw new CallError('ECLOSED', why)
  },
})
