import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packJson, unpackJson } from '../lib/memory/packed-json.ts'
import type { FilterModule } from '../model/filter-spec.ts'
import type { Model } from '../model/model.ts'
import type { Route } from '../model/route.ts'
import { createDeltaReader, createDeltaWriter } from './delta.ts'

const route = (key: string, rules = 1): Route => ({
  key,
  kind: 'HTTPRoute',
  namespace: 'shop',
  name: key,
  rules: Array.from({ length: rules }, (_, index) => ({ index, matches: [], filters: [], backends: [] })),
})

const update = (routes: readonly Route[], issues: readonly string[] = []) => {
  const model: Model = {
    gateway: { namespace: 'shop', name: 'waypoint' },
    trafficType: 'service',
    pathNormalization: 'BASE',
    services: [],
    routes,
    endpoints: [],
    pods: [],
    authentications: [],
    authorizations: [],
  }
  return {
    model,
    conditions: [],
    issues: issues.map((message) => ({ message })),
    objectIssues: [],
    notes: [],
    objects: routes.length,
  }
}

/** What arrives on the other thread, which shares no object with this one. */
const createLink = () => {
  const write = createDeltaWriter()
  const read = createDeltaReader()
  return (sent: ReturnType<typeof update>) => {
    const delta = unpackJson(packJson(write(sent)))
    return { delta, received: read(delta) }
  }
}

describe('updates between threads', () => {
  it('carry all of a model that is no list', () => {
    const send = createLink()
    const sent = update([])
    const heads: readonly Partial<Model>[] = [
      { tellsClientIdentity: true, defaultRepeats: 0 },
      { gateway: undefined },
      {},
    ]
    for (const head of heads) {
      const model = { ...sent.model, ...head }
      assert.deepEqual(send({ ...sent, model }).received.model, model)
    }
  })

  it('carry what is told of exchanges when it changes', () => {
    const send = createLink()
    const sent = update([])
    const policy = (percentage: number): Model['telemetry'] => ({
      providers: [],
      policies: [
        {
          key: 'shop/a',
          tracing: {
            ...{ isDisabled: false, samplingPercentage: percentage, customTags: [], hasIstioTags: true },
            ...{ samplesByRequestId: true, hidesContext: false },
          },
        },
      ],
    })
    const models = [policy(1), policy(1), policy(2), undefined, policy(2)].map((telemetry): Model => {
      return { ...sent.model, ...(telemetry === undefined ? {} : { telemetry }) }
    })
    const links = models.map((model) => send({ ...sent, model }))
    assert.deepEqual(
      links.map(({ received }) => received.model),
      models,
    )
    assert.deepEqual(
      links.map(({ delta }) => delta.model.telemetry !== undefined),
      [true, false, true, true, true],
    )
    assert.equal(links[1]?.received.model.telemetry, links[0]?.received.model.telemetry)
  })

  it('carry the code of filters once', () => {
    const send = createLink()
    const sent = update([])
    const code = (digest: string): FilterModule => ({
      digest,
      root: '/filters',
      entry: 'a.ts',
      files: { 'a.ts': `${digest} `.repeat(1000) },
      kind: 'A',
      stage: 'shape',
    })
    const modules: readonly (readonly FilterModule[] | undefined)[] = [
      [code('a')],
      [code('a'), code('b')],
      [code('b')],
      undefined,
      [code('b')],
    ]
    for (const [index, filterModules] of modules.entries()) {
      const model = { ...sent.model, ...(filterModules === undefined ? {} : { filterModules }) }
      const { delta, received } = send({ ...sent, model })
      assert.deepEqual(received.model, model)
      if (index === 2) assert.ok(JSON.stringify(delta).length < 1000)
    }
  })

  it('arrive as they were sent, numbered from 1', () => {
    const send = createLink()
    for (const [index, sent] of [
      update([route('a'), route('b')], ['bad']),
      update([route('a', 2), route('c')]),
      update([]),
      update([route('c'), route('b'), route('a')]),
    ].entries()) {
      assert.deepEqual(send(sent).received, { ...sent, generation: index + 1 })
    }
  })

  it('keep unchanged items as the same objects, and unchanged lists as the same lists', () => {
    const send = createLink()
    const first = send(update([route('a'), route('b')])).received
    const second = send(update([route('a'), route('b', 3)])).received
    assert.equal(second.model.routes[0], first.model.routes[0])
    assert.notEqual(second.model.routes[1], first.model.routes[1])
    const third = send(update([route('a'), route('b', 3)])).received
    assert.equal(third.model.routes, second.model.routes)
    assert.equal(third.conditions, second.conditions)
  })

  it('carry only what changed', () => {
    const send = createLink()
    send(update([route('a'), route('b')], ['bad']))
    const { delta } = send(update([route('a'), route('b', 2)], ['bad']))
    assert.deepEqual(
      { routes: delta.model.routes, endpoints: delta.model.endpoints, hasIssues: 'issues' in delta },
      { routes: [{ at: 1, remove: 1, items: [route('b', 2)] }], endpoints: [], hasIssues: false },
    )
  })

  it('come right when the writer begins anew', () => {
    const read = createDeltaReader()
    read(createDeltaWriter()(update([route('a'), route('b')], ['bad'])))
    const sent = update([route('b', 2)])
    assert.deepEqual(read(createDeltaWriter()(sent)), { ...sent, generation: 2 })
  })
})
