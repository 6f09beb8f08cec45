import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineKinds, gatewayApiKinds } from '../support/kube/kinds.ts'
import type { Answered } from '../support/kube/ask.ts'
import { startKubeServer } from '../support/kube/kube-server.ts'
import { listAt, objectAt, textAt, valueAt, withValue, type JsonObject } from '../support/kube/stand-in/json.ts'
import { condition, configMap, configMaps, createNamespace, gateway, gateways, versionOf } from './support/objects.ts'

const server = await startKubeServer()
const { ask } = server
before(async () => {
  await defineKinds(server, gatewayApiKinds)
  await createNamespace(server, 'writes')
})
after(() => server[Symbol.asyncDispose]())

const leases = '/apis/coordination.k8s.io/v1/namespaces/writes/leases'
const slices = '/apis/discovery.k8s.io/v1/namespaces/writes/endpointslices'

/** Code, reason and message of a refusal. */
const refusal = ({ code, body }: Answered): string => `${code} ${textAt(body, 'reason')} ${textAt(body, 'message')}`

test('a new object has what tells it apart', async () => {
  const made = await ask.good('POST', gateways('writes'), { body: gateway('new') })
  assert.match(textAt(made, 'metadata', 'uid'), /^[0-9a-f-]{36}$/)
  assert.match(textAt(made, 'metadata', 'creationTimestamp'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.equal(valueAt(made, 'metadata', 'generation'), 1)
  assert.equal(textAt(made, 'metadata', 'namespace'), 'writes')
  const types = listAt(made, 'status', 'conditions').map((entry) => textAt(entry, 'type'))
  assert.deepEqual(types, ['Accepted', 'Programmed'])
  assert.equal(
    valueAt(await ask.good('POST', configMaps('writes'), { body: configMap('new') }), 'metadata', 'generation'),
    undefined,
  )
})

test('a generated name', async () => {
  const body = withValue(configMap(''), ['metadata'], { generateName: 'given-' })
  assert.match(
    textAt(await ask.good('POST', configMaps('writes'), { body }), 'metadata', 'name'),
    /^given-[a-z0-9]{5}$/,
  )
})

test('the generation counts what is wanted, not statuses nor labels', async () => {
  const path = gateways('writes', 'counted')
  const made = await ask.good('POST', gateways('writes'), { body: gateway('counted') })
  const generation = async (): Promise<unknown> => valueAt(await ask.good('GET', path), 'metadata', 'generation')
  const merge = (suffix: string, body: JsonObject): Promise<JsonObject> =>
    ask.good('PATCH', path + suffix, { body, contentType: 'application/merge-patch+json' })
  await merge('', { metadata: { labels: { x: 'y' } } })
  assert.equal(await generation(), 1)
  await merge('/status', { status: { addresses: [{ value: '10.0.0.1' }] } })
  assert.equal(await generation(), 1)
  await merge('', { spec: { gatewayClassName: 'other' } })
  assert.equal(await generation(), 2)
  assert.notEqual(versionOf(await ask.good('GET', path)), versionOf(made))
})

test('a status written with PUT keeps all else', async () => {
  const made = await ask.good('POST', gateways('writes'), { body: gateway('put') })
  const changed = {
    ...made,
    spec: { gatewayClassName: 'no', listeners: [] },
    status: { conditions: [condition('Accepted', 'Yes')] },
  }
  const found = await ask.good('PUT', `${gateways('writes', 'put')}/status`, { body: changed })
  assert.equal(textAt(found, 'spec', 'gatewayClassName'), 'fairway-waypoint')
  assert.equal(listAt(found, 'status', 'conditions').length, 1)
  const again = await ask.good('PUT', gateways('writes', 'put'), { body: { ...found, status: {} } })
  assert.equal(listAt(again, 'status', 'conditions').length, 1)
})

test('who replaces an old version is refused', async () => {
  const made = await ask.good('POST', leases, {
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l' },
      spec: { holderIdentity: 'a' },
    },
  })
  const path = `${leases}/l`
  await ask.good('PUT', path, { body: withValue(made, ['spec', 'holderIdentity'], 'b') })
  assert.equal(
    refusal(await ask('PUT', path, { body: withValue(made, ['spec', 'holderIdentity'], 'c') })),
    '409 Conflict Operation cannot be fulfilled on leases.coordination.k8s.io "l": the object has been modified; please apply your changes to the latest version and try again',
  )
  const versionless = withValue(made, ['metadata', 'resourceVersion'], undefined)
  assert.match(
    refusal(await ask('PUT', path, { body: versionless })),
    /^422 Invalid .*metadata\.resourceVersion: Invalid value: .*must be specified for an update/,
  )
})

const wrongKind: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { kind: 'Thing', listKind: 'ThingList', plural: 'things', singular: 'thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { wait: { type: 'string', default: 3000 } } } },
          },
        },
      },
    ],
  },
}

