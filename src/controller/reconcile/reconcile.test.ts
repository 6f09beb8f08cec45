import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mergePatch } from '../desired/parameters/merge-patch.ts'
import { APPLIED_HASH, keyOfManifest, type LiveObject, type Manifest } from '../manifest.ts'
import { findLeftovers, isAppliedByUs, reconcile, type Applied } from './reconcile.ts'

const owner = (uid: string) => ({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'w', uid })

const manifest = (
  changes: { readonly hash?: string; readonly uid?: string; readonly cpu?: string } = {},
): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'w',
    namespace: 'shop',
    annotations: { [APPLIED_HASH]: changes.hash ?? 'h1' },
    ownerReferences: [owner(changes.uid ?? 'g1')],
  },
  spec: { template: { spec: { containers: [{ name: 'fairway', cpu: changes.cpu ?? '1' }] } } },
})

/** As the API server would give it: with defaults, and what others added. */
const live = (from: Manifest, metadata: Readonly<Record<string, unknown>> = {}): LiveObject => {
  const object = mergePatch(from, {
    spec: { template: { spec: { containers: [{ name: 'added', image: 'x' }], dnsPolicy: 'ClusterFirst' } } },
  })
  return { ...object, metadata: { ...from.metadata, uid: 'd1', resourceVersion: '7', ...metadata }, status: {} }
}

const run = (
  manifests: readonly Manifest[],
  objects: readonly LiveObject[],
  more: { readonly applied?: Applied; readonly mayDelete?: boolean; readonly others?: readonly string[] } = {},
) =>
  reconcile(
    { uid: 'g1', manifests, mayDelete: more.mayDelete ?? true },
    {
      objects: new Map(objects.map((object) => [keyOfManifest(object as unknown as Manifest), object])),
      applied: new Map(more.applied === undefined ? [] : [['Deployment/shop/w', more.applied]]),
    },
    (uid) => ['g1', ...(more.others ?? [])].includes(uid),
  )

const whys = ({ actions }: ReturnType<typeof reconcile>) =>
  actions.map((action) => (action.kind === 'apply' ? action.why : `delete ${action.object.uid}`))

describe('reconciling', () => {
  it('what is missing is applied', () => assert.deepEqual(whys(run([manifest()], [])), ['missing']))
  it('what is as it should be is left alone, whatever others added', () =>
    assert.deepEqual(whys(run([manifest()], [live(manifest())])), []))
  it('what was applied otherwise is applied', () =>
    assert.deepEqual(whys(run([manifest({ hash: 'h2' })], [live(manifest())])), ['changed']))
  it('what somebody changed is put back', () =>
    assert.deepEqual(whys(run([manifest()], [live(manifest({ cpu: '2' }))])), ['drift']))
  it('a value that the API server writes otherwise is applied once', () => {
    const written = live(manifest({ cpu: '1000m' }))
    assert.deepEqual(whys(run([manifest()], [written], { applied: { hash: 'h1', resourceVersion: '7' } })), [])
    assert.deepEqual(whys(run([manifest()], [written], { applied: { hash: 'h1', resourceVersion: '6' } })), ['drift'])
    assert.deepEqual(whys(run([manifest()], [written], { applied: { hash: 'h0', resourceVersion: '7' } })), ['drift'])
  })
  it('what is no longer wanted goes, by its uid, and only when it may', () => {
    assert.deepEqual(whys(run([], [live(manifest())])), ['delete d1'])
    assert.deepEqual(whys(run([], [live(manifest())], { mayDelete: false })), [])
    assert.deepEqual(whys(run([], [live(manifest(), { deletionTimestamp: 'now' })])), [])
    assert.deepEqual(whys(run([], [live(manifest({ uid: 'g2' }))])), [])
  })
  it('what another Gateway has is not taken', () => {
    const result = run([manifest()], [live(manifest({ uid: 'g2' }))], { others: ['g2'] })
    assert.deepEqual(result, { actions: [], taken: ['Deployment/shop/w'] })
  })
  it('what a Gateway that is gone had is taken over', () =>
    assert.deepEqual(whys(run([manifest()], [live(manifest({ uid: 'g2' }))])), ['drift']))
})

it('what is left of Gateways that are gone goes, and what is nobody’s stays', () => {
  const objects = new Map<string, LiveObject>([
    ['a', live(manifest())],
    ['b', live(manifest({ uid: 'g2' }), { uid: 'd2' })],
    ['c', live(manifest({ uid: 'g2' }), { uid: 'd3', deletionTimestamp: 'now' })],
    ['d', live(manifest(), { uid: 'd4', ownerReferences: [] })],
    ['f', live(manifest(), { uid: 'd6', ownerReferences: [{ ...owner('g9'), apiVersion: 'networking.istio.io/v1' }] })],
    ['e', live(manifest(), { uid: 'd5', ownerReferences: [], labels: { 'fairway.dev/gateway-uid': 'g3' } })],
  ])
  const found = findLeftovers(objects, (uid) => uid === 'g1')
  assert.deepEqual(
    found.map(({ owner: of, action }) => [of, action.kind === 'delete' && action.object.uid]),
    [
      ['g2', 'd2'],
      ['g3', 'd5'],
    ],
  )
})

it('an object is ours when we applied it', () => {
  const by = (manager: string, operation: string) => ({ metadata: { managedFields: [{ manager, operation }] } })
  assert.equal(isAppliedByUs(by('fairway-controller', 'Apply')), true)
  assert.equal(isAppliedByUs(by('fairway-controller', 'Update')), false)
  assert.equal(isAppliedByUs(by('helm', 'Apply')), false)
  assert.equal(isAppliedByUs({}), false)
})
