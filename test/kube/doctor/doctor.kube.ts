import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { DoctorDocument } from '../../../src/cli/doctor/report-document.ts'
import { doctorVerb } from '../../../src/cli/doctor/doctor.ts'
import { version } from '../../../src/lib/version.ts'
import { objectsIn } from '../../support/doctor/mesh-case.ts'
import { defineKinds, definition } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { isObject, textAt, valueAt, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { createTerminal } from '../../support/terminal.ts'
import { formatConditions, installRoles, setReady, startTestController, SYSTEM, until } from '../support/controller.ts'
import { gateways } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
const folder = new URL('../../../src/cli/doctor/cases/', import.meta.url)

/** Where objects of the kinds stand that the mesh without a fault is made of. */
const places: Readonly<Record<string, readonly [api: string, plural: string]>> = {
  Namespace: ['/api/v1', 'namespaces'],
  Service: ['/api/v1', 'services'],
  Pod: ['/api/v1', 'pods'],
  ServiceAccount: ['/api/v1', 'serviceaccounts'],
  ConfigMap: ['/api/v1', 'configmaps'],
  GatewayClass: ['/apis/gateway.networking.k8s.io/v1', 'gatewayclasses'],
  Gateway: ['/apis/gateway.networking.k8s.io/v1', 'gateways'],
  HTTPRoute: ['/apis/gateway.networking.k8s.io/v1', 'httproutes'],
  AuthorizationPolicy: ['/apis/security.istio.io/v1', 'authorizationpolicies'],
  NetworkPolicy: ['/apis/networking.k8s.io/v1', 'networkpolicies'],
  Lease: ['/apis/coordination.k8s.io/v1', 'leases'],
  ClusterRoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'clusterrolebindings'],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings'],
  Deployment: ['/apis/apps/v1', 'deployments'],
  DaemonSet: ['/apis/apps/v1', 'daemonsets'],
}

const pathOf = (kind: string, namespace: string, name: string): string => {
  const [api, plural] = places[kind] ?? assert.fail(kind)
  return `${api}${namespace === '' ? '' : `/namespaces/${namespace}`}/${plural}/${name}`
}

const put = async (object: JsonObject): Promise<void> => {
  const { status, ...rest } = object
  const [kind, name] = [textAt(object, 'kind'), textAt(object, 'metadata', 'name')]
  const path = pathOf(kind, textAt(object, 'metadata', 'namespace'), name)
  await ask.apply(path, rest)
  if (status === undefined) return
  await ask.apply(`${path}/status`, { apiVersion: object['apiVersion'] ?? '', kind, metadata: { name }, status })
}

/** What Kubernetes asks for, and the cases leave out for their readers. */
const completed = (object: JsonObject): JsonObject => {
  const kind = textAt(object, 'kind')
  if (kind !== 'DaemonSet' && kind !== 'Deployment') return object
  const given = valueAt(object, 'spec', 'selector', 'matchLabels')
  const labels: JsonObject = isObject(given) ? given : { app: textAt(object, 'metadata', 'name') }
  const [container] = objectsIn(
    JSON.stringify({
      name: 'discovery',
      image: 'example.org/istio:1',
      env: [{ name: 'PILOT_ENABLE_AMBIENT', value: 'true' }],
    }),
  )
  const template = { metadata: { labels }, spec: { containers: [container ?? {}] } }
  return { ...object, spec: { selector: { matchLabels: labels }, template } }
}

/** The controller of the test makes these, or says them. */
const isMadeHere = (object: JsonObject): boolean => {
  const [kind, name] = [textAt(object, 'kind'), textAt(object, 'metadata', 'name')]
  return (
    (kind === 'GatewayClass' && name === 'fairway-waypoint') ||
    kind === 'ClusterRoleBinding' ||
    (kind === 'RoleBinding' && name === 'fairway-controller-leader') ||
    (kind === 'Namespace' && [SYSTEM, 'kube-system'].includes(name))
  )
}

/** What the controller says itself. */
const withoutWord = (object: JsonObject): JsonObject => {
  if (textAt(object, 'kind') !== 'Gateway') return object
  const { status: _status, metadata: _metadata, ...rest } = object
  const [name, namespace] = [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'namespace')]
  return { ...rest, metadata: { name, namespace } }
}

const renewed = (object: JsonObject): JsonObject => {
  if (textAt(object, 'kind') !== 'Lease') return object
  const spec = { holderIdentity: 'fairway-controller-6f6f6f6f6-abcde_1', leaseDurationSeconds: 3600 }
  return { ...object, spec: { ...spec, renewTime: new Date().toISOString().replace('Z', '000Z') } }
}

