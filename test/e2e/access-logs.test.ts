/** Who is told of requests: the flags, a MeshConfig's providers, Telemetry objects, flow records; at once, in files that are rotated. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { Collector } from '../support/otlp/collector.ts'
import { eventually } from './support/eventually.ts'
import { createMesh } from './support/mesh.ts'
import { replaceFile } from './support/mesh-certificates.ts'
import { backend, gateway, httpRoute, service } from './support/objects.ts'

const NETWORK = '127.71.78'
const TO = '10.96.0.60:80'

const telemetry = (accessLogging: object): object => ({
  apiVersion: 'telemetry.istio.io/v1',
  kind: 'Telemetry',
  metadata: { name: 'logs', namespace: 'shop' },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'api' }], accessLogging: [accessLogging] },
})

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.60', endpoints: [{ address: `${NETWORK}.1`, port: 8080 }] }),
  ...service({ name: 'plain', vip: '10.96.0.61', endpoints: [{ address: `${NETWORK}.2`, port: 8080 }] }),
  httpRoute('api', [{ matches: [{ path: { value: '/api' } }], backendRefs: [backend('api')] }]),
  telemetry({
    providers: [{ name: 'errors' }, { name: 'otel' }],
    filter: { expression: "response.code >= 400 && request.method == 'GET'" },
  }),
]

const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []

it('each log has the lines that are meant for it, in its own format', async () => {
  await using mesh = await createMesh(objects)
  await mesh.startPod('api', { address: `${NETWORK}.1`, port: 8080 })
  await mesh.startPod('plain', { address: `${NETWORK}.2`, port: 8080 })
  const file = (name: string): string => join(mesh.dir, name)
  const [meshFile, errors, flows] = [file('mesh.yaml'), file('errors.log'), file('flows.log')]
  await using collector = await Collector.start()
  const configOf = (code: string): string =>
    JSON.stringify({
      extensionProviders: [
        {
          name: 'errors',
          envoyFileAccessLog: { path: errors, logFormat: { labels: { code, by: '%DOWNSTREAM_PEER_URI_SAN%' } } },
        },
        {
          name: 'otel',
          envoyOtelAls: {
            ...{ service: 'localhost', port: collector.grpcPort },
            logFormat: { text: '%RESPONSE_FLAGS%', labels: { team: '%REQ(X-TEAM)%' } },
          },
        },
      ],
    })
  writeFileSync(meshFile, configOf('%RESPONSE_CODE%'))
  const format = '%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %REQ(X-TEAM)% %DOWNSTREAM_LOCAL_ADDRESS% %REQ(COOKIE)%'
  const fairway = await mesh.startFairway(2, [
    ...['--mesh-config', meshFile, '--access-log', 'text', '--access-log-format', format, '--flow-log', flows],
  ])
  const client = await mesh.dial(fairway)
  const get = (to: string, path: string) =>
    client.request(to, { path, headers: { 'x-team': 'blue', cookie: 'sid=hunter2' } })
  await get(TO, '/api/a')
  await get(TO, '/nowhere')
  await get('10.96.0.61:80', '/b?access_token=hunter2')
  await eventually('the log of the flags has what no Telemetry object speaks of', () =>
    fairway.stdout().endsWith('\n') ? fairway.stdout() : undefined,
  )
  assert.equal(fairway.stdout(), 'GET /b?access_token=(hidden) 200 blue 10.96.0.61:80 (hidden)\n')
  await eventually('the provider has the error', () => linesOf(errors).length === 1)
  assert.match(linesOf(errors)[0] ?? '', /^\{"code":404,"by":"spiffe:\/\/cluster\.local\/ns\/[^"]+"\}$/)
  await eventually('so has the collector', () => collector.logs.length === 1)
  const [reported] = collector.logs
  assert.deepEqual([reported?.body, reported?.severity, reported?.attributes], ['NR', 'WARN', { team: 'blue' }])
  await eventually('each has a flow', () => linesOf(flows).length === 3)
  const told = linesOf(flows).map((line) => {
    const { flow } = JSON.parse(line) as { flow: { verdict: string; l7: { http: { code: number; url: string } } } }
    return [flow.verdict, flow.l7.http.code]
  })
  assert.deepEqual(told, [
    ['FORWARDED', 200],
    ['ERROR', 404],
    ['FORWARDED', 200],
  ])
  assert.doesNotMatch(linesOf(flows).join(''), /hunter2/)

  // A file that was renamed is left to whoever did it.
  renameSync(errors, `${errors}.1`)
  await eventually('the file is there anew', async () => {
    await get(TO, '/nowhere')
    return linesOf(errors).length > 0
  })

  // A format that cannot be is told with its place, and costs that log its format, and nobody anything else.
  replaceFile(meshFile, configOf('%FILTER_STATE(a)%'))
  await eventually('the fault is told', () =>
    /mesh\.yaml:1:\d+: .*labels\.code: column 1: %FILTER_STATE% .*CEL\(/.test(fairway.stderr()),
  )
  const before = linesOf(errors).length
  await get(TO, '/nowhere')
  await eventually("Istio's own format", () => linesOf(errors).length > before)
  assert.match(linesOf(errors).at(-1) ?? '', /^\{"start_time":.*"response_code":404/)
  replaceFile(meshFile, configOf('now %RESPONSE_CODE%'))
  await eventually('the new one', async () => {
    await get(TO, '/nowhere')
    return linesOf(errors).at(-1)?.startsWith('{"code":"now 404"') === true
  })
})
