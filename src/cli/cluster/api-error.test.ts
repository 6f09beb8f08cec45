import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeFailure } from '../../kube/failure.ts'
import { apiError, demandOrNone, isKindMissing, missingRightOf } from './api-error.ts'

const asked = 'PATCH https://10.96.0.1:443/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/waypoint'
const failure = (rest: Partial<KubeFailure>): KubeFailure => ({ asked, reason: 'Unknown', message: 'm', ...rest })
const forbidden = (what: string, where: string): KubeFailure =>
  failure({
    status: 403,
    reason: 'Forbidden',
    message: `gateways "x" is forbidden: User "bob" cannot patch resource "${what}" in API group "a.io" ${where}`,
  })
const conflict = (...owners: readonly (readonly [field: string, manager: string])[]): KubeFailure =>
  failure({
    status: 409,
    reason: 'Conflict',
    message: 'Apply failed with 2 conflicts',
    causes: owners.map(([field, manager]) => ({
      field,
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}" using v1`,
    })),
  })

const cases: readonly (readonly [KubeFailure, code: number, why: string, next: RegExp | undefined])[] = [
  [
    failure({ reason: 'Unreachable', message: 'the connection was refused: is the API server up?' }),
    69,
    'https://10.96.0.1 cannot be reached: the connection was refused: is the API server up?',
    /--kubeconfig and --context/,
  ],
  [
    failure({ reason: 'Timeout', message: 'no answer after 10 ms' }),
    69,
    'https://10.96.0.1 did not answer: no answer after 10 ms',
    /--request-timeout/,
  ],
  [
    failure({ reason: 'Untrusted', message: 'self-signed' }),
    69,
    'the certificate of https://10.96.0.1 is not trusted: self-signed',
    /certificate-authority/,
  ],
  [
    failure({ reason: 'Credentials', message: 'no plugin' }),
    78,
    'there are no credentials to show: no plugin',
    /kubeconfig/,
  ],
  [failure({ reason: 'Aborted' }), 1, 'it was called off', undefined],
  [
    failure({ reason: 'BadAnswer', message: 'the answer is no list' }),
    69,
    'what https://10.96.0.1 answered cannot be used: the answer is no list',
    /is it a Kubernetes API server/,
  ],
  [failure({ status: 401, reason: 'Unauthorized' }), 77, 'https://10.96.0.1 does not accept who you are', /log in/],
  [
    forbidden('gateways', 'in the namespace "shop"'),
    77,
    'user "bob" may not patch gateways.a.io in namespace shop',
    /^bind bob a Role or ClusterRole .* kubectl auth can-i patch gateways\.a\.io -n shop/,
  ],
  [
    forbidden('gateways/status', 'at the cluster scope'),
    77,
    'user "bob" may not patch gateways.a.io/status',
    /^bind bob a ClusterRole /,
  ],
  [
    failure({ status: 403, reason: 'Forbidden', message: 'exceeded quota: few' }),
    77,
    'it is forbidden: exceeded quota: few',
    undefined,
  ],
  [
    failure({ status: 404, reason: 'NotFound', message: '404 page not found' }),
    1,
    'the API server has no such kind (/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/waypoint)',
    undefined,
  ],
  [
    failure({ status: 404, reason: 'NotFound', message: 'namespaces "x" not found' }),
    1,
    'namespaces "x" not found',
    undefined,
  ],
  [
    conflict(['.spec.gatewayClassName', 'argocd'], ['.metadata.labels.a', 'kubectl-edit']),
    1,
    'spec.gatewayClassName is written by argocd; metadata.labels.a is written by kubectl-edit',
    /--force-conflicts/,
  ],
  [failure({ status: 409, reason: 'Conflict', message: 'modified' }), 1, 'modified', /try again/],
  [
    failure({
      status: 422,
      reason: 'Invalid',
      message: 'all',
      causes: [{ field: 'spec.a', message: 'Required value', reason: 'x' }],
    }),
    1,
    'spec.a: Required value',
    undefined,
  ],
  [
    failure({ status: 503, reason: 'ServiceUnavailable', message: 'later' }),
    69,
    'https://10.96.0.1 answered 503 ServiceUnavailable: later',
    /readyz/,
  ],
  [failure({ status: 418, message: 'a\u001b[2J\nb' }), 1, 'a\\u001b[2J\\u000ab', undefined],
]

describe('an answer that is none says what, why, and what next', () => {
  for (const [given, code, why, next] of cases) {
    it(`${given.status ?? ''} ${given.reason}: ${given.message}`, () => {
      const error = apiError(given, 'apply Gateway shop/waypoint')
      assert.deepEqual([error.exitCode, error.message], [code, `cannot apply Gateway shop/waypoint: ${why}`])
      if (next === undefined) assert.equal(error.next, undefined)
      else assert.match(error.next ?? '', next)
    })
  }
})

it('a kind that is missing is no object that is not there', () => {
  const gone = failure({ status: 404, reason: 'NotFound', message: 'gateways "x" not found' })
  const missing = failure({
    status: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
  })
  assert.deepEqual([isKindMissing(gone), isKindMissing(missing)], [false, true])
  assert.equal(demandOrNone({ ok: false, failure: gone }, 'read it'), undefined)
  assert.throws(() => demandOrNone({ ok: false, failure: missing }, 'read it'), /no such kind/)
})

it('a right is read with its subresource, and only from what RBAC says', () => {
  assert.deepEqual(missingRightOf(forbidden('pods/log', 'in the namespace "shop"')), {
    user: 'bob',
    verb: 'patch',
    resource: 'pods.a.io/log',
    namespace: 'shop',
  })
  assert.equal(missingRightOf(failure({ status: 403, message: 'denied by a webhook' })), undefined)
})