const images = (object: JsonObject): JsonObject => {
  if (textAt(object, 'kind') !== 'Pod') return object
  const text = JSON.stringify(object)
    .replaceAll('"name":"discovery"', '"name":"discovery","image":"example.org/istio:1"')
    .replaceAll('fairway:1.2.3', `fairway:${version}`)
  const [pod = {}] = objectsIn(text)
  return pod
}

/** Looks while a patch is merged into an object, and puts the object back as it was. */
const whileChanged = async (path: string, body: JsonObject, look: () => Promise<Ran>): Promise<Ran> => {
  const old = await ask.good('GET', path)
  await ask.good('PATCH', path, { body, contentType: 'application/merge-patch+json' })
  try {
    return await look()
  } finally {
    const resourceVersion = textAt(await ask.good('GET', path), 'metadata', 'resourceVersion')
    const metadata = { ...(old['metadata'] as JsonObject), resourceVersion }
    await ask.good('PUT', path, { body: { ...old, metadata } })
  }
}

before(async () => {
  await defineKinds(server)
  // What metrics-server would serve.
  await defineKinds(server, [
    definition({
      group: 'metrics.k8s.io',
      kind: 'PodMetrics',
      plural: 'pods',
      versions: ['v1beta1'],
    }),
  ])
  await installRoles(server)
})
after(() => server[Symbol.asyncDispose]())

interface Ran {
  readonly code: number
  readonly document: DoctorDocument
  readonly findings: readonly string[]
}

const doctor = async (kubeconfig: string, ...flags: readonly string[]): Promise<Ran> => {
  const terminal = createTerminal()
  const code = await doctorVerb.run(['--kubeconfig', kubeconfig, '-o', 'json', ...flags], terminal)
  // What it prints is what is tested.
  const document = JSON.parse(terminal.stdout()) as DoctorDocument
  const findings = document.checks.flatMap((check) =>
    check.findings.map(({ code: found, object, message }) =>
      [
        found,
        object === undefined
          ? message
          : [object.kind, object.namespace ?? '', object.name].filter((part) => part !== '').join('/'),
      ].join(' '),
    ),
  )
  return { code, document, findings }
}

