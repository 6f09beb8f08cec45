/** A real Prometheus reads a running waypoint, and finds something behind every line of its dashboard and every alert. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { alertGroups } from '../../scripts/generate/chart/alerts.ts'
import { dashboards } from '../../scripts/generate/chart/chart-files.ts'
import { startAllProtocols, type AllProtocols } from '../e2e/support/protocols/all-protocols.ts'
import { eventually } from '../e2e/support/eventually.ts'
import { NAMESPACE, service } from '../e2e/support/objects.ts'
import { freePort, run, skipWithout, startPeer } from '../support/peer-process.ts'

const skip = skipWithout('prometheus') || skipWithout('promtool')

const network = '127.71.132'
const alertsFile = fileURLToPath(new URL('../../charts/fairway/monitoring/alerts.yaml', import.meta.url))

const target = [{ group: '', kind: 'Service', name: 'web' }]

/** A Service without endpoints. */
const NOBODY = '10.96.0.13'

/** Makes decisions and calls of filters, so that there is something to tell of them. */
const objects: readonly object[] = [
  ...service({ name: 'nobody', vip: NOBODY, endpoints: [] }),
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { targetRefs: target, action: 'DENY', rules: [{ to: [{ operation: { paths: ['/secret'] } }] }] },
  },
  {
    apiVersion: 'fairway.dev/v1alpha1',
    kind: 'Filter',
    metadata: { name: 'mark', namespace: NAMESPACE },
    spec: { targetRefs: target, module: 'mark.ts' },
  },
]

const markTs = `import { schema } from 'fairway/filter'
const mark = {
  kind: 'Mark',
  stage: 'shape',
  config: schema.anything(),
  create: () => ({ onRequest: ({ request }) => request.headers.set('x-mark', '1') }),
}; export default mark`

/** What Grafana would put in place of its variables. */
const fill = (expression: string): string =>
  expression.replaceAll('$__rate_interval', '10s').replaceAll(/\$(?:namespace|pod|service)\b/g, '.*')

/** Lines that are only drawn where something is not as it should be, without that condition. */
const always = (expression: string): string => expression.replace(/ > 0$/, '')

describe('Prometheus', { skip }, () => {
  const open = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'fairway-prometheus-'))
  let mesh: AllProtocols
  let url = ''

  const ask = async (path: string): Promise<{ readonly data: unknown }> => {
    const response = await fetch(`${url}/api/v1/${path}`)
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return JSON.parse(text) as { readonly data: unknown }
  }

  const query = async (expression: string): Promise<readonly unknown[]> => {
    const { data } = await ask(`query?query=${encodeURIComponent(expression)}`)
    return (data as { readonly result: readonly unknown[] }).result
  }

  before(async () => {
    open.defer(() => rmSync(dir, { recursive: true, force: true }))
    writeFileSync(join(dir, 'mark.ts'), markTs)
    mesh = open.use(
      await startAllProtocols({ network, workers: 2, objects, flags: ['--filters', dir, '--access-log', 'json'] }),
    )
    const rules = join(dir, 'rules.yaml')
    writeFileSync(rules, readFileSync(alertsFile))
    const labels = { namespace: NAMESPACE, pod: 'waypoint-1' }
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [
        {
          job_name: 'waypoints',
          metrics_path: '/stats/prometheus',
          static_configs: [{ targets: [mesh.fairway.addresses.metrics], labels }],
        },
      ],
    }
    const file = join(dir, 'prometheus.yaml')
    writeFileSync(file, stringify(config))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    open.use(
      await startPeer(
        'prometheus',
        [`--config.file=${file}`, `--storage.tsdb.path=${join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${port}`],
        port,
      ),
    )
    // Enough of all kinds for a rate: answers, refusals, failures, calls that end well and badly, connections.
    const ofAllKinds = async (): Promise<void> => {
      assert.equal(await mesh.request(), 200)
      assert.equal(await mesh.request('/secret'), 403)
      assert.equal((await mesh.client.request(`${NOBODY}:80`)).status, 503)
      await mesh.call('Collect', ['a', 'b'])
      await mesh.call('Unary', ['fail 5'])
      const connection = await mesh.open('echo')
      connection.end('hello')
      connection.resume()
      await once(connection, 'end')
    }
    await eventually('rates of all kinds', async () => {
      await ofAllKinds()
      const found = await query('count(rate(istio_requests_total[10s]) > 0)')
      const closed = await query('rate(istio_tcp_connections_closed_total[10s]) > 0')
      return JSON.stringify(found).includes('"5"') && closed.length > 0 ? true : undefined
    })
  })
  after(() => open.disposeAsync())

  it('reads the page without a complaint', async () => {
    await run('promtool', ['check', 'metrics'], Buffer.from(await mesh.scrape())).catch((error: unknown) => {
      // Istio's names are not ours to choose: it minds their units.
      const complaints = String(error)
        .split('\n')
        .filter((line) => /^\w+ /.test(line) && !/^(?:istio|nodejs)_/.test(line))
      assert.deepEqual(complaints.slice(1), [])
    })
    const { data } = await ask('targets')
    const { activeTargets } = data as { readonly activeTargets: readonly { readonly lastError: string }[] }
    assert.deepEqual(
      activeTargets.map(({ lastError }) => lastError),
      [''],
    )
  })

  for (const { title, lines } of dashboards.waypoints.rows.flatMap(({ panels }) => panels)) {
    for (const [legend, expression] of lines) {
      it(`${title}: ${legend} has data`, async () => {
        const filled = fill(always(expression))
        assert.notDeepEqual(await query(filled), [], filled)
      })
    }
  }

  it('takes the alerts, and evaluates each', async () => {
    await run('promtool', ['check', 'rules', alertsFile])
    const names = alertGroups.flatMap(([, alerts]) => alerts.map(({ name }) => name))
    const rules = await eventually('an evaluation of all', async () => {
      const { data } = await ask('rules')
      const { groups } = data as {
        readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[]
      }
      const all = groups.flatMap((group) => group.rules)
      return all.every(({ health }) => health !== 'unknown') && all.length > 0 ? all : undefined
    })
    assert.deepEqual(rules.map(({ name }) => name).toSorted(), names.toSorted())
    assert.deepEqual(
      rules.filter(({ health }) => health !== 'ok'),
      [],
    )
  })
})
