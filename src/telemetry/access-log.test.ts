import assert from 'node:assert/strict'
import { close, open } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { ExchangeRecord } from '../filter/record.ts'
import { canaryEndpoint, makeRecord, unknownSource } from '../../test/support/exchange-records.ts'
import { turn } from '../../test/support/turns.ts'
import { formatAccessLine } from './access-line.ts'
import { createAccessLog, createFileWriter } from './access-log.ts'

test('a JSON line has Istio’s keys', () => {
  assert.deepEqual(JSON.parse(formatAccessLine(makeRecord(), 'json')), {
    start_time: '2025-01-15T12:00:00.123Z',
    route_name: 'HTTPRoute/shop/api/0',
    method: 'GET',
    path: '/items?q=1',
    protocol: 'HTTP/1.1',
    response_code: 200,
    response_flags: '-',
    response_code_details: 'via_upstream',
    connection_termination_details: null,
    bytes_received: 91,
    bytes_sent: 1211,
    duration: 12,
    upstream_service_time: 10,
    x_forwarded_for: null,
    user_agent: 'curl/8.5.0',
    request_id: '0f2a',
    authority: 'api.shop',
    upstream_host: '10.0.3.7:8080',
    upstream_cluster: 'inbound-vip|80|http|api-canary.shop.svc.cluster.local',
    upstream_local_address: null,
    downstream_local_address: null,
    downstream_remote_address: '10.0.1.5:41234',
    requested_server_name: null,
    upstream_transport_failure_reason: null,
  })
})

test('a text line has Istio’s order', () => {
  assert.equal(
    formatAccessLine(makeRecord(), 'text'),
    '[2025-01-15T12:00:00.123Z] "GET /items?q=1 HTTP/1.1" 200 - via_upstream - "-" 91 1211 12 10 "-" "curl/8.5.0" ' +
      '"0f2a" "api.shop" "10.0.3.7:8080" inbound-vip|80|http|api-canary.shop.svc.cluster.local - - 10.0.1.5:41234 - ' +
      'HTTPRoute/shop/api/0\n',
  )
})

test('what did not happen is null in JSON and - in text', () => {
  const record = makeRecord({
    source: unknownSource,
    status: 0,
    flags: 'DC',
    details: '',
    upstreamMs: -1,
    requestId: undefined,
    userAgent: '',
    route: undefined,
    rule: undefined,
    endpoint: undefined,
    backend: undefined,
  })
  const json = JSON.parse(formatAccessLine(record, 'json'))
  const keys = ['route_name', 'response_code_details', 'upstream_service_time', 'request_id', 'user_agent']
  for (const key of [...keys, 'upstream_host', 'upstream_cluster']) assert.equal(json[key], null, key)
  assert.match(
    formatAccessLine(record, 'text'),
    / 0 DC - - "-" 91 1211 12 - "-" "-" "-" "api\.shop" "-" - - - \S+ - -\n$/,
  )
})

test('secret query parameters are hidden in both formats', () => {
  const record = makeRecord({ path: '/a?page=2&access_token=hunter2' })
  assert.equal(JSON.parse(formatAccessLine(record, 'json')).path, '/a?page=2&access_token=(hidden)')
  assert.match(formatAccessLine(record, 'text'), / \/a\?page=2&access_token=\(hidden\) /)
})

test('a JSON line tells of the tries before the last one, when there were any', () => {
  const line = (tries: ExchangeRecord['tries']) =>
    JSON.parse(formatAccessLine(makeRecord({ tries }), 'json')) as Record<string, unknown>
  assert.equal('upstream_tries' in line([]), false)
  const { endpoint } = makeRecord()
  const failure = 'HBONE connect to 10.0.0.1:15008 failed'
  const tries: ExchangeRecord['tries'] = [
    { endpoint, status: 503, reason: 'status', failure: '', durationMs: 12.4 },
    { endpoint: undefined, status: 0, reason: 'connect-failed', failure, durationMs: 3 },
  ]
  const { upstream_host: host } = line([])
  assert.deepEqual(line(tries)['upstream_tries'], [
    { host, status: 503, reason: 'status', failure: null, duration: 12 },
    { host: null, status: null, reason: 'connect-failed', failure, duration: 3 },
  ])
})

test('a JSON line of a gRPC call has its status, which is not that of HTTP', () => {
  const line = (record: Partial<ExchangeRecord>): unknown =>
    (JSON.parse(formatAccessLine(makeRecord(record), 'json')) as Record<string, unknown>)['grpc_status']
  assert.equal(line({ protocol: 'grpc', grpcStatus: '14' }), '14')
  assert.equal(line({ protocol: 'grpc', grpcStatus: '' }), null)
  assert.equal(line({ protocol: 'http', grpcStatus: '' }), undefined)
})

