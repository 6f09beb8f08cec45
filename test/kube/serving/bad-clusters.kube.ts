import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waypointRoles } from '../../../src/controller/roles/waypoint-roles.ts'
import { eventually } from '../../e2e/support/eventually.ts'
import { runArguments, startProcess, untilReady } from '../../e2e/support/fairway-process.ts'
import { foundCa, issueTo, writeCertificates } from '../../e2e/support/mesh-certificates.ts'
import { defineKinds, gatewayApiKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { textAt } from '../../support/kube/stand-in/json.ts'
import { installRoles } from '../support/controller.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

const few = gatewayApiKinds.filter((kind) =>
  ['GatewayClass', 'Gateway', 'HTTPRoute'].includes(textAt(kind, 'spec', 'names', 'kind')),
)

test('a waypoint that may read nothing says what it lacks and waits for it; kinds that are not there it does without', async () => {
  await using open = new AsyncDisposableStack()
  const server = open.use(await startKubeServer())
  await defineKinds(server, few)
  await installRoles(server)
  await createNamespace(server, 'shop')
  await server.ask.good('POST', gateways('shop'), { body: gateway('waypoint') })
  const dir = mkdtempSync(join(tmpdir(), 'fairway-kube-'))
  open.defer(() => rmSync(dir, { recursive: true, force: true }))
  const certs = writeCertificates(dir, await issueTo(await foundCa(dir), 'shop/waypoint'))
  const flags = ['--kube', '--kubeconfig', server.kubeconfigOf('waypoint'), '--gateway', 'shop/waypoint']
  const child = open.use(startProcess(runArguments({ files: [], certs, workers: 1, flags })))

  const waiting = await child.waitForLog('that it waits', ({ message }) => String(message).startsWith('waiting for'))
  const reason = await eventually('a reason', async () => {
    const response = await fetch(`http://${String(waiting['ready'])}/healthz/ready`)
    assert.equal(response.status, 503)
    const text = await response.text()
    return text.includes('Forbidden') && text
  })
  assert.match(reason, /User "waypoint" cannot list resource "\w+" in API group "[\w.]*" at the cluster scope/)

  for (const { name } of waypointRoles) {
    await server.ask.good('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', name: 'waypoint', apiGroup: 'rbac.authorization.k8s.io' }],
      },
    })
  }
  const running = await untilReady(child)
  assert.equal((await running.readiness()).status, 200)
})
