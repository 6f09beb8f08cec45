import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startReflector, type Reflector } from '../../../src/kube/reflector.ts'
import { kubeResources } from '../../../src/kube/resources.ts'
import type { KubeClient } from '../../../src/kube/client.ts'
import { eventually } from '../../e2e/support/eventually.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { listAt, textAt } from '../../support/kube/stand-in/json.ts'
import type { Fault, FaultRule } from '../../support/kube/stand-in/http/faults.ts'
import { installRoles, openClient } from '../support/controller.ts'
import { configMap, configMaps, createNamespace } from '../support/objects.ts'

const server = await startKubeServer()
const { ask, standIn } = server
/** Faults are for whom the tests are about, and not for the tests. */
const READER = 'reader'
const skip = standIn === undefined ? 'only the stand-in has faults on demand' : false
let client: KubeClient
let reflector: Reflector<string>

before(async () => {
  await createNamespace(server, 'faults')
  for (let i = 0; i < 700; i++)
    await ask.good('POST', configMaps('faults'), { body: configMap(`c${i}`, { round: '' }) })
  await installRoles(server)
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'fairway-waypoint-certificates' }
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: READER }]
  await ask.good('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/faults/rolebindings', {
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reader' },
      roleRef,
      subjects,
    },
  })
  client = await openClient(server.kubeconfigOf(READER))
  reflector = startReflector({
    client,
    resource: kubeResources.ConfigMap,
    selection: { namespace: 'faults' },
    decode: ({ metadata, ...rest }) => `${metadata.name} ${JSON.stringify(rest['data'])}`,
    onChange: () => {},
  })
})
after(async () => {
  reflector.close()
  client.close()
  await server[Symbol.asyncDispose]()
})

const truth = async (): Promise<readonly string[]> => {
  const list = await ask.good('GET', configMaps('faults'))
  return listAt(list, 'items').map(
    (item) => `${textAt(item, 'metadata', 'name')} {"round":"${textAt(item, 'data', 'round')}"}`,
  )
}

const untilTrue = (): Promise<true> =>
  eventually(
    'what the server has',
    async () => JSON.stringify([...reflector.items()].toSorted()) === JSON.stringify((await truth()).toSorted()),
    30_000,
  )

const HEALTHY_MS = 1500

const onList: FaultRule['fits'] = ({ verb, user }) => user.name === READER && verb === 'list'
const onSecondPage: FaultRule['fits'] = ({ verb, query, user }) =>
  user.name === READER && verb === 'list' && query.get('continue') !== null
const onWatch: FaultRule['fits'] = ({ verb, user }) => user.name === READER && verb === 'watch'

const cases: readonly { readonly what: string; readonly fault: Fault; readonly fits: FaultRule['fits'] }[] = [
  { what: 'a list that fails', fault: { kind: 'status', code: 500 }, fits: onList },
  { what: 'a list that is to come later', fault: { kind: 'status', code: 429, retryAfterSeconds: 1 }, fits: onList },
  { what: 'a page that is too old', fault: { kind: 'status', code: 410 }, fits: onSecondPage },
  { what: 'a list that breaks off', fault: { kind: 'cut', afterBytes: 5000 }, fits: onList },
  { what: 'a second page that breaks off', fault: { kind: 'cut', afterBytes: 5000 }, fits: onSecondPage },
  { what: 'a slow list', fault: { kind: 'slow', ms: 700 }, fits: onList },
  { what: 'a watch that fails', fault: { kind: 'status', code: 503 }, fits: onWatch },
  { what: 'a watch that is to come later', fault: { kind: 'status', code: 429, retryAfterSeconds: 1 }, fits: onWatch },
  { what: 'a watch that breaks off at once', fault: { kind: 'cut', afterBytes: 0 }, fits: onWatch },
  { what: 'a watch that breaks off in the middle of a line', fault: { kind: 'cut', afterBytes: 300 }, fits: onWatch },
]

for (const [index, { what, fault, fits }] of cases.entries()) {
  test(what, { skip }, async () => {
    if (standIn === undefined) return
    await untilTrue()
    // What breaks as soon as it is open is asked for less and less often.
    await delay(HEALTHY_MS)
    using _ = standIn.faults.add({ fault, ...(fits === undefined ? {} : { fits }), times: 2 })
    const { lists } = reflector.state()
    if (fits === onWatch) standIn.cut()
    else reflector.relist()
    for (let i = index; i < 700; i += 70) {
      const body = configMap(`c${i}`, { round: String(index) })
      await eventually('a change', () =>
        ask.good('PUT', configMaps('faults', `c${i}`), { body }).then(Boolean, () => false),
      )
    }
    await ask.good('DELETE', configMaps('faults', `c${600 + index}`))
    await untilTrue()
    assert.equal(reflector.state().phase, 'synced')
    if (fits !== onWatch) assert.ok(reflector.state().lists > lists)
  })
}
