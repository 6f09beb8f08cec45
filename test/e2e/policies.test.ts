/** AuthorizationPolicies through `fairway run`: what is logged and counted of decisions, and what ends when they change. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { workerCounts } from './support/fairway-process.ts'
import { createMesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const NETWORK = '127.71.77'
const VIP = '10.96.0.10'
const TO = `${VIP}:80`

const policy = (name: string, action: string, rule: object, annotations = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'shop', annotations },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'api' }], action, rules: [rule] },
})

const paths = (...values: readonly string[]): object => ({ to: [{ operation: { paths: values } }] })

const objects = [
  gateway,
  ...service({ name: 'api', vip: VIP, endpoints: [{ address: `${NETWORK}.1`, port: 8080 }] }),
  policy('admins', 'DENY', paths('/admin')),
  policy('clients', 'ALLOW', { from: [{ source: { serviceAccounts: ['shop/client'] } }] }),
  policy('soon', 'DENY', paths('/old'), { 'istio.io/dry-run': 'true' }),
]

for (const workers of workerCounts(1)) {
  describe(`policies, with ${workers} workers`, () => {
    it('are told of in the log and counted, and end what they do not permit any more', async () => {
      await using mesh = await createMesh(objects)
      const open: ServerResponse[] = []
      await mesh.startPod('api', {
        address: `${NETWORK}.1`,
        port: 8080,
        answer: ({ url = '' }, response) => {
          response.write('hello')
          if (url.startsWith('/slow')) open.push(response)
          else response.end()
        },
      })
      const fairway = await mesh.startFairway(workers, ['--access-log', 'json', '--authz-log', '0'])
      const client = await mesh.dial(fairway)
      const other = await mesh.dial(fairway, 'shop/other')
      const status = async (from: typeof client, path: string): Promise<number> =>
        (await from.request(TO, { path })).status
      assert.deepEqual(
        [
          await status(client, '/'),
          await status(client, '/admin'),
          await status(client, '/old'),
          await status(other, '/'),
        ],
        [200, 403, 200, 403],
      )
      const lines = (): readonly { readonly path: string; readonly authorization?: Record<string, unknown> }[] =>
        fairway
          .stdout()
          .split('\n')
          .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line)] : []))
      await eventually('four lines', () => lines().length === 4)
      const told = lines()
        .map(({ path, authorization: by }) => [path, by?.['verdict'], by?.['policy'], by?.['principal']].join(' '))
        .toSorted()
      const web = 'spiffe://cluster.local/ns/shop/sa/client'
      assert.deepEqual(told, [
        '/   ',
        '/ deny  spiffe://cluster.local/ns/shop/sa/other',
        `/admin deny shop/admins ${web}`,
        `/old allow shop/clients ${web}`,
      ])

      const slow = ['/slow/1', '/slow/2'].map((path) => client.request(TO, { path }))
      const endings = Promise.allSettled(slow)
      await eventually('both are under way', () => open.length === 2)
      mesh.write([...objects, policy('closing', 'DENY', paths('/slow/1'))])
      await assert.rejects(Promise.race(slow))
      await eventually('a line of it', () => lines().some(({ path }) => path === '/slow/1'))
      const line = lines().find(({ path }) => path === '/slow/1')
      assert.deepEqual([line?.authorization?.['policy'], line?.authorization?.['verdict']], ['shop/closing', 'deny'])
      for (const response of open) response.end()
      const [first, second] = await endings
      assert.deepEqual([first?.status, second?.status], ['rejected', 'fulfilled'])

      const count = (action: string, verdict: string, mode: string): Promise<number> =>
        fairway.metric('fairway_authz_decisions_total', { action, verdict, mode })
      assert.deepEqual(
        [
          await count('allow', 'allow', 'enforce'),
          await count('deny', 'deny', 'enforce'),
          await count('none', 'deny', 'enforce'),
          await count('deny', 'deny', 'dry-run'),
        ],
        [3, 2, 1, 1],
      )
    })
  })
}
