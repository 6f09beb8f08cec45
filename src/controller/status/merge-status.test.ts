import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CONTROLLER_NAME, type KubeStatus } from '../../config/status/kube-status.ts'
import type { LiveObject } from '../manifest.ts'
import { formatTime } from './conditions.ts'
import { mergeStatus } from './merge-status.ts'
import { ownedTypesOf, toldBy, toldIn } from './told.ts'

const [before, now] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']
const api = { group: '', kind: 'Service', name: 'api' }
const accepted = {
  type: 'Accepted',
  status: 'True',
  observedGeneration: 2,
  reason: 'Accepted',
  message: 'fine',
} as const
const refused = { ...accepted, status: 'False', reason: 'Conflicted', message: 'no' } as const
const at = (lastTransitionTime: string, condition: object) => ({ ...condition, lastTransitionTime })
const theirs = { parentRef: api, controllerName: 'istio.io/gateway-controller', conditions: [at(before, refused)] }
const entry = (conditions: readonly object[], parentRef: object = api) => ({
  parentRef,
  controllerName: CONTROLLER_NAME,
  conditions,
})
const wantedOf = (condition: (typeof accepted | typeof refused)[]): KubeStatus => ({
  parents: [{ parentRef: api, controllerName: CONTROLLER_NAME, conditions: condition }],
})
const route = (status?: unknown): LiveObject => ({ kind: 'HTTPRoute', metadata: { namespace: 'shop' }, status })
const none = new Set<string>()

const cases: readonly {
  readonly what: string
  readonly live?: unknown
  readonly wanted: KubeStatus
  readonly merged: unknown
}[] = [
  {
    what: 'the first entry is added',
    wanted: wantedOf([accepted]),
    merged: { parents: [entry([at(now, accepted)])] },
  },
  {
    what: 'entries of others stay as and where they are, as does what we know nothing of',
    live: { parents: [theirs, entry([at(before, refused)])], more: 1 },
    wanted: wantedOf([accepted]),
    merged: { parents: [theirs, entry([at(now, accepted)])], more: 1 },
  },
  {
    what: 'a message that changes is no transition',
    live: { parents: [entry([at(before, { ...accepted, message: 'old' })])] },
    wanted: wantedOf([accepted]),
    merged: { parents: [entry([at(before, accepted)])] },
  },
  {
    what: 'a reference that the API server completed is the same',
    live: { parents: [entry([at(before, accepted)], { ...api, namespace: 'shop' })] },
    wanted: wantedOf([refused]),
    merged: { parents: [entry([at(now, refused)])] },
  },
  {
    what: 'an entry that nobody asks for any more goes, and so do conditions',
    live: {
      parents: [
        entry([at(before, accepted)], { ...api, name: 'old' }),
        entry([at(before, { ...accepted, type: 'Shadowed' })]),
      ],
    },
    wanted: wantedOf([accepted]),
    merged: { parents: [entry([at(now, accepted)])] },
  },
  {
    what: 'nothing is left of us, and all of others',
    live: { parents: [entry([at(before, accepted)]), theirs] },
    wanted: { parents: [] },
    merged: { parents: [theirs] },
  },
]

describe('a status that several controllers write', () => {
  for (const { what, live, wanted, merged } of cases) {
    it(what, () => assert.deepEqual(mergeStatus(route(live), wanted, { owned: none, now }), merged))
  }

  it('is the very same where nothing changes', () => {
    const status = { parents: [theirs, entry([at(before, accepted)])] }
    assert.equal(mergeStatus(route(status), wantedOf([accepted]), { owned: none, now }), status)
    assert.equal(mergeStatus(route(), { parents: [] }, { owned: none, now }), undefined)
  })

  it('that is of a later generation is left alone', () => {
    const status = { parents: [entry([at(before, { ...accepted, observedGeneration: 3 })])] }
    assert.equal(mergeStatus(route(status), wantedOf([refused]), { owned: none, now }), status)
  })

  it('has no more entries than Gateway API takes, and ours are the ones too many', () => {
    const others = Array.from({ length: 32 }, (_, i) => ({ ...theirs, parentRef: { ...api, name: `s${i}` } }))
    const status = { parents: others }
    assert.equal(mergeStatus(route(status), wantedOf([accepted]), { owned: none, now }), status)
  })
})

describe('conditions that several controllers write', () => {
  const owned = ownedTypesOf('AuthorizationPolicy')
  const policy = (conditions: readonly object[]): LiveObject => ({
    kind: 'AuthorizationPolicy',
    status: { conditions },
  })
  const istios = at(before, { type: 'ZtunnelAccepted', status: 'True', reason: 'Accepted', message: '' })

  it('of others stay', () => {
    const merged = mergeStatus(policy([istios]), { conditions: [accepted] }, { owned, now })
    assert.deepEqual(merged, { conditions: [istios, at(now, accepted)] })
    assert.deepEqual(mergeStatus(policy([istios, at(now, accepted)]), { conditions: [] }, { owned, now }), {
      conditions: [istios],
    })
  })

  it('about the code of a Filter are its waypoints’', () => {
    assert.deepEqual(
      [...ownedTypesOf('Filter')].filter((type) => type === 'Programmed' || type === 'Healthy'),
      [],
    )
  })
})

describe('what was told', () => {
  it('is recognised in the object, whatever else is there', () => {
    const wanted = wantedOf([accepted])
    const status = mergeStatus(route({ parents: [theirs] }), wanted, { owned: none, now })
    assert.equal(toldIn('HTTPRoute', route(status)), toldBy('HTTPRoute', 'shop', wanted))
    assert.notEqual(toldIn('HTTPRoute', route(status)), '')
  })

  it('differs by anything but times', () => {
    const told = (condition: object): string => toldIn('HTTPRoute', route({ parents: [entry([condition])] }))
    assert.equal(told(at(before, accepted)), told(at(now, accepted)))
    for (const other of [{ message: 'x' }, { reason: 'X' }, { status: 'False' }, { observedGeneration: 3 }]) {
      assert.notEqual(told(at(before, { ...accepted, ...other })), told(at(before, accepted)))
    }
  })

  it('is nothing where we said nothing', () => {
    assert.equal(toldIn('HTTPRoute', route({ parents: [theirs] })), '')
    assert.equal(toldIn('HTTPRoute', route()), '')
  })
})

it('a time has whole seconds', () => {
  assert.equal(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), '2026-01-02T03:04:05Z')
})