test('an IPv6 endpoint stands in brackets', () => {
  const record = makeRecord({ endpoint: { ...canaryEndpoint, address: 'fd00::7' } })
  assert.equal(JSON.parse(formatAccessLine(record, 'json')).upstream_host, '[fd00::7]:8080')
})

const attacks = ['a\nb', 'a\r\n[2025', 'a" 200 - "', 'a\\', '\u001b[2J', '\u009b2J', '\u0000', '\u2028x', '\u007f']

for (const attack of attacks) {
  const record = makeRecord({ path: attack, userAgent: attack, authority: attack, details: attack, requestId: attack })
  test(`the value ${JSON.stringify(attack)} stays inside its field`, () => {
    const json = formatAccessLine(record, 'json')
    assert.equal(JSON.parse(json).path, attack)
    const text = formatAccessLine(record, 'text')
    for (const line of [json, text]) assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u2029]/u)
    const fields = text.slice(0, -1).match(/\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S+/g) ?? []
    assert.equal(fields.length, 22)
    assert.equal(fields[10], '10')
    assert.equal(fields[21], 'HTTPRoute/shop/api/0')
  })
}

test('a reason with blanks shifts no column', () => {
  const text = formatAccessLine(makeRecord({ details: 'denied by policy' }), 'text')
  assert.ok(text.includes(' 200 - denied_by_policy - "-" '))
})

test('endless values are cut', () => {
  assert.ok(formatAccessLine(makeRecord({ path: `/${'a'.repeat(100_000)}` }), 'json').length < 10_000)
})

/** A place to write to that takes one batch at a time, when it is told to. */
const startSlow = (options: { readonly maxWaiting?: number } = {}) => {
  const batches: string[] = []
  let release = (): void => {}
  const log = createAccessLog({
    format: 'text',
    write: (lines) => {
      batches.push(lines)
      return new Promise((resolve) => {
        release = resolve
      })
    },
    ...options,
  })
  return { log, batches, release: () => release() }
}

test('all lines of a turn go out in one write, and one write at a time', async () => {
  const { log, batches, release } = startSlow()
  for (let i = 0; i < 5; i++) log.record(makeRecord())
  assert.equal(batches.length, 0)
  await turn()
  assert.deepEqual(
    batches.map((batch) => batch.split('\n').length - 1),
    [5],
  )
  log.record(makeRecord())
  log.record(makeRecord())
  await turn()
  assert.equal(batches.length, 1)
  release()
  await turn()
  assert.deepEqual(
    batches.map((batch) => batch.split('\n').length - 1),
    [5, 2],
  )
  release()
  await log.flush()
})

test('a reader that stops costs lines, not memory, and whole lines only', async () => {
  const line = formatAccessLine(makeRecord(), 'text')
  const { log, batches, release } = startSlow({ maxWaiting: line.length * 3 })
  log.record(makeRecord())
  await turn()
  for (let i = 0; i < 10; i++) log.record(makeRecord())
  assert.equal(log.dropped(), 7)
  release()
  await turn()
  assert.equal(batches[1], line.repeat(3))
  log.record(makeRecord())
  assert.equal(log.dropped(), 7)
  release()
  await turn()
  release()
  await log.flush()
  assert.equal(batches.length, 3)
})

test('a write that fails is counted, and the log goes on', async () => {
  const written: string[] = []
  let fails = true
  const log = createAccessLog({
    format: 'text',
    write: async (lines) => {
      if (fails) throw new Error('EPIPE')
      written.push(lines)
    },
  })
  log.record(makeRecord())
  log.record(makeRecord())
  await log.flush()
  assert.equal(log.dropped(), 2)
  fails = false
  log.record(makeRecord())
  await log.flush()
  assert.equal(written.length, 1)
})

test('lines reach a file whole and in order', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-log-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const path = join(dir, 'access.log')
  const fd = await promisify(open)(path, 'w')
  const log = createAccessLog({ format: 'json', write: createFileWriter(fd) })
  for (let i = 0; i < 1000; i++) {
    log.record(makeRecord({ path: `/${i}/ü` }))
    if (i % 100 === 0) await turn()
  }
  await log.flush()
  await promisify(close)(fd)
  const lines = (await readFile(path, 'utf8')).trim().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).path),
    Array.from({ length: 1000 }, (_, i) => `/${i}/ü`),
  )
})

test('a closed file is an error of the write, not of the process', async () => {
  const log = createAccessLog({ format: 'json', write: createFileWriter(987_654) })
  log.record(makeRecord())
  await log.flush()
  assert.equal(log.dropped(), 1)
})
