/** What the chart's objects mean to each other, to the controller and to Kubernetes, whatever the values are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { parseArguments } from '../../src/cli/arguments.ts'
import { controllerVerb } from '../../src/cli/controller.ts'
import { decodeWaypointFlags } from '../../src/cli/waypoint-flags.ts'
import { prepareGateway, type PreparedGateway } from '../../src/controller/desired/prepare-gateway.ts'
import { listAt, mapAt, textAt, textsAt, valueAt, type Json, type LiveObject } from '../../src/controller/manifest.ts'
import { chartCaseNames, chartFolder, readChartCase } from '../support/chart/chart.ts'
import { waypointSettings } from '../support/kube/waypoint-settings.ts'

const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'waypoint', namespace: 'shop', uid: 'u' },
  spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
}

/** What the controller makes of a Gateway where these objects are. */
const prepare = (objects: readonly LiveObject[]): PreparedGateway =>
  prepareGateway(gateway, {
    gatewayClass: { kind: 'GatewayClass', metadata: { name: 'fairway-waypoint' } },
    configMaps: new Map(
      objects
        .filter(({ kind }) => kind === 'ConfigMap')
        .map((one) => [`${textAt(one, 'metadata', 'namespace')}/${textAt(one, 'metadata', 'name')}`, one]),
    ),
    systemNamespace: 'fairway-system',
    settings: waypointSettings,
    reach: { namespaces: [], certificates: [], secrets: [] },
  })

const find = (objects: readonly LiveObject[], kind: string): LiveObject => {
  const [found, ...others] = objects.filter((one) => one['kind'] === kind)
  assert.ok(found !== undefined && others.length === 0, `one ${kind}`)
  return found
}

const manifestOf = (prepared: PreparedGateway, kind: string): Json | undefined =>
  prepared.manifests.find((one) => one.kind === kind)

const isPart = (part: Readonly<Record<string, string>>, whole: Readonly<Record<string, string>>): boolean =>
  Object.entries(part).every(([key, value]) => whole[key] === value)

const selectors: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'selector', 'matchLabels'],
  Service: ['spec', 'selector'],
  PodDisruptionBudget: ['spec', 'selector', 'matchLabels'],
  NetworkPolicy: ['spec', 'podSelector', 'matchLabels'],
}

for (const name of chartCaseNames) {
  describe(`with the values of ${name}`, () => {
    const objects = readChartCase(name)
    const deployment = find(objects, 'Deployment')
    const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers')

    it('the controller is started with what it takes', () => {
      const [verb, ...args] = listAt(container, 'args').map(String)
      assert.equal(verb, 'controller')
      const { flags } = parseArguments(args, controllerVerb.flags)
      assert.match(String(flags['image']), /^[a-z0-9./-]+(?::[\w.-]+|@sha256:[0-9a-f]{64})$/)
      const given = flags['waypoint-flag']
      assert.ok(Array.isArray(given))
      assert.equal(given.length > 0, name === 'production')
      decodeWaypointFlags({ ...waypointSettings, flags: given.map(String) })
    })

    it('what is to find the Pods of the controller finds them', () => {
      const labels = textsAt(deployment, 'spec', 'template', 'metadata', 'labels')
      for (const object of objects) {
        const path = selectors[textAt(object, 'kind')]
        if (path === undefined) continue
        const selector = textsAt(object, ...path)
        assert.ok(Object.keys(selector).length > 0 && isPart(selector, labels), textAt(object, 'kind'))
      }
      const service = find(objects, 'Service')
      for (const monitor of objects.filter(({ kind }) => kind === 'ServiceMonitor')) {
        assert.ok(isPart(textsAt(monitor, 'spec', 'selector', 'matchLabels'), textsAt(service, 'metadata', 'labels')))
        const ports = listAt(service, 'spec', 'ports').map((port) => textAt(port, 'name'))
        for (const endpoint of listAt(monitor, 'spec', 'endpoints')) assert.ok(ports.includes(textAt(endpoint, 'port')))
      }
    })

    it('probes and Services name ports of the container', () => {
      const ports = listAt(container, 'ports').map((port) => textAt(port, 'name'))
      const named = [
        ...listAt(find(objects, 'Service'), 'spec', 'ports').map((port) => textAt(port, 'targetPort')),
        ...['startupProbe', 'readinessProbe'].map((probe) => textAt(container, probe, 'httpGet', 'port')),
      ]
      for (const port of named) assert.ok(ports.includes(port), port)
    })

    it('the account that runs is the one that has the rights', () => {
      const account = textAt(deployment, 'spec', 'template', 'spec', 'serviceAccountName')
      const bindings = objects.filter(
        (one) =>
          textAt(one, 'kind').endsWith('RoleBinding') &&
          textAt(one, 'roleRef', 'name').startsWith('fairway-controller'),
      )
      assert.equal(bindings.length, name === 'borrowed' ? 0 : 2)
      for (const binding of bindings) {
        assert.deepEqual(valueAt(binding, 'subjects'), [
          { kind: 'ServiceAccount', name: account, namespace: 'fairway-system' },
        ])
      }
    })

    it('Pods satisfy Pod Security “restricted”', () => {
      for (const object of objects) {
        const pod = object['kind'] === 'Pod' ? object['spec'] : valueAt(object, 'spec', 'template', 'spec')
        if (pod === undefined) continue
        assert.deepEqual(valueAt(pod, 'securityContext'), {
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        })
        for (const one of listAt(pod, 'containers')) {
          const { runAsUser: _user, runAsGroup: _group, ...rest } = mapAt(one as Json, 'securityContext')
          assert.deepEqual(rest, {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
          })
        }
      }
    })

    it('the controller makes waypoints with the defaults', () => {
      assert.equal(prepare(objects).refusal, undefined)
    })

    it('each object is in the namespace of the release, or of the cluster, and says whose it is', () => {
      for (const object of objects) {
        assert.ok(['fairway-system', ''].includes(textAt(object, 'metadata', 'namespace')))
        const labels = textsAt(object, 'metadata', 'labels')
        assert.equal(labels['app.kubernetes.io/managed-by'], 'Helm')
        assert.equal(labels['app.kubernetes.io/instance'], 'fairway')
      }
    })
  })
}

