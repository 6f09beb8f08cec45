import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineKinds, gatewayApiKinds } from '../support/kube/kinds.ts'
import { startKubeServer } from '../support/kube/kube-server.ts'
import { listAt, objectAt, textAt, without, type JsonObject } from '../support/kube/stand-in/json.ts'
import { createNamespace } from './support/objects.ts'

const server = await startKubeServer()
const { ask } = server
before(async () => {
  await defineKinds(server, gatewayApiKinds)
  await createNamespace(server, 'apply')
})
after(() => server[Symbol.asyncDispose]())

/** One write of one object, and what comes of it. */
interface Step {
  readonly as: string
  readonly how: 'apply' | 'force' | 'put' | 'merge'
  readonly at?: 'status'
  /** Everything but `apiVersion`, `kind` and name. */
  readonly body: JsonObject
  /** The object's fields afterwards, without `metadata`, or the message of a refusal; absent: it goes well. */
  readonly gives?: JsonObject | RegExp
  /** Whether the object's version stays. */
  readonly isSame?: boolean
}

interface Case {
  readonly name: string
  readonly path: string
  readonly apiVersion: string
  readonly kind: string
  readonly steps: readonly Step[]
  /** Who owns which fields at the end: FieldsV1 by manager. */
  readonly owners?: JsonObject
}

