import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { writeKubeconfig } from '../../../test/support/kube/kubeconfig.ts'
import { createTerminal } from '../../../test/support/terminal.ts'
import { version } from '../../lib/version.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'
import { deployedVersion } from './cluster-versions.ts'

const GATEWAY = 'gateway.networking.k8s.io/gateway-name'

interface Deployed {
  readonly namespace: string
  readonly name: string
  readonly image: string
  readonly labels?: Readonly<Record<string, string>>
  readonly status?: object
}

const deployment = ({ namespace, name, image, labels = {}, status }: Deployed): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name, labels, generation: 2 },
  spec: {
    template: {
      spec: {
        containers: [
          { name: 'proxy', image: 'x:9' },
          { name: 'fairway', image },
        ],
      },
    },
  },
  status: status ?? { replicas: 2, readyReplicas: 2, updatedReplicas: 2, observedGeneration: 2 },
})

const controller = (tag: string): object =>
  deployment({
    ...{ namespace: 'fairway-system', name: 'fairway-controller', image: 'r:5000/fairway@sha256:abc' },
    labels: { 'app.kubernetes.io/version': tag },
  })
const waypoint = (tag: string): object =>
  deployment({ namespace: 'shop', name: 'waypoint', image: `r:5000/fairway:${tag}`, labels: { [GATEWAY]: 'waypoint' } })

interface Answers {
  readonly bundle: string | 403 | 404
  readonly controllers: readonly object[]
  readonly waypoints: readonly object[] | 403
}

let answers: Answers
let cwd = ''
let kubeconfig = ''
const status = (code: number, reason: string, message: string): object => ({ kind: 'Status', code, reason, message })
const forbidden = status(
  403,
  'Forbidden',
  'deployments.apps is forbidden: User "bob" cannot list resource "deployments" in API group "apps" at the cluster scope',
)
const bodyOf = (url: string): readonly [code: number, body: object] => {
  if (url.includes('/customresourcedefinitions/')) {
    const { bundle } = answers
    if (bundle === 403) return [403, forbidden]
    if (bundle === 404) return [404, status(404, 'NotFound', 'customresourcedefinitions "x" not found')]
    const annotations = { 'gateway.networking.k8s.io/bundle-version': bundle }
    return [200, { kind: 'CustomResourceDefinition', metadata: { name: 'x', annotations } }]
  }
  const items = decodeURIComponent(url).includes('component=controller') ? answers.controllers : answers.waypoints
  return items === 403 ? [403, forbidden] : [200, { kind: 'DeploymentList', metadata: { resourceVersion: '1' }, items }]
}
const server = createServer((request, response) => {
  const [code, body] = bodyOf(request.url ?? '')
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  cwd = mkdtempSync(join(tmpdir(), 'fairway-version-'))
  kubeconfig = writeKubeconfig({ url: `http://127.0.0.1:${address.port}`, caPem: '', dir: cwd }, 'bob', { token: 't' })
})
after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(cwd, { recursive: true })
})
beforeEach(() => {
  answers = { bundle: 'v1.4.0', controllers: [controller(version)], waypoints: [waypoint(`v${version}`)] }
})

const run = async (...args: readonly string[]) => {
  const terminal = createTerminal({ cwd })
  const code = await runProgram({ version: '0', verbs }, ['version', ...args], terminal)
  return { code, out: terminal.stdout(), err: terminal.stderr() }
}
const ask = (...args: readonly string[]) => run('--kubeconfig', kubeconfig, ...args)

