import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { isFault, type Condition } from '../../model/condition.ts'
import { objectStatuses, objectStatusOf, type ObjectStatus } from './object-status.ts'

const controllerName = 'fairway.dev/waypoint-controller'
const written = { group: '', kind: 'Service', name: 'api', port: 80 }

const conditionOf = (kind: string, changes: Partial<Condition> = {}): Condition => ({
  object: { kind, namespace: 'shop', name: 'api' },
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'fine',
  ...changes,
})

const onlyStatus = (conditions: readonly Condition[]): ObjectStatus => {
  const [status, ...others] = objectStatuses(conditions)
  assert.ok(status !== undefined && others.length === 0)
  return status
}

const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'fine' }

const shapes: readonly {
  readonly what: string
  readonly conditions: readonly Condition[]
  readonly apiVersion?: string
  readonly status: unknown
}[] = [
  {
    what: 'a Gateway has its conditions itself',
    conditions: [conditionOf('Gateway')],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: { conditions: [accepted] },
  },
  {
    what: 'so have kinds without a status of their own',
    conditions: [conditionOf('Service', { observedGeneration: 7 })],
    apiVersion: 'v1',
    status: { conditions: [{ ...accepted, observedGeneration: 7 }] },
  },
  {
    what: 'and kinds that nobody knows, without an apiVersion',
    conditions: [conditionOf('Srevice')],
    status: { conditions: [accepted] },
  },
  {
    what: 'a route has an entry for each parent, by the reference as it was written',
    conditions: [
      conditionOf('HTTPRoute', { parent: 'Service shop/api:80', parentRef: written }),
      conditionOf('HTTPRoute', { parent: 'Service shop/other#http', type: 'ResolvedRefs', reason: 'ResolvedRefs' }),
      conditionOf('HTTPRoute', { parent: 'Service shop/api:80', parentRef: written, type: 'ResolvedRefs' }),
    ],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: {
      parents: [
        { parentRef: written, controllerName, conditions: [accepted, { ...accepted, type: 'ResolvedRefs' }] },
        {
          parentRef: { group: '', kind: 'Service', namespace: 'shop', name: 'other', sectionName: 'http' },
          controllerName,
          conditions: [{ ...accepted, type: 'ResolvedRefs', reason: 'ResolvedRefs' }],
        },
      ],
    },
  },
  {
    what: 'what is about no parent stands beside them',
    conditions: [conditionOf('GRPCRoute', { status: 'False', reason: 'Invalid' })],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: { parents: [], conditions: [{ ...accepted, status: 'False', reason: 'Invalid' }] },
  },
  {
    what: 'a policy that no ancestor is named for keeps what is said of it',
    conditions: [conditionOf('BackendTLSPolicy')],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: { ancestors: [], conditions: [accepted] },
  },
  {
    what: 'a policy has an entry for each ancestor that its conditions name',
    conditions: [conditionOf('BackendTLSPolicy', { parent: 'Gateway edge/north' })],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: {
      ancestors: [
        {
          ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'edge', name: 'north' },
          controllerName,
          conditions: [accepted],
        },
      ],
    },
  },
  {
    what: 'of one type there is one condition: what is bad is told together',
    conditions: [
      conditionOf('Service'),
      conditionOf('Service', { type: 'Conflicted', reason: 'AddressTaken', message: 'has port 80 already' }),
      conditionOf('Service', { type: 'Conflicted', reason: 'Other', message: 'has port 81 already' }),
      conditionOf('Service', { message: 'fine too' }),
    ],
    apiVersion: 'v1',
    status: {
      conditions: [
        accepted,
        {
          ...{ type: 'Conflicted', status: 'True', reason: 'AddressTaken' },
          message: 'has port 80 already; has port 81 already',
        },
      ],
    },
  },
  {
    what: 'bad news of a type goes before good',
    conditions: [conditionOf('Service'), conditionOf('Service', { status: 'False', reason: 'Invalid', message: 'no' })],
    apiVersion: 'v1',
    status: { conditions: [{ type: 'Accepted', status: 'False', reason: 'Invalid', message: 'no' }] },
  },
  {
    what: 'a message is no longer than the API server takes',
    conditions: [conditionOf('Gateway', { message: 'm'.repeat(40_000) })],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: { conditions: [{ ...accepted, message: `${'m'.repeat(32_767)}…` }] },
  },
  {
    what: 'a message shows no secret',
    conditions: [conditionOf('Gateway', { message: 'value "Authorization: Bearer hunter2x" is wrong' })],
    apiVersion: 'gateway.networking.k8s.io/v1',
    status: { conditions: [{ ...accepted, message: 'value "Authorization: (hidden)" is wrong' }] },
  },
]

