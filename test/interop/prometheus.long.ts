/** A real Prometheus reads a running waypoint, and finds something behind every line of its dashboard and every alert. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { alertGroups } from '../../scripts/generate/chart/alerts.ts'
import { dashboards } from '../../scripts/generate/chart/chart-files.ts'
import { startAllProtocols, type AllProtocols } from '../e2e/support/protocols/all-protocols.ts'
import { eventually } from '../e2e/support/eventually.ts'
import { NAMESPACE, service } from '../e2e/support/objects.ts'
import { Counters } from '../../src/proxy/counters.ts'
import { startAdmin } from '../../src/admin/admin.ts'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'
import { unusedDeps } from '../support/admin/admin-deps.ts'
import { formatRuleTests } from '../support/chart/alert-cases.ts'
import { makeRecord, traceOf } from '../support/exchange-records.ts'
import { run, skipWithout } from '../support/peer-process.ts'
import { startPrometheus, type Prometheus } from '../support/peers/prometheus.ts'

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

/** What promtool has against a page. */
const complaintsOf = async (page: string): Promise<readonly string[]> =>
  run('promtool', ['check', 'metrics'], Buffer.from(page)).then(
    () => [],
    (error: unknown) =>
      // Istio's names are not ours to choose: it minds their units.
      String(error)
        .split('\n')
        .filter((line) => /^\w+ /.test(line) && !/^(?:istio|nodejs)_/.test(line))
        .slice(1),
  )

describe('Prometheus', { skip }, () => {
  const open = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'fairway-prometheus-'))
  let mesh: AllProtocols
  let prometheus: Prometheus

  before(async () => {
    open.defer(() => rmSync(dir, { recursive: true, force: true }))
    writeFileSync(join(dir, 'mark.ts'), markTs)
    mesh = open.use(
      await startAllProtocols({ network, workers: 2, objects, flags: ['--filters', dir, '--access-log', 'json'] }),
    )
    const labels = { namespace: NAMESPACE, pod: 'waypoint-1' }
    const { metrics } = mesh.fairway.addresses
    prometheus = open.use(await startPrometheus({ dir, target: metrics, labels, ruleFiles: [alertsFile] }))
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
      const found = await prometheus.query('count(rate(istio_requests_total[10s]) > 0)')
      const closed = await prometheus.query('rate(istio_tcp_connections_closed_total[10s]) > 0')
      return JSON.stringify(found).includes('"5"') && closed.length > 0 ? true : undefined
    })
  })
  after(() => open.disposeAsync())

  it('reads the page without a complaint', async () => {
    const complaints = await complaintsOf(await mesh.scrape())
    assert.deepEqual(complaints, [])
    const { data } = await prometheus.ask('targets')
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
        assert.notDeepEqual(await prometheus.query(filled), [], filled)
      })
    }
  }

  it('takes the alerts, and evaluates each', async () => {
    await run('promtool', ['check', 'rules', alertsFile])
    const names = alertGroups.flatMap(([, alerts]) => alerts.map(({ name }) => name))
    const rules = await eventually('an evaluation of all', async () => {
      const { data } = await prometheus.ask('rules')
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

describe('exemplars', { skip }, () => {
  it('lead from a bucket to a trace of one that is in it', async () => {
    await using open = new AsyncDisposableStack()
    const dir = mkdtempSync(join(tmpdir(), 'fairway-exemplars-'))
    open.defer(() => rmSync(dir, { recursive: true, force: true }))
    const workers = ['a', 'b'].map((digit, i) => {
      const telemetry = createTelemetry({ counters: new Counters(), version: 'x' })
      open.defer(telemetry.close)
      const trace = traceOf(digit)
      telemetry.record(makeRecord({ trace, durationMs: 3 + 80 * i, startedAtEpochMs: Date.now() + i }))
      return telemetry
    })
    const admin = await startAdmin({
      bind: '127.0.0.1',
      ports: { ready: 0, metrics: 0, admin: 0 },
      deps: { ...unusedDeps, dumps: async () => workers.map(({ dump }) => dump()) },
    })
    open.defer(admin.close)
    const prometheus = open.use(await startPrometheus({ dir, target: admin.addresses.metrics, labels: {} }))
    const read = async (metric: string): Promise<Readonly<Record<string, unknown>>> => {
      const [start, end] = [Date.now() / 1000 - 600, Date.now() / 1000 + 600]
      const { data } = await prometheus.ask(`query_exemplars?query=${metric}&start=${start}&end=${end}`)
      const found = data as readonly {
        readonly seriesLabels: Readonly<Record<string, string>>
        readonly exemplars: readonly { readonly labels: object; readonly value: string }[]
      }[]
      return Object.fromEntries(
        found.flatMap(({ seriesLabels, exemplars }) =>
          exemplars.map(({ labels, value }) => [seriesLabels['le'] ?? '', { ...labels, value }]),
        ),
      )
    }
    const buckets = await eventually('exemplars of two buckets', async () => {
      const found = await read('istio_request_duration_milliseconds_bucket')
      return Object.keys(found).length === 2 ? found : undefined
    })
    const [a, b] = ['a', 'b'].map((digit) => ({ trace_id: digit.repeat(32), span_id: digit.repeat(16) }))
    assert.deepEqual(buckets, { '5.0': { ...a, value: '3' }, '100.0': { ...b, value: '83' } })
    assert.deepEqual(await read('istio_requests_total'), { '': { ...b, value: '1' } })
  })
})

describe('alerts', { skip }, () => {
  it('fire when they should, and not before', async () => {
    await using open = new AsyncDisposableStack()
    const dir = mkdtempSync(join(tmpdir(), 'fairway-alerts-'))
    open.defer(() => rmSync(dir, { recursive: true, force: true }))
    const file = join(dir, 'tests.yaml')
    writeFileSync(file, formatRuleTests(alertsFile))
    await run('promtool', ['test', 'rules', file])
  })
})
