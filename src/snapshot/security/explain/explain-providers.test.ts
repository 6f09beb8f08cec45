import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { everything, settingsOf } from '../../../../test/support/ext-authz/authz-mesh.ts'
import { modelOf, noFilters, serviceOf } from '../../../../test/support/models.ts'
import type { AuthorizationProvider } from '../../../model/security/external-authorization.ts'
import { compile } from '../../compile.ts'
import { explainRequest, type Explanation } from '../../explain.ts'

const ask = (provider: AuthorizationProvider | undefined, protocol: 'http' | 'tcp' = 'http'): Explanation => {
  const model = modelOf([], {
    services: [serviceOf({ protocol }, { authorizations: ['shop/ask'] })],
    authorizations: [{ key: 'shop/ask', action: 'CUSTOM', isDryRun: false, provider: 'opa', rules: [everything] }],
    ...(provider === undefined ? {} : { providers: [provider] }),
  })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: 'shop' }
  return explainRequest(compile(model, { generation: 1, filters: noFilters }), query)
}

const usable = (settings: Parameters<typeof settingsOf>[0]): AuthorizationProvider => ({
  key: 'opa',
  kind: 'usable',
  settings: settingsOf(settings),
})

type Expected = readonly [outcome: string, status: number | undefined, reason: string]

describe('what is said of providers', () => {
  const cases: readonly (readonly [name: string, explanation: Explanation, expected: Expected])[] = [
    [
      'one that answers',
      ask(usable({})),
      [
        'pass-through',
        undefined,
        'provider opa is Service shop/authz:80 over gRPC; without an answer in 2000 ms it is answered 403',
      ],
    ],
    [
      'one without which requests pass',
      ask(usable({ failOpen: true, protocol: 'http' })),
      [
        'pass-through',
        undefined,
        'provider opa is Service shop/authz:80 over HTTP; without an answer in 2000 ms it is let through',
      ],
    ],
    [
      'one that is not there',
      ask({ key: 'opa', kind: 'closed', reason: 'there is no Service' }),
      ['denied', 403, 'refused, since nobody can be asked: there is no Service'],
    ],
    [
      'one that nobody knows',
      ask(undefined),
      ['denied', 403, 'refused, since nobody can be asked: the mesh has no extension provider opa'],
    ],
    [
      'one of connections',
      ask(usable({}), 'tcp'),
      [
        'pass-through',
        undefined,
        'provider opa is Service shop/authz:80 over gRPC; without an answer in 2000 ms it is closed',
      ],
    ],
    [
      'one that cannot be asked about connections',
      ask(usable({ protocol: 'http' }), 'tcp'),
      [
        'denied',
        undefined,
        'refused, since nobody can be asked: provider opa speaks HTTP, and can be asked about requests only',
      ],
    ],
  ]
  for (const [name, { outcome, status, reasons }, expected] of cases) {
    it(name, () => {
      assert.deepEqual([outcome, status], expected.slice(0, 2))
      assert.ok(reasons.includes(expected[2]), reasons.join('\n'))
    })
  }
})