describe('conditions in the form of Kubernetes', () => {
  for (const { what, conditions, apiVersion, status } of shapes) {
    it(what, () => {
      const shown = onlyStatus(conditions)
      assert.equal(shown.apiVersion, apiVersion)
      assert.deepEqual(shown.status, status)
    })
  }

  const empty = [
    ['HTTPRoute', { parents: [] }],
    ['BackendTLSPolicy', { ancestors: [] }],
    ['BackendPolicy', { ancestors: [] }],
    ['XBackendTrafficPolicy', { ancestors: [] }],
    ['Gateway', { conditions: [] }],
  ] as const
  for (const [kind, status] of empty) {
    it(`${kind}: an object that nothing is said of`, () => {
      const object = { kind, namespace: 'shop', name: 'api' }
      assert.deepEqual(objectStatusOf({ object, conditions: [] }).status, status)
    })
  }
})

test('an object of the cluster has no namespace', () => {
  const object = { kind: 'GatewayClass', namespace: '', name: 'c' }
  assert.deepEqual(onlyStatus([conditionOf('GatewayClass', { object })]).metadata, { name: 'c' })
})

test('objects stay apart by kind, namespace and name', () => {
  const objects = [
    { kind: 'Service', namespace: 'shop', name: 'api' },
    { kind: 'Service', namespace: 'shop', name: 'b' },
    { kind: 'Service', namespace: 'b', name: 'api' },
    { kind: 'Gateway', namespace: 'shop', name: 'api' },
  ]
  const all = (['Accepted', 'Programmed'] as const).flatMap((type) =>
    objects.map((object) => conditionOf(object.kind, { object, type })),
  )
  assert.deepEqual(
    [...objectStatuses(all)].map(({ kind, metadata, status }) => [
      kind,
      metadata.namespace,
      metadata.name,
      status.conditions?.length,
    ]),
    objects.map(({ kind, namespace, name }) => [kind, namespace, name, 2]),
  )
})

test('what is bad news is pointed to, with the place in the file', () => {
  const position = { file: 'a.yaml', line: 3, column: 5 }
  const parent = 'Service shop/api'
  const object = { kind: 'HTTPRoute', namespace: 'shop', name: 'api' }
  const conditions = [
    conditionOf('HTTPRoute', { parent }),
    conditionOf('HTTPRoute', { parent, type: 'ResolvedRefs', status: 'False', reason: 'BackendNotFound', position }),
    conditionOf('HTTPRoute', { parent, type: 'PartiallyInvalid', reason: 'UnsupportedValue' }),
  ]
  const shown = objectStatusOf({ object, conditions }, { file: 'a.yaml', line: 1, column: 1 })
  assert.deepEqual(shown.source, { file: 'a.yaml', line: 1, column: 1 })
  assert.deepEqual(shown.faults, [
    { parent, type: 'ResolvedRefs', reason: 'BackendNotFound', source: position },
    { parent, type: 'PartiallyInvalid', reason: 'UnsupportedValue' },
  ])
})

const news: readonly (readonly [Condition['type'], Condition['status'], boolean])[] = [
  ['Accepted', 'True', false],
  ['Accepted', 'False', true],
  ['ResolvedRefs', 'Unknown', true],
  ['Conflicted', 'True', true],
  ['Conflicted', 'False', false],
  ['PartiallyInvalid', 'True', true],
]
for (const [type, status, isBad] of news) {
  test(`${type} ${status} is ${isBad ? 'bad' : 'no bad'} news`, () => assert.equal(isFault({ type, status }), isBad))
}
