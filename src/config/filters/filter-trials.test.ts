import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import type { FilterObject } from '../objects/filter/filter-object.ts'
import { createFilterTrials } from './filter-trials.ts'
import { hashOf } from './read-module.ts'
import type { TrialOutcome, TriedConfig } from './run-trial.ts'
import type { TrialData } from './trial-messages.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-trials-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const filter = (name: string, module: string, config: unknown = {}, hookMs = 10): FilterObject => ({
  kind: 'Filter',
  as: 'Filter',
  metadata: { namespace: 'shop', name, labels: {}, annotations: {}, owners: [] },
  targetRefs: [],
  content: { kind: 'user', module, config, settings: { hookMs, waitMs: 1000, isolation: 'none' } },
  failureMode: 'closed',
  defects: [],
})

/** Code that is a number: odd ones are at fault, and so are configurations with `bad`. */
const setUp = () => {
  const tried: string[] = []
  const write = (file: string, text: string): void => writeFileSync(join(root, file), text)
  let onTrial = (): void => {}
  const tryOut = async ({ entry, isApp, orders }: TrialData, text: string): Promise<TrialOutcome> => {
    tried.push(`${isApp === true ? 'app ' : ''}${entry} ${text} ${orders.map(({ key }) => key).join()}`)
    onTrial()
    const sources = [{ file: entry, hash: hashOf(text) }]
    if (Number(text) % 2 === 1) {
      return { sources, module: { fault: { message: 'odd', file: entry, line: 1 } }, configs: new Map() }
    }
    const module = { digest: text, root, entry, files: { [entry]: text }, kind: 'Stamp', stage: 'shape' } as const
    const configs = orders.map(({ key }): readonly [string, TriedConfig] =>
      key.includes('bad')
        ? [key, { fault: { message: 'bad', path: 'spec.config' } }]
        : [key, { hooks: key.includes('serves') ? ['serve'] : [] }],
    )
    return { sources, module: { module, failureMode: undefined }, configs: new Map(configs) }
  }
  const texts = new Map<string, string>()
  const put = (file: string, text: string): void => {
    texts.set(file, text)
    write(file, text)
  }
  const trials = createFilterTrials(root, (data) => tryOut(data, texts.get(data.entry) ?? ''))
  return { trials, put, tried, onNextTrial: (run: () => void) => (onTrial = run) }
}

it('an App and a Filter of one name and one file are two things, each tried as what it is', async () => {
  const { trials, put, tried } = setUp()
  put('a.ts', '2')
  const one = filter('one', 'a.ts')
  const app = { ...one, as: 'App', content: { ...one.content, isApp: true } } as FilterObject
  const versions = await trials.settle([one, app])
  assert.deepEqual(tried, ['a.ts 2 {}', 'app a.ts 2 {}'])
  assert.deepEqual([...versions.keys()], ['shop/one', 'App/shop/one'])
})

it('a filter that serves is refused a thread of its own', async () => {
  const { trials, put } = setUp()
  put('a.ts', '2')
  const one = filter('one', 'a.ts', { serves: true })
  assert.ok(one.content?.kind === 'user')
  const settings = { ...one.content.settings, isolation: 'thread' } as const
  const versions = await trials.settle([{ ...one, content: { ...one.content, settings } }])
  assert.deepEqual(versions.get('shop/one')?.refused?.path, 'spec.isolation')
})

it('each content is tried once, whatever else changes and however many use it', async () => {
  const { trials, put, tried } = setUp()
  put('a.ts', '2')
  const filters = [filter('one', 'a.ts'), filter('two', 'a.ts'), filter('three', 'a.ts', { x: 1 })]
  const first = await trials.settle(filters)
  assert.deepEqual(tried.splice(0), ['a.ts 2 {},{"x":1}'])
  assert.equal(await trials.settle(filters), first)
  assert.equal(await trials.settle(filters.map((object) => ({ ...object }))), first)
  const slower = await trials.settle([...filters.slice(0, 2), filter('three', 'a.ts', { x: 1 }, 20)])
  assert.deepEqual(tried, [])
  const [before, after] = [first, slower].map((versions) => versions.get('shop/three')?.inForce?.user)
  assert.deepEqual([before?.hookMs, after?.hookMs], [10, 20])
  assert.notEqual(before?.version, after?.version)
  assert.equal(slower.get('shop/one'), first.get('shop/one'))
  await trials.settle([...filters, filter('four', 'a.ts', { x: 2 })])
  assert.deepEqual(tried, ['a.ts 2 {"x":2}'])
  assert.deepEqual(trials.sources(), ['a.ts'])
})

it('the last good one stays, code and configuration together, until there is another', async () => {
  const { trials, put, tried } = setUp()
  const settle = async (config: unknown = {}) => {
    const { inForce, refused } = (await trials.settle([filter('f', 'a.ts', config)])).get('shop/f') ?? {}
    return [inForce?.module.digest, inForce?.config, refused?.message, refused?.path]
  }
  put('a.ts', '1')
  assert.deepEqual(await settle(), [undefined, undefined, 'a.ts:1: odd', 'spec.module'])
  put('a.ts', '2')
  assert.equal(trials.isStale(), true)
  assert.deepEqual(await settle(), ['2', {}, undefined, undefined])
  assert.equal(trials.isStale(), false)
  put('a.ts', '3')
  assert.deepEqual(await settle(), ['2', {}, 'a.ts:1: odd', 'spec.module'])
  put('a.ts', '4')
  assert.deepEqual(await settle({ bad: 1 }), ['2', {}, 'bad', 'spec.config'])
  assert.deepEqual(await settle({ good: 1 }), ['4', { good: 1 }, undefined, undefined])
  assert.equal(tried.length, 5)
})

it('a file that changes while it is tried is tried again, with all that it is told', async () => {
  const { trials, put, tried, onNextTrial } = setUp()
  put('a.ts', '2')
  await trials.settle([filter('one', 'a.ts')])
  put('a.ts', '4')
  onNextTrial(() => {
    onNextTrial(() => {})
    put('a.ts', '6')
  })
  await trials.settle([filter('one', 'a.ts'), filter('two', 'a.ts', { x: 1 })])
  assert.equal(trials.isStale(), true)
  const versions = await trials.settle([filter('one', 'a.ts'), filter('two', 'a.ts', { x: 1 })])
  assert.deepEqual(
    [...versions.values()].map(({ inForce }) => inForce?.module.digest),
    ['6', '6'],
  )
  assert.deepEqual(tried, ['a.ts 2 {}', 'a.ts 4 {},{"x":1}', 'a.ts 6 {},{"x":1}'])
})

it('one that is gone is forgotten', async () => {
  const { trials, put } = setUp()
  put('a.ts', '2')
  await trials.settle([filter('f', 'a.ts')])
  assert.equal((await trials.settle([])).size, 0)
  assert.deepEqual(trials.sources(), [])
  put('a.ts', '3')
  assert.equal((await trials.settle([filter('f', 'a.ts')])).get('shop/f')?.inForce, undefined)
})