const map = { path: '/api/v1/namespaces/apply/configmaps', apiVersion: 'v1', kind: 'ConfigMap' }
const gateways = {
  path: '/apis/gateway.networking.k8s.io/v1/namespaces/apply/gateways',
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
}
const pod = (image: string, others: JsonObject = {}): JsonObject => ({
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image, ...others }] },
})
const listener = (name: string, port: number): JsonObject => ({ name, port, protocol: 'HBONE' })
const condition = (type: string, reason: string): JsonObject => ({
  type,
  reason,
  status: 'True',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

const cases: readonly Case[] = [
  {
    ...map,
    name: 'what is no more applied goes, if nobody else has it',
    steps: [
      {
        as: 'one',
        how: 'apply',
        body: { data: { a: '1', b: '1', c: '1' } },
        gives: { data: { a: '1', b: '1', c: '1' } },
      },
      { as: 'two', how: 'apply', body: { data: { b: '1' } }, gives: { data: { a: '1', b: '1', c: '1' } } },
      { as: 'one', how: 'apply', body: { data: { a: '1' } }, gives: { data: { a: '1', b: '1' } } },
      { as: 'two', how: 'apply', body: {}, gives: { data: { a: '1' } } },
    ],
    owners: { one: { 'f:data': { 'f:a': {} } } },
  },
  {
    ...map,
    name: 'the same again changes nothing',
    steps: [
      { as: 'one', how: 'apply', body: { data: { a: '1' } }, gives: { data: { a: '1' } } },
      { as: 'one', how: 'apply', body: { data: { a: '1' } }, gives: { data: { a: '1' } }, isSame: true },
      { as: 'one', how: 'force', body: { data: { a: '1' } }, gives: { data: { a: '1' } }, isSame: true },
    ],
  },
  {
    ...map,
    name: 'who wants another value is refused, and by force gets the field',
    steps: [
      { as: 'one', how: 'apply', body: { data: { a: '1', b: '1' } }, gives: { data: { a: '1', b: '1' } } },
      {
        as: 'two',
        how: 'apply',
        body: { data: { a: '2' } },
        gives: /^Apply failed with 1 conflict: conflict with "one": \.data\.a$/,
      },
      {
        as: 'two',
        how: 'apply',
        body: { data: { a: '2', b: '2' } },
        gives: /^Apply failed with 2 conflicts: conflicts with "one":\n- \.data\.a\n- \.data\.b$/,
      },
      { as: 'two', how: 'force', body: { data: { a: '2' } }, gives: { data: { a: '2', b: '1' } } },
      { as: 'one', how: 'apply', body: { data: { b: '1' } }, gives: { data: { a: '2', b: '1' } } },
    ],
    owners: { one: { 'f:data': { 'f:b': {} } }, two: { 'f:data': { 'f:a': {} } } },
  },
  {
    ...map,
    name: 'who writes without apply owns what he changed, and is conflicted with',
    steps: [
      { as: 'one', how: 'apply', body: { data: { a: '1', b: '1' } }, gives: { data: { a: '1', b: '1' } } },
      { as: 'hand', how: 'merge', body: { data: { a: '2' } }, gives: { data: { a: '2', b: '1' } } },
      {
        as: 'one',
        how: 'apply',
        body: { data: { a: '1', b: '1' } },
        gives: /^Apply failed with 1 conflict: conflict with "hand" using v1: \.data\.a$/,
      },
      { as: 'one', how: 'force', body: { data: { a: '1', b: '1' } }, gives: { data: { a: '1', b: '1' } } },
    ],
    owners: { one: { 'f:data': { 'f:a': {}, 'f:b': {} } } },
  },
  {
    ...map,
    name: 'a field that a merge patch takes away belongs to nobody',
    steps: [
      { as: 'one', how: 'apply', body: { data: { a: '1', b: '1' } }, gives: { data: { a: '1', b: '1' } } },
      { as: 'hand', how: 'merge', body: { data: { a: null } }, gives: { data: { b: '1' } } },
      { as: 'one', how: 'apply', body: { data: { a: '1', b: '1' } }, gives: { data: { a: '1', b: '1' } } },
    ],
  },
  {
    ...gateways,
    name: 'items of a list by keys have owners of their own',
    steps: [
      {
        as: 'one',
        how: 'apply',
        body: { spec: { gatewayClassName: 'c', listeners: [listener('a', 1), listener('b', 2)] } },
      },
      { as: 'two', how: 'apply', body: { spec: { gatewayClassName: 'c', listeners: [listener('z', 3)] } } },
      { as: 'one', how: 'apply', body: { spec: { gatewayClassName: 'c', listeners: [listener('b', 2)] } } },
      {
        as: 'two',
        how: 'apply',
        body: { spec: { gatewayClassName: 'c', listeners: [listener('b', 5)] } },
        gives: /^Apply failed with 1 conflict: conflict with "one": \.spec\.listeners\[name="b"\]\.port$/,
      },
    ],
    owners: {
      one: {
        'f:spec': {
          'f:gatewayClassName': {},
          'f:listeners': { 'k:{"name":"b"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} } },
        },
      },
      two: {
        'f:spec': {
          'f:gatewayClassName': {},
          'f:listeners': { 'k:{"name":"z"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} } },
        },
      },
    },
  },
  {
    ...gateways,
    name: 'conditions of several writers stand beside each other, and a new Gateway is pending',
    steps: [
      { as: 'one', how: 'apply', body: { spec: { gatewayClassName: 'c', listeners: [listener('a', 1)] } } },
      {
        as: 'one',
        how: 'force',
        at: 'status',
        body: { status: { conditions: [condition('Accepted', 'Mine')] } },
      },
      {
        as: 'two',
        how: 'force',
        at: 'status',
        body: { status: { conditions: [condition('Other', 'Theirs')] } },
      },
      {
        as: 'one',
        how: 'force',
        at: 'status',
        body: { status: { conditions: [condition('Accepted', 'Again')] } },
        gives: {
          spec: {
            gatewayClassName: 'c',
            listeners: [{ ...listener('a', 1), allowedRoutes: { namespaces: { from: 'Same' } } }],
          },
          status: {
            conditions: [
              condition('Accepted', 'Again'),
              {
                ...condition('Programmed', 'Pending'),
                status: 'Unknown',
                message: 'Waiting for controller',
                lastTransitionTime: '1970-01-01T00:00:00Z',
              },
              condition('Other', 'Theirs'),
            ],
          },
        },
      },
    ],
  },
  {
    ...gateways,
    name: 'the object and its status are written apart',
    steps: [
      {
        as: 'one',
        how: 'apply',
        body: {
          spec: { gatewayClassName: 'c', listeners: [listener('a', 1)] },
          status: { addresses: [{ value: '10.0.0.1' }] },
        },
      },
      {
        as: 'one',
        how: 'force',
        at: 'status',
        body: {
          spec: { gatewayClassName: 'other' },
          status: {
            addresses: [{ type: 'Hostname', value: 'h' }],
            conditions: [condition('Programmed', 'Yes'), condition('Accepted', 'Yes')],
          },
        },
        gives: {
          spec: {
            gatewayClassName: 'c',
            listeners: [{ ...listener('a', 1), allowedRoutes: { namespaces: { from: 'Same' } } }],
          },
          status: {
            addresses: [{ type: 'Hostname', value: 'h' }],
            conditions: [condition('Programmed', 'Yes'), condition('Accepted', 'Yes')],
          },
        },
      },
    ],
  },
  {
    name: 'containers and ports of a Deployment are lists by keys, what is filled in belongs to nobody',
    path: '/apis/apps/v1/namespaces/apply/deployments',
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    steps: [
      {
        as: 'one',
        how: 'apply',
        body: {
          spec: {
            selector: { matchLabels: { app: 'a' } },
            template: pod('i:1', { ports: [{ containerPort: 1, name: 'x' }] }),
          },
        },
      },
      { as: 'hpa', how: 'force', body: { spec: { replicas: 3 } } },
      {
        as: 'one',
        how: 'apply',
        body: { spec: { selector: { matchLabels: { app: 'a' } }, template: pod('i:2', { args: ['run', '--kube'] }) } },
        gives: {
          spec: {
            replicas: 3,
            revisionHistoryLimit: 10,
            progressDeadlineSeconds: 600,
            selector: { matchLabels: { app: 'a' } },
            strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
            template: {
              metadata: { labels: { app: 'a' } },
              spec: {
                containers: [
                  {
                    name: 'c',
                    image: 'i:2',
                    args: ['run', '--kube'],
                    resources: {},
                    terminationMessagePath: '/dev/termination-log',
                    terminationMessagePolicy: 'File',
                    imagePullPolicy: 'IfNotPresent',
                  },
                ],
                restartPolicy: 'Always',
                terminationGracePeriodSeconds: 30,
                dnsPolicy: 'ClusterFirst',
                securityContext: {},
                schedulerName: 'default-scheduler',
              },
            },
          },
          status: {},
        },
      },
      {
        as: 'one',
        how: 'apply',
        body: { spec: { selector: { matchLabels: { app: 'b' } }, template: pod('i:2') } },
        gives: /spec\.selector: Invalid value: .*field is immutable/,
      },
    ],
  },
  {
    name: 'ports of a Service',
    path: '/api/v1/namespaces/apply/services',
    apiVersion: 'v1',
    kind: 'Service',
    steps: [
      {
        as: 'one',
        how: 'apply',
        body: {
          spec: {
            clusterIP: '10.96.77.1',
            selector: { app: 'a' },
            ports: [
              { name: 'mesh', port: 15_008 },
              { name: 'status', port: 15_021 },
            ],
          },
        },
      },
      {
        as: 'one',
        how: 'apply',
        body: { spec: { clusterIP: '10.96.77.1', selector: { app: 'b' }, ports: [{ name: 'mesh', port: 15_008 }] } },
        gives: {
          spec: {
            clusterIP: '10.96.77.1',
            clusterIPs: ['10.96.77.1'],
            internalTrafficPolicy: 'Cluster',
            ipFamilies: ['IPv4'],
            ipFamilyPolicy: 'SingleStack',
            ports: [{ name: 'mesh', port: 15_008, protocol: 'TCP', targetPort: 15_008 }],
            selector: { app: 'b' },
            sessionAffinity: 'None',
            type: 'ClusterIP',
          },
          status: { loadBalancer: {} },
        },
      },
    ],
  },
]

const contentTypes = {
  apply: 'application/apply-patch+yaml',
  force: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  put: 'application/json',
}

for (const [index, { name, path, apiVersion, kind, steps, owners }] of cases.entries()) {
  test(`apply: ${name}`, async () => {
    const object = `case${index}`
    let version = ''
    for (const { as, how, at, body, gives, isSame } of steps) {
      const force = how === 'force' ? '&force=true' : ''
      const url = `${path}/${object}${at === undefined ? '' : `/${at}`}?fieldManager=${as}${force}`
      const whole = { apiVersion, kind, metadata: { name: object }, ...body }
      const method = how === 'put' ? 'PUT' : 'PATCH'
      const answer = await ask(method, url, { body: whole, contentType: contentTypes[how] })
      if (gives instanceof RegExp) assert.match(textAt(answer.body, 'message'), gives)
      else assert.ok(answer.code < 300, answer.text)
      if (gives !== undefined && !(gives instanceof RegExp)) assert.deepEqual(withoutHead(answer.body), gives)
      const now = textAt(answer.body, 'metadata', 'resourceVersion')
      if (isSame !== undefined) assert.equal(now === version, isSame)
      if (now !== '') version = now
    }
    if (owners === undefined) return
    const found = await ask.good('GET', `${path}/${object}`)
    const entries = listAt(found, 'metadata', 'managedFields')
    assert.deepEqual(
      Object.fromEntries(entries.map((entry) => [textAt(entry, 'manager'), objectAt(entry, 'fieldsV1')])),
      owners,
    )
  })
}

const withoutHead = (object: JsonObject): JsonObject => without(object, 'apiVersion', 'kind', 'metadata')

test('an apply without a field manager is refused', async () => {
  const { code, body } = await ask('PATCH', `${map.path}/nameless`, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'nameless' } },
    contentType: contentTypes.apply,
  })
  assert.equal(code, 422)
  assert.match(textAt(body, 'message'), /fieldManager: Required value: is required for apply patch/)
})