describe('fairway version', () => {
  it('says what this is, and asks nobody', async () => {
    const { code, out, err } = await run()
    const platform = `${process.platform}/${process.arch}`
    assert.deepEqual([code, err], [0, ''])
    assert.equal(out, `fairway  ${version}\nNode     ${process.versions.node} ${platform}\n`)
  })

  it('says it for programs', async () => {
    const { out } = await run('-o', 'json')
    assert.deepEqual(JSON.parse(out), {
      apiVersion: 'cli.fairway.dev/v1alpha1',
      kind: 'Version',
      client: { version, node: process.versions.node, platform: `${process.platform}/${process.arch}` },
    })
    assert.match((await run('-o', 'yaml')).out, /^apiVersion: cli\.fairway\.dev\/v1alpha1\nkind: Version\nclient:\n/)
  })

  it('shows what runs in a cluster', async () => {
    const { code, out, err } = await ask()
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^Gateway API +v1\.4\.0$/m)
    assert.match(out, /^controller +fairway-system +fairway-controller +\S+ +2\/2 +r:5000\/fairway@sha256:abc$/m)
    assert.match(out, new RegExp(`^waypoint +shop +waypoint +v${version} +2/2 +r:5000/fairway:v${version}$`, 'm'))
  })

  it('shows it to programs', async () => {
    const { cluster } = JSON.parse((await ask('-o', 'json')).out)
    assert.equal(cluster.gatewayApi, 'v1.4.0')
    assert.deepEqual(cluster.waypoints, [
      {
        ...{ namespace: 'shop', name: 'waypoint', gateway: 'waypoint', image: `r:5000/fairway:v${version}` },
        ...{ version: `v${version}`, replicas: 2, readyReplicas: 2, isRollingOut: false },
      },
    ])
  })

  const skews: readonly (readonly [string, Partial<Answers>, RegExp | ''])[] = [
    ['nothing runs yet', { controllers: [], waypoints: [] }, ''],
    ['another controller', { controllers: [controller('9.0.0')] }, /note: the controller is 9\.0\.0, this program 0/],
    [
      'two controllers',
      { controllers: [controller(version), controller('9.0.0')] },
      /note: there are controllers of several/,
    ],
    [
      'an old waypoint',
      { waypoints: [waypoint('0.0.9')] },
      /note: waypoint shop\/waypoint is 0\.0\.9, its controller 0\.1\.0/,
    ],
    ['Gateway API of tomorrow', { bundle: 'v2.0.0' }, /note: Gateway API is v2\.0\.0, expected v1\.\*/],
    ['no Gateway API', { bundle: 404 }, /note: Gateway API is not installed/],
  ]
  for (const [name, some, note] of skews) {
    it(`says what does not go together: ${name}`, async () => {
      answers = { ...answers, ...some }
      const { code, err } = await ask()
      assert.equal(code, 0)
      if (note === '') assert.equal(err, '')
      else assert.match(err, note)
    })
  }

  it('says its own where the cluster cannot be asked, and then why', async () => {
    for (const some of [{ bundle: 403 }, { waypoints: 403 }] as const) {
      answers = { ...answers, bundle: 'v1.4.0', waypoints: [], ...some }
      const { code, out, err } = await ask('-o', 'json')
      assert.equal(code, 77)
      assert.deepEqual(Object.keys(JSON.parse(out)), ['apiVersion', 'kind', 'client'])
      assert.match(err, /^fairway version: cannot (?:read|list) the .*bob/)
    }
  })
})

describe('what a Deployment says of its version', () => {
  const cases: readonly (readonly [image: string, version: string | undefined])[] = [
    ['fairway:1.2.3', '1.2.3'],
    ['r:5000/a/fairway', undefined],
    ['r:5000/a/fairway:1.2.3-rc.1', '1.2.3-rc.1'],
    ['fairway:1.2.3@sha256:0123', '1.2.3'],
    ['fairway@sha256:0123', undefined],
    ['', undefined],
  ]
  for (const [image, expected] of cases) {
    it(JSON.stringify(image), () => {
      const found = deployedVersion({ ...deployment({ namespace: 'a', name: 'b', image }) })
      assert.equal(found.version, expected)
    })
  }

  it('a rollout is one until the last replica is new', () => {
    const at = (state: object): boolean =>
      deployedVersion({ ...deployment({ namespace: 'a', name: 'b', image: 'x:1', status: state }) }).isRollingOut
    assert.equal(at({ replicas: 3, updatedReplicas: 1, observedGeneration: 2 }), true)
    assert.equal(at({ replicas: 2, updatedReplicas: 2, observedGeneration: 1 }), true)
    assert.equal(at({ replicas: 2, updatedReplicas: 2, observedGeneration: 2 }), false)
  })

  it('what is no Deployment says nothing', () => {
    assert.deepEqual(deployedVersion({ metadata: 7, spec: { template: { spec: { containers: 'x' } } } }), {
      ...{ namespace: '', name: '', image: '', replicas: 0, readyReplicas: 0, isRollingOut: false },
    })
  })
})