const refused: readonly {
  readonly name: string
  readonly path: string
  readonly body: JsonObject
  readonly says: RegExp
}[] = [
  {
    name: 'a name that is taken',
    path: configMaps('writes'),
    body: configMap('taken'),
    says: /^409 AlreadyExists configmaps "taken" already exists$/,
  },
  {
    name: 'a namespace that is not there',
    path: configMaps('nobody'),
    body: configMap('a'),
    says: /^404 NotFound namespaces "nobody" not found$/,
  },
  {
    name: 'a name that is none',
    path: configMaps('writes'),
    body: configMap('No_Name'),
    says: /^422 Invalid ConfigMap "No_Name" is invalid: metadata\.name: Invalid value: "No_Name": a lowercase RFC 1123 subdomain/,
  },
  {
    name: 'no name',
    path: configMaps('writes'),
    body: configMap(''),
    says: /^422 Invalid .*name or generateName is required/,
  },
  {
    name: 'another namespace',
    path: configMaps('writes'),
    body: configMap('a', {}, { namespace: 'default' }),
    says: /^400 BadRequest the namespace of the provided object does not match the namespace sent on the request$/,
  },
  {
    name: 'what the schema requires',
    path: gateways('writes'),
    body: withValue(gateway('a'), ['spec', 'gatewayClassName'], undefined),
    says: /^422 Invalid Gateway\.gateway\.networking\.k8s\.io "a" is invalid: .*spec\.gatewayClassName: Required value/,
  },
  {
    name: 'a value of another type',
    path: gateways('writes'),
    body: withValue(gateway('a'), ['spec', 'gatewayClassName'], 7),
    says: /^422 Invalid .*spec\.gatewayClassName: Invalid value: "integer": spec\.gatewayClassName in body must be of type string: "integer"/,
  },
  {
    name: 'a kind with a default that is none',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: wrongKind,
    says: /^422 Invalid .*properties\[spec\]\.properties\[wait\]\.default: Invalid value: "integer": .*must be of type string: "integer"/,
  },
  {
    name: 'a loopback endpoint',
    path: slices,
    body: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'a' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
    says: /^422 Invalid EndpointSlice\.discovery\.k8s\.io "a" is invalid: endpoints\[0\]\.addresses\[0\]: Invalid value: "127\.0\.0\.1": may not be in the loopback range/,
  },
  {
    name: 'a link-local endpoint',
    path: slices,
    body: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'a' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['169.254.1.1'] }],
    },
    says: /^422 Invalid .*endpoints\[0\]\.addresses\[0\]: Invalid value: "169\.254\.1\.1": may not be in the link-local range/,
  },
]

test('objects that are refused', async (t) => {
  await ask.good('POST', configMaps('writes'), { body: configMap('taken') })
  for (const { name, path, body, says } of refused) {
    await t.test(name, async () => assert.match(refusal(await ask('POST', path, { body })), says))
  }
})

test('a bad condition is refused with its field', async () => {
  await ask.good('POST', gateways('writes'), { body: gateway('conditions') })
  const bad = { ...condition('Accepted', 'no reason'), status: 'Maybe' }
  const answer = await ask('PATCH', `${gateways('writes', 'conditions')}/status`, {
    body: { status: { conditions: [bad] } },
    contentType: 'application/merge-patch+json',
  })
  assert.equal(answer.code, 422)
  const fields = listAt(answer.body, 'details', 'causes').map((cause) => textAt(cause, 'field'))
  for (const field of ['status.conditions[0].reason', 'status.conditions[0].status'])
    assert.ok(fields.includes(field), field)
})

test('a deletion under conditions', async () => {
  const made = await ask.good('POST', configMaps('writes'), { body: configMap('kept') })
  const path = configMaps('writes', 'kept')
  const wrong = { preconditions: { uid: 'another' } }
  assert.match(
    refusal(await ask('DELETE', path, { body: wrong })),
    /^409 Conflict .*the UID in the precondition \(another\) does not match the UID in record/,
  )
  const { body } = await ask('DELETE', path, { body: { preconditions: { uid: textAt(made, 'metadata', 'uid') } } })
  assert.deepEqual([body['kind'], body['status']], ['Status', 'Success'])
  assert.equal(textAt(body, 'details', 'uid'), textAt(made, 'metadata', 'uid'))
  assert.equal((await ask('DELETE', path)).code, 404)
})

test('what a finalizer holds goes with the finalizer', async () => {
  const path = gateways('writes', 'held')
  await ask.good('POST', gateways('writes'), {
    body: withValue(gateway('held'), ['metadata', 'finalizers'], ['fairway.dev/test']),
  })
  await ask.good('DELETE', path)
  const marked = await ask.good('GET', path)
  assert.notEqual(textAt(marked, 'metadata', 'deletionTimestamp'), '')
  assert.equal(valueAt(marked, 'metadata', 'generation'), 2)
  await ask.good('PATCH', path, {
    body: { metadata: { finalizers: null } },
    contentType: 'application/merge-patch+json',
  })
  assert.equal((await ask('GET', path)).code, 404)
})

test('a dry run changes nothing', async () => {
  const made = await ask.good('POST', `${configMaps('writes')}?dryRun=All`, { body: configMap('dry') })
  assert.equal(textAt(made, 'metadata', 'name'), 'dry')
  assert.equal((await ask('GET', configMaps('writes', 'dry'))).code, 404)
})

test('fields that a schema does not know are dropped', async () => {
  const body = withValue(gateway('dropped'), ['nobody'], { knows: 'this' })
  assert.equal((await ask.good('POST', gateways('writes'), { body }))['nobody'], undefined)
})

test('an object without changes keeps its version', async () => {
  const made = await ask.good('POST', configMaps('writes'), { body: configMap('still', { a: '1' }) })
  const again = await ask.good('PUT', configMaps('writes', 'still'), { body: made })
  assert.equal(versionOf(again), versionOf(made))
  assert.deepEqual(objectAt(again, 'data'), { a: '1' })
})
