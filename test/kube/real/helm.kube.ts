/** The life of a release on an API server: installed, changed, upgraded, rolled back, gone, and there again. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startProcess } from '../../e2e/support/fairway-process.ts'
import { chartFolder, findHelm, whyNoHelm } from '../../support/chart/chart.ts'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer, type KubeServer } from '../../support/kube/kube-server.ts'
import { textAt, valueAt, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { SYSTEM, until } from '../support/controller.ts'
import { namesOf } from '../support/objects.ts'

const helm = findHelm() ?? ''
const skip = whyNoHelm(findHelm())

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const job = `/apis/batch/v1/namespaces/${SYSTEM}/jobs/fairway-crds`
const gatewayClass = '/apis/gateway.networking.k8s.io/v1/gatewayclasses/fairway-waypoint'
const controller = `/apis/apps/v1/namespaces/${SYSTEM}/deployments/fairway-controller`
const execute = promisify(execFile)
const release = ['fairway', chartFolder, '--namespace', SYSTEM]

test('the life of a release', { skip }, async (t) => {
  await using server = await startKubeServer({ kind: 'real' })
  const { ask } = server
  const env = { ...process.env, KUBECONFIG: server.kubeconfig }
  // The way to the API server leads through this process, which must not stand still meanwhile.
  const run = async (...args: readonly string[]): Promise<string> => (await execute(helm, args, { env })).stdout
  const replicas = async (): Promise<unknown> => valueAt(await ask.good('GET', controller), 'spec', 'replicas')
  const roles = async (): Promise<readonly string[]> =>
    namesOf(await ask.good('GET', `${rbac}/clusterroles`)).filter((name) => name.startsWith('fairway'))

  await t.test('without Gateway API it is refused before anything is made, with what to do', async () => {
    await assert.rejects(
      run('install', ...release, '--create-namespace'),
      /Gateway API is not installed in this cluster/,
    )
    assert.deepEqual(await roles(), [])
  })

  await t.test('without the class it can be there before Gateway API is', async () => {
    await run('install', ...release, '--create-namespace', '--set=gatewayClass.create=false')
    await run('uninstall', 'fairway', '--namespace', SYSTEM)
  })

  await defineKinds(server)

  await t.test('install brings the definitions, and says how it goes on', async () => {
    await ask.good('DELETE', `${crds}/ratelimits.fairway.dev`)
    await until(
      'a definition that is gone',
      async () => (await ask('GET', `${crds}/ratelimits.fairway.dev`)).code === 404,
    )
    const notes = await run('install', ...release, '--create-namespace')
    assert.match(notes, /fairway waypoint apply -n NAMESPACE --enroll-namespace --wait/)
    assert.match(notes, new RegExp(`kubectl -n ${SYSTEM} rollout status deployment/fairway-controller`))
    assert.equal((await ask('GET', `${crds}/ratelimits.fairway.dev`)).code, 200)
    assert.equal(await replicas(), 2)
  })

  await t.test('Pod Security “restricted” lets the Pods of the controller in', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'guarded', labels } }
    await ask.good('POST', '/api/v1/namespaces', { body: namespace })
    const spec = valueAt(await ask.good('GET', controller), 'spec', 'template', 'spec') as JsonObject
    const { serviceAccountName: _, ...rest } = spec
    const pod = (more: JsonObject): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'controller' },
      spec: { ...rest, ...more },
    })
    const path = '/api/v1/namespaces/guarded/pods?dryRun=All'
    const { code } = await ask('POST', path, { body: pod({ hostNetwork: true }) })
    assert.equal(code, 403, 'it does look')
    await ask.good('POST', path, { body: pod({}) })
  })

  await t.test('upgrade and rollback change what the values say', async () => {
    await run('upgrade', ...release, '--set=controller.replicas=3')
    assert.equal(await replicas(), 3)
    await run('rollback', 'fairway', '1', '--namespace', SYSTEM)
    assert.equal(await replicas(), 2)
  })

  await t.test('a value that does not fit changes nothing', async () => {
    await assert.rejects(run('upgrade', ...release, '--set=controller.replicas=many'), /got string, want integer/)
    assert.equal(await replicas(), 2)
  })

  await t.test('crds.upgrade replaces definitions by a Job, whose account can do nothing else', async () => {
    await outdate(server)
    const upgraded = run('upgrade', ...release, '--set=crds.upgrade=true', '--timeout=60s')
    const found = await until('a Job', async () => {
      const { code, body } = await ask('GET', job)
      return code === 200 ? body : undefined
    })
    await runJob(server, found)
    await upgraded
    assert.ok(!JSON.stringify(await ask.good('GET', `${crds}/ratelimits.fairway.dev`)).includes('"leftover"'))
    assert.equal((await ask('GET', job)).code, 404)
    assert.ok(!(await roles()).includes('fairway-crds'))
  })

  await t.test('uninstall leaves what waypoints need, and nothing else of the release', async () => {
    await run('uninstall', 'fairway', '--namespace', SYSTEM)
    assert.deepEqual(await roles(), [
      ...['fairway-waypoint', 'fairway-waypoint-certificates', 'fairway-waypoint-secrets', 'fairway-waypoint-services'],
    ])
    assert.equal((await ask('GET', gatewayClass)).code, 200)
    assert.equal((await ask('GET', controller)).code, 404)
  })

  await t.test('a new release takes over what was left, one of another name only when it is told to', async () => {
    await run('install', ...release)
    await run('uninstall', 'fairway', '--namespace', SYSTEM)
    const other = ['other', ...release.slice(1)]
    await assert.rejects(run('install', ...other), /cannot be imported into the current release/)
    await run('install', ...other, '--take-ownership')
    await run('uninstall', 'other', '--namespace', SYSTEM)
  })

  await t.test('a class of somebody else is left alone', async () => {
    for (const name of await roles()) await ask.good('DELETE', `${rbac}/clusterroles/${name}`)
    await ask.good('DELETE', gatewayClass)
    const spec = { controllerName: 'fairway.dev/waypoint-controller', description: 'made by hand' }
    const body = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'fairway-waypoint' },
    }
    await ask.good('POST', gatewayClass.replace(/\/[^/]*$/, ''), { body: { ...body, spec } })
    assert.match(await run('install', ...release), /GatewayClass fairway-waypoint was there already/)
    await run('upgrade', ...release)
    await run('uninstall', 'fairway', '--namespace', SYSTEM)
    assert.equal(textAt(await ask.good('GET', gatewayClass), 'spec', 'description'), 'made by hand')
  })
})

const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }

/** Gives a definition a field that ours has not. */
const outdate = async ({ ask }: KubeServer): Promise<void> => {
  const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/leftover'
  await ask.good('PATCH', `${crds}/ratelimits.fairway.dev`, {
    body: [{ op: 'add', path, value: { type: 'string' } }],
    contentType: 'application/json-patch+json',
  })
}