describe('a mesh', () => {
  before(async () => {
    const clean = objectsIn(readFileSync(new URL('clean.yaml', folder), 'utf8')).filter((one) => !isMadeHere(one))
    for (const object of clean.filter(({ kind }) => kind === 'Namespace')) await put(object)
    for (const [namespace, name] of [
      ['shop', 'api'],
      ['clients', 'client'],
      [SYSTEM, 'fairway-controller'],
    ] as const) {
      await put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } })
    }
    for (const object of clean) await put(images(renewed(completed(withoutWord(object)))))
    for (const name of ['fairway-controller', 'fairway-controller-leader']) {
      const isOfCluster = name === 'fairway-controller'
      await put({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: isOfCluster ? 'ClusterRoleBinding' : 'RoleBinding',
        metadata: { name: `${name}-account`, ...(isOfCluster ? {} : { namespace: SYSTEM }) },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: isOfCluster ? 'ClusterRole' : 'Role', name },
        subjects: [{ kind: 'ServiceAccount', namespace: SYSTEM, name: 'fairway-controller' }],
      })
    }
    await using controller = await startTestController(server)
    await setReady(server, 'shop', 'waypoint', 2)
    await until('a Gateway that is programmed', async () => {
      const status = (await ask.good('GET', gateways('shop', 'waypoint')))['status'] as JsonObject
      return formatConditions(status).includes('Programmed=True/Programmed') || undefined
    })
    await until('a class that is accepted', async () => {
      const found = await ask.good('GET', pathOf('GatewayClass', '', 'fairway-waypoint'))
      return formatConditions(found['status'] as JsonObject).includes('Accepted=True/Accepted') || undefined
    })
    const deployment = await ask.good('GET', pathOf('Deployment', 'shop', 'waypoint'))
    await ask.apply(pathOf('Deployment', 'shop', 'waypoint'), {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: textAt(deployment, 'metadata', 'name') },
      spec: { replicas: 2 },
    })
    assert.deepEqual(controller.read().troubles, [])
  })

  test('without a fault has no finding', async () => {
    const { code, findings, document } = await doctor(server.kubeconfig)
    assert.deepEqual(findings, [])
    assert.equal(code, 0)
    assert.deepEqual(
      document.checks.filter(({ state }) => state !== 'passed').map(({ name, detail }) => `${name}: ${detail ?? ''}`),
      ['hbone: no replica of a waypoint'],
    )
  })

  const faults: readonly (readonly [what: string, object: JsonObject, expected: readonly string[]])[] = [
    [
      'a label that names no waypoint',
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'api', namespace: 'shop', labels: { 'istio.io/use-waypoint': 'gone' } },
      },
      ['FW0601 Service/shop/api'],
    ],
    [
      'a route to nowhere',
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'api', namespace: 'shop' },
        spec: {
          parentRefs: [{ group: '', kind: 'Service', name: 'api' }],
          rules: [{ backendRefs: [{ name: 'gone', port: 80 }] }],
        },
      },
      ['FW0801 HTTPRoute/shop/api'],
    ],
    [
      'a policy that keeps the waypoint out',
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'only-waypoint', namespace: 'shop' },
        spec: { rules: [{ from: [{ source: { namespaces: ['clients'] } }] }] },
      },
      ['FW0706 Service/shop/api'],
    ],
    [
      'a namespace without ambient mode',
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', labels: { 'istio.io/dataplane-mode': 'none' } },
      },
      ['FW0401 Namespace/shop'],
    ],
  ]
  for (const [what, object, expected] of faults) {
    test(`with ${what}`, async () => {
      const [kind, namespace, name] = [
        textAt(object, 'kind'),
        textAt(object, 'metadata', 'namespace'),
        textAt(object, 'metadata', 'name'),
      ]
      const path = pathOf(kind, namespace, name)
      const { code, findings } = await whileChanged(path, object, () => doctor(server.kubeconfig))
      assert.deepEqual(findings, expected)
      assert.equal(code, 79)
      assert.deepEqual((await doctor(server.kubeconfig)).findings, [])
    })
  }

  test('one namespace is looked at with what it leads to', async () => {
    await put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stock' } })
    const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
    await put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'items', namespace: 'stock' }, spec: { ports } })
    const rules = [{ backendRefs: [{ name: 'items', namespace: 'stock', port: 80 }] }]
    const { findings, document } = await whileChanged(pathOf('HTTPRoute', 'shop', 'api'), { spec: { rules } }, () =>
      doctor(server.kubeconfig, '-n', 'shop'),
    )
    // No controller runs that would let the waypoint read there.
    assert.deepEqual(findings, ['FW0211 Gateway/shop/waypoint'])
    assert.deepEqual(document.namespaces, ['shop'])
  })

  test('somebody who may do nothing is told so, and nothing else', async () => {
    const { code, document } = await doctor(server.kubeconfigOf('nobody'))
    assert.equal(code, 79)
    const codes = new Set(document.checks.flatMap(({ findings }) => findings.map((finding) => finding.code)))
    assert.deepEqual([...codes].toSorted(), ['FW0001', 'FW0109'])
    const messages = document.checks.flatMap(({ findings }) => findings.map(({ message }) => message))
    assert.ok(
      messages.some(
        (message) => message === 'could not look: you may not list leases.coordination.k8s.io in all namespaces',
      ),
      messages.join('\n'),
    )
  })

  test('somebody who may read one namespace is told of it', async () => {
    await ask.good('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'reader' },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
      },
    })
    await put({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reader', namespace: 'shop' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'User', name: 'tenant', apiGroup: 'rbac.authorization.k8s.io' }],
    })
    const labels = { 'istio.io/use-waypoint': 'gone' }
    const tenant = server.kubeconfigOf('tenant')
    const { findings, document } = await whileChanged(pathOf('Service', 'shop', 'api'), { metadata: { labels } }, () =>
      doctor(tenant, '-n', 'shop'),
    )
    assert.ok(findings.includes('FW0601 Service/shop/api'), findings.join('\n'))
    const looked = document.checks.filter(({ findings: all }) => all.every((finding) => finding.code !== 'FW0001'))
    assert.ok(looked.length >= 15, looked.map(({ name }) => name).join())
  })
})

test('a cluster that is not there', async () => {
  const terminal = createTerminal()
  await server.stop()
  await assert.rejects(doctorVerb.run(['--kubeconfig', server.kubeconfig], terminal), (error: unknown) => {
    assert.ok(error instanceof Error && 'exitCode' in error)
    assert.equal(error.exitCode, 69)
    assert.match(
      error.message,
      /^cannot ask the API server for its version: https:.* cannot be reached: the connection was refused/,
    )
    return true
  })
  await server.start()
})
