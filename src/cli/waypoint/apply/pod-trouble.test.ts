import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeJson } from '../../../kube/client.ts'
import { podTroubleOf } from './pod-trouble.ts'

const pod = (status: unknown, name = 'w-1'): KubeJson => ({ metadata: { name }, status })
const container = (state: unknown, lastState: unknown = {}) => ({
  containerStatuses: [{ name: 'fairway', state, lastState }],
})

const cases: readonly (readonly [what: string, pods: readonly KubeJson[], trouble: string | undefined])[] = [
  ['no Pods', [], undefined],
  ['one that is of no use', [pod(7), pod(undefined), pod({ containerStatuses: {}, conditions: [3] })], undefined],
  ['one that runs', [pod(container({ running: {} }))], undefined],
  ['one on its way', [pod(container({ waiting: { reason: 'ContainerCreating' } }))], undefined],
  [
    'an image that is not there',
    [pod(container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } }))],
    'Pod w-1: ImagePullBackOff: Back-off pulling image "x"',
  ],
  [
    'one that ends again and again',
    [
      pod(
        container(
          { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
          { terminated: { exitCode: 78, reason: 'Error', message: 'first\nfairway run: no token\n' } },
        ),
      ),
    ],
    'Pod w-1: CrashLoopBackOff: back-off 10s: it ended with 78 (Error: fairway run: no token)',
  ],
  ['one that has ended', [pod(container({ terminated: { exitCode: 1 } }))], 'Pod w-1: its container ended with 1'],
  [
    'no room',
    [
      pod({
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
        ],
      }),
    ],
    'Pod w-1: Unschedulable: 0/3 nodes are available',
  ],
  [
    'of several the first by name that has a trouble',
    [
      pod(container({ waiting: { reason: 'B' } }), 'c'),
      pod(container({ waiting: { reason: 'A' } }), 'b'),
      pod({}, 'a'),
    ],
    'Pod b: A',
  ],
  [
    'a long message is cut',
    [pod(container({ waiting: { reason: 'E', message: 'x'.repeat(1000) } }))],
    `Pod w-1: E: ${'x'.repeat(200)}…`,
  ],
]
for (const [what, pods, trouble] of cases) test(what, () => assert.equal(podTroubleOf(pods), trouble))