/** Does what a cluster would: runs the container as the account, and says how it ended. */
const runJob = async ({ ask, kubeconfigWith }: KubeServer, found: JsonObject): Promise<void> => {
  const pod = valueAt(found, 'spec', 'template', 'spec')
  const account = textAt(pod, 'serviceAccountName')
  const token = await until('rights of the account', async () => {
    const path = `/api/v1/namespaces/${SYSTEM}/serviceaccounts/${account}/token`
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } }
    const made = textAt(await ask.good('POST', path, { body }), 'status', 'token')
    return (await ask('GET', `${crds}/ratelimits.fairway.dev`, { token: made })).code === 200 ? made : undefined
  })
  for (const [method, path] of [
    ['GET', '/api/v1/namespaces'],
    ['GET', crds],
    ['DELETE', `${crds}/ratelimits.fairway.dev`],
    ['GET', `${crds}/gateways.gateway.networking.k8s.io`],
  ] as const) {
    assert.equal((await ask(method, path, { token })).code, 403, `${method} ${path}`)
  }
  await using applied = startProcess(['crds', 'apply', '--kubeconfig', kubeconfigWith(token)])
  assert.equal((await applied.ended).code, 0, applied.stderr())
  assert.match(applied.stdout(), /^customresourcedefinition\/ratelimits\.fairway\.dev changed$/m)
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
  const condition = (type: string): JsonObject => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    lastProbeTime: now,
  })
  const conditions = [condition('SuccessCriteriaMet'), condition('Complete')]
  const status = { startTime: now, completionTime: now, succeeded: 1, uncountedTerminatedPods: {}, conditions }
  await ask.good('PATCH', `${job}/status`, { body: { status }, contentType: 'application/merge-patch+json' })
}
