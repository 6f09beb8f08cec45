import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCacheBed, type Step } from './cache-bed.ts'

/** A step, and what it must come to: by whom it is answered, with which version, and what else the head says. */
export interface Expected extends Step {
  readonly is: string
  readonly head?: Readonly<Record<string, string | undefined>>
  /** What the cache has asked the backend by itself. */
  readonly asks?: Readonly<Record<string, string | undefined>>
}

/** What is asked for one after the other. */
export interface CacheCase {
  readonly name: string
  readonly config?: object
  readonly steps: readonly Expected[]
}

/** Fields of a response that is fresh for a minute. */
export const FRESH = { 'cache-control': 'max-age=60' }
/** The same with a tag. */
export const TAGGED = { 'cache-control': 'max-age=60', etag: '"1"' }
/** A GET, and who must answer it with what. */
export const get = (is: string, parts: Partial<Expected> = {}): Expected => ({ ask: 'GET /a', is, ...parts })
/** Fields of a request. */
export const auth = { authorization: 'Basic eA==' }
const START = Date.UTC(2026, 0, 1)
/** So many seconds after the begin. */
export const date = (seconds: number): string => new Date(START + seconds * 1000).toUTCString()
/** Whether a second request finds a response with these fields. */
export const kept = (name: string, says: Step['says'], isKept: boolean, parts: Partial<Expected> = {}): CacheCase => ({
  name: `${name} is ${isKept ? '' : 'not '}kept`,
  steps: [
    get('miss v1', { ...parts, says: says ?? {} }),
    get(isKept ? 'hit v1' : 'miss v2', { says: says ?? {}, headers: parts.headers ?? {} }),
  ],
})

/** Runs them, each on a cache of its own. */
export const runCacheCases = (title: string, cases: readonly CacheCase[]): void => {
  describe(title, () => {
    for (const { name, config, steps } of cases) it(name, () => runCase(config, steps))
  })
}

const runCase = async (config: object | undefined, steps: readonly Expected[]): Promise<void> => {
  const bed = createCacheBed(config)
  for (const { is, head = {}, asks = {}, ...step } of steps) {
    const { by, body, outcome } = await bed.run(step)
    const what = `${step.ask} ${JSON.stringify(step.headers ?? {})} at ${step.at ?? '-'}`
    assert.equal(`${by} ${body}`, is, what)
    const shown = Object.fromEntries(Object.keys(head).map((field) => [field, outcome.response.headers.get(field)]))
    assert.deepEqual(shown, head, what)
    const asked = Object.fromEntries(Object.keys(asks).map((field) => [field, bed.asked.at(-1)?.headers.get(field)]))
    assert.deepEqual(asked, asks, what)
  }
}