it('the defaults of the chart are those that the controller has without it', () => {
  assert.deepEqual(prepare(readChartCase('defaults')).manifests, prepare([]).manifests)
})

it('values of waypoints arrive in what is made of a Gateway', () => {
  const production = prepare(readChartCase('production'))
  const pod = mapAt(manifestOf(production, 'Deployment'), 'spec', 'template', 'spec')
  const [container] = listAt(pod, 'containers')
  assert.deepEqual(valueAt(container, 'resources'), {
    requests: { cpu: '500m', memory: '256Mi' },
    limits: { memory: '2Gi' },
  })
  assert.deepEqual(
    [pod['terminationGracePeriodSeconds'], valueAt(container, 'lifecycle'), valueAt(container, 'startupProbe')],
    [120, { preStop: { sleep: { seconds: 20 } } }, undefined],
  )
  assert.ok(listAt(container, 'env').some((one) => textAt(one, 'name') === 'FAIRWAY_NODE_FLAGS'))
  assert.ok(
    listAt(container, 'env').some((one) => textAt(one, 'name') === 'GATEWAY_NAME'),
    'beside those that it has',
  )
  const autoscaler = manifestOf(production, 'HorizontalPodAutoscaler')
  assert.deepEqual(
    [
      valueAt(autoscaler, 'spec', 'minReplicas'),
      listAt(autoscaler, 'spec', 'metrics').map((one) => textAt(one, 'type')),
    ],
    [3, ['Pods']],
  )
  assert.equal(valueAt(manifestOf(production, 'PodDisruptionBudget'), 'spec', 'maxUnavailable'), '25%')
})

it('without an autoscaler replicas are so many, or as many as somebody else says', () => {
  const [small, borrowed] = [prepare(readChartCase('small')), prepare(readChartCase('borrowed'))]
  assert.deepEqual(
    [small, borrowed].map((one) => valueAt(manifestOf(one, 'Deployment'), 'spec', 'replicas')),
    [1, undefined],
  )
  for (const one of [small, borrowed]) assert.equal(manifestOf(one, 'HorizontalPodAutoscaler'), undefined)
  assert.equal(manifestOf(small, 'PodDisruptionBudget'), undefined)
  const [container] = listAt(manifestOf(small, 'Deployment'), 'spec', 'template', 'spec', 'containers')
  assert.deepEqual(valueAt(container, 'resources'), {}, 'null takes the limits away')
})

it('the chart has the version of the program', () => {
  const chart: unknown = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8'))
  assert.deepEqual([valueAt(chart, 'version'), valueAt(chart, 'appVersion')], [manifest.version, manifest.version])
})
