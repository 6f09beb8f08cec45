import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../test/support/terminal.ts'
import { deploymentOf } from '../controller/desired/deployment.ts'
import { planGateway } from '../controller/desired/plan-gateway.ts'
import { listAt, textAt } from '../controller/manifest.ts'
import { controllerVerb } from './controller.ts'
import { decodeRunOptions } from './run-options.ts'

const gateway = {
  metadata: { name: 'waypoint', namespace: 'shop', uid: 'u' },
  spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
}

const settings = {
  image: 'fairway',
  imagePullPolicy: 'IfNotPresent',
  clusterDomain: 'mesh.example',
  trustDomain: 'td.example',
  clusterId: 'east',
  istioNamespace: 'istio-system',
  caAddress: undefined,
  flags: [],
} as const

test('what the replicas are started with is what "fairway run" takes', () => {
  const { plan } = planGateway(gateway, { namespaces: [], certificates: [], secrets: [] })
  const flags = ['--access-log=json', '--access-log-filter=response.code >= 400', '--trace-sampling=5']
  const [container] = listAt(deploymentOf(plan, { ...settings, flags }), 'spec', 'template', 'spec', 'containers')
  const [verb, ...args] = listAt(container, 'args').map(String)
  const env = Object.fromEntries(
    listAt(container, 'env').map((one) => [textAt(one, 'name'), textAt(one, 'value') || podEnv[textAt(one, 'name')]]),
  )
  assert.equal(verb, 'run')
  const options = decodeRunOptions(args, { cwd: '/', env })
  assert.deepEqual(options.gateway, { namespace: 'shop', name: 'waypoint' })
  assert.deepEqual(options.trustDomains, ['td.example'])
  assert.deepEqual([options.clusterDomain, options.node, options.zone], ['mesh.example', 'node-1', undefined])
  assert.deepEqual([options.workers, options.drainMs], [1, 25_000])
  assert.deepEqual([options.accessLog?.filter, options.tracing.defaults.ratio], ['response.code >= 400', 0.05])
  assert.deepEqual([options.ports.hbone, options.ports.ready, options.ports.metrics], [15_008, 15_021, 15_020])
  assert.ok(options.ca.kind === 'istiod')
  assert.equal(options.ca.address, 'istiod.istio-system.svc:15012')
  assert.equal(options.ca.clusterId, 'east')
  assert.deepEqual(options.ca.account, { namespace: 'shop', serviceAccount: 'waypoint' })
})

/** What Kubernetes fills in. */
const podEnv: Readonly<Record<string, string>> = {
  POD_NAME: 'waypoint-1',
  POD_NAMESPACE: 'shop',
  INSTANCE_IP: '10.0.0.1',
  SERVICE_ACCOUNT: 'waypoint',
  FAIRWAY_NODE: 'node-1',
  FAIRWAY_ZONE: '',
}

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['--cluster-domian', 'x'], /unknown flag --cluster-domian/],
  [['--image-pull-policy', 'never'], /none of Always, IfNotPresent, Never/],
  [['--bind', 'localhost'], /no IP address/],
  [['--ready-port', '70000'], /not a whole number/],
  [['--cluster-domain', '-'], /is no DNS name/],
  [['--waypoint-flag=access-log'], /"access-log" is no flag/],
  [['--waypoint-flag=--workers=4'], /--workers is for the controller to say/],
  [['--waypoint-flag=--acess-log=json'], /--waypoint-flag: unknown flag --acess-log/],
  [
    ['--waypoint-flag=--access-log=text', '--waypoint-flag=--access-log-format=%NO%'],
    /--waypoint-flag: --access-log-format, column 1: /,
  ],
]

for (const [args, message] of wrong) {
  test(`fairway controller ${args.join(' ')} is refused`, async () => {
    await assert.rejects(controllerVerb.run(args, createTerminal()), message)
  })
}
