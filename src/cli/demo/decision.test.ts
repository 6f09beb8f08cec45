import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { decodeExplainParameters } from '../../admin/explain-parameters.ts'
import { askDecision, decodeDecision, resolveUrl, type Question } from './decision.ts'

const question: Question = {
  authority: '10.96.0.10:80',
  method: 'GET',
  path: '/a?b=c&d',
  host: 'api',
  source: 'demo/client',
}

const explanation = {
  generation: 3,
  outcome: 'match',
  route: 'HTTPRoute/demo/api',
  rule: 'canary',
  backends: [{ name: 'demo/api-stable:80', weight: 90, endpoints: 1 }],
  reasons: ['because'],
}

const serve = async (context: TestContext, body: string): Promise<{ readonly host: string; readonly port: number }> => {
  const server = http.createServer((_, response) => response.end(body))
  context.after(() => server.close().closeAllConnections())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

test('the admin API understands the question', () => {
  const query = decodeExplainParameters(new URL(resolveUrl({ host: '::1', port: 1 }, question)).searchParams)
  assert.deepEqual(query, {
    ok: true,
    value: {
      authority: '10.96.0.10:80',
      method: 'GET',
      target: '/a?b=c&d',
      headers: [],
      sourceNamespace: 'demo',
      serviceAccount: 'client',
    },
  })
})

test('an explanation becomes what is shown', async (context) => {
  assert.deepEqual(await askDecision(await serve(context, JSON.stringify(explanation)), question), {
    request: 'GET /a?b=c&d to api',
    generation: 3,
    route: 'HTTPRoute/demo/api, rule canary',
    backends: [{ name: 'demo/api-stable:80', weight: 90 }],
    reasons: ['because'],
  })
})

test('without a route the outcome stands in its place', () => {
  const decision = decodeDecision(
    { ...explanation, outcome: 'pass-through', route: undefined, rule: undefined },
    'GET /',
  )
  assert.equal(decision?.route, 'pass-through')
})

for (const body of ['', 'null', '[]', '{}', '{"error":"no"}', '<html>']) {
  test(`the demo goes on when the admin API answers ${JSON.stringify(body)}`, async (context) => {
    assert.equal(await askDecision(await serve(context, body), question), undefined)
  })
}
