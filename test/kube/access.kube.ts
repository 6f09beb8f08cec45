import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import { startKubeServer } from '../support/kube/kube-server.ts'
import { listAt, objectAt, textAt, valueAt, type Json, type JsonObject } from '../support/kube/stand-in/json.ts'
import { configMap, configMaps, createNamespace } from './support/objects.ts'

const server = await startKubeServer()
const { ask } = server
let token = ''

const rbac = (kind: string, name: string, rest: JsonObject): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  ...rest,
})
const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/access/roles'
const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/access/rolebindings'
const rules: Json = [
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['list', 'watch'] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create'] },
]

before(async () => {
  await createNamespace(server, 'access')
  await createNamespace(server, 'other')
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader' } }
  await ask.good('POST', '/api/v1/namespaces/access/serviceaccounts', { body: account })
  await ask.good('POST', roles, { body: rbac('Role', 'reader', { rules }) })
  const subjects = [
    { kind: 'ServiceAccount', namespace: 'access', name: 'reader' },
    { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' },
  ]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }
  await ask.good('POST', bindings, { body: rbac('RoleBinding', 'reader', { subjects, roleRef }) })
  const made = await ask.good('POST', '/api/v1/namespaces/access/serviceaccounts/reader/token', {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [], expirationSeconds: 3600 },
    },
  })
  token = textAt(made, 'status', 'token')
  await ask.good('POST', configMaps('access'), { body: configMap('mine') })
})
after(() => server[Symbol.asyncDispose]())

interface Case {
  readonly what: string
  readonly method?: string
  readonly path: string
  readonly body?: JsonObject
  readonly contentType?: string
  /** Default: that of the service account. */
  readonly token?: string
  readonly gives: RegExp
}

const secrets = '/api/v1/namespaces/access/secrets'
const reader = 'User "system:serviceaccount:access:reader" cannot'
const apply = 'application/apply-patch+yaml'
const cases: readonly Case[] = [
  { what: 'what the role gives', path: configMaps('access'), gives: /^200 / },
  { what: 'a watch that the role gives', path: `${configMaps('access')}?watch=1&timeoutSeconds=1`, gives: /^200 / },
  { what: 'the Namespace that the role is of', path: '/api/v1/namespaces/access', gives: /^200 / },
  {
    what: 'another Namespace',
    path: '/api/v1/namespaces/other',
    gives: new RegExp(
      `^403 Forbidden namespaces "other" is forbidden: ${reader} get resource "namespaces" in API group "" in the namespace "other"`,
    ),
  },
  {
    what: 'all Namespaces',
    path: '/api/v1/namespaces',
    gives: new RegExp(
      `^403 Forbidden namespaces is forbidden: ${reader} list resource "namespaces" in API group "" at the cluster scope`,
    ),
  },
  {
    what: 'another namespace',
    path: configMaps('other'),
    gives: new RegExp(
      `^403 Forbidden configmaps is forbidden: ${reader} list resource "configmaps" in API group "" in the namespace "other"`,
    ),
  },
  {
    what: 'all namespaces',
    path: '/api/v1/configmaps?watch=1',
    gives: new RegExp(
      `^403 Forbidden configmaps is forbidden: ${reader} watch resource "configmaps" in API group "" at the cluster scope`,
    ),
  },
  {
    what: 'another resource',
    path: '/apis/apps/v1/namespaces/access/deployments/x',
    gives: new RegExp(
      `^403 Forbidden deployments\\.apps "x" is forbidden: ${reader} get resource "deployments" in API group "apps" in the namespace "access"`,
    ),
  },
  {
    what: 'another verb',
    method: 'DELETE',
    path: configMaps('access', 'mine'),
    gives: new RegExp(`^403 Forbidden configmaps "mine" is forbidden: ${reader} delete resource "configmaps"`),
  },
  {
    what: 'an object by its name',
    method: 'PATCH',
    path: `${configMaps('access', 'mine')}?fieldManager=t`,
    contentType: apply,
    body: configMap('mine', { a: '1' }),
    gives: /^200 /,
  },
  {
    what: 'another object than that by its name',
    method: 'PATCH',
    path: `${configMaps('access', 'yours')}?fieldManager=t`,
    contentType: apply,
    body: configMap('yours'),
    gives: /^403 Forbidden configmaps "yours" is forbidden/,
  },
  { what: 'a list of one name', path: `${secrets}?fieldSelector=metadata.name%3Dmine`, gives: /^200 / },
  {
    what: 'a watch of one name',
    path: `${secrets}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=mine`,
    gives: /^200 /,
  },
  {
    what: 'a list of another name',
    path: `${secrets}?fieldSelector=metadata.name=yours`,
    gives: new RegExp(`^403 Forbidden secrets "yours" is forbidden: ${reader} list resource "secrets"`),
  },
  { what: 'a list of all', path: secrets, gives: /^403 Forbidden secrets is forbidden/ },
  {
    what: 'a role with more than one has',
    method: 'POST',
    path: roles,
    body: rbac('Role', 'more', { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] }),
    gives:
      /^403 Forbidden roles\.rbac\.authorization\.k8s\.io "more" is forbidden: user "system:serviceaccount:access:reader" .*is attempting to grant RBAC permissions not currently held/,
  },
  {
    what: 'a role with what one has',
    method: 'POST',
    path: roles,
    body: rbac('Role', 'less', { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] }),
    gives: /^201 /,
  },
  {
    what: 'nobody',
    path: configMaps('access'),
    token: '',
    gives: /^403 Forbidden configmaps is forbidden: User "system:anonymous" cannot list/,
  },
  {
    what: 'a token that is none',
    path: configMaps('access'),
    token: 'made-up',
    gives: /^401 Unauthorized Unauthorized$/,
  },
  { what: 'discovery', path: '/apis', gives: /^200 / },
]

for (const { what, method = 'GET', path, body, contentType, token: other, gives } of cases) {
  test(`access: ${what}`, async () => {
    const answer = await ask(method, path, {
      token: other ?? token,
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { contentType }),
    })
    assert.match(`${answer.code} ${textAt(answer.body, 'reason')} ${textAt(answer.body, 'message')}`, gives)
  })
}

test('one may ask what one may', async () => {
  const review = async (verb: string, resource: string): Promise<unknown> => {
    const resourceAttributes = { verb, resource, group: '', namespace: 'access' }
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    }
    const answer = await ask.good('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body, token })
    return valueAt(answer, 'status', 'allowed')
  }
  assert.deepEqual([await review('list', 'configmaps'), await review('list', 'secrets')], [true, false])
})

test('a client certificate shows who one is, and a kubeconfig has all that is needed', async () => {
  // Written as JSON by the server's own support.
  const config = JSON.parse(readFileSync(server.kubeconfigOf('somebody'), 'utf8')) as JsonObject
  const user = objectAt(listAt(config, 'users')[0], 'user')
  const cert = Buffer.from(textAt(user, 'client-certificate-data'), 'base64')
  const key = Buffer.from(textAt(user, 'client-key-data'), 'base64')
  assert.match(new X509Certificate(cert).subject, /CN=somebody/)
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const url = new URL(configMaps('access'), textAt(listAt(config, 'clusters')[0], 'cluster', 'server'))
  request(url, { cert, key, ca: server.caPem }, (response) => resolve(response.resume().statusCode))
    .on('error', reject)
    .end()
  assert.equal(await promise, 200)
})
