import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import type { ExchangeRecord } from '../../../filter/record.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { canaryEndpoint, canaryService, makeRecord, unknownSource } from '../../../../test/support/exchange-records.ts'
import { lineOf, testLogHost } from '../../../../test/support/telemetry/log-host.ts'
import { createLineWriter, jsonFormat } from './line-writer.ts'
import { compileLogFormat, compileText } from './compile-log-format.ts'
import { compileCondition } from '../../../lib/expression/compile-expression.ts'
import { attributeScope } from '../attribute-scope.ts'
import type { Told } from '../told.ts'
import { createTimeWriter } from './write-time.ts'

test('a JSON line has Istio’s keys', () => {
  assert.deepEqual(JSON.parse(lineOf(makeRecord(), 'json')), {
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
    upstream_service_time: '10',
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
    lineOf(makeRecord(), 'text'),
    '[2025-01-15T12:00:00.123Z] "GET /items?q=1 HTTP/1.1" 200 - via_upstream - "-" 91 1211 12 10 "-" "curl/8.5.0" ' +
      '"0f2a" "api.shop" "10.0.3.7:8080" inbound-vip|80|http|api-canary.shop.svc.cluster.local - - 10.0.1.5:41234 - ' +
      'HTTPRoute/shop/api/0\n',
  )
})

test('a line has what its exchange was, whatever the lines before it had', () => {
  const other = {
    ...{ method: 'PUT', status: 503, flags: 'UF', details: 'x"y', route: 'HTTPRoute/shop/b', rule: undefined },
    ...{ backend: undefined, source: unknownSource, called: '10.96.0.1:80', protocol: 'tcp' as const },
  }
  const records = [
    makeRecord(),
    makeRecord({ backend: canaryService }),
    makeRecord({ backend: canaryService, protocol: 'tcp' }),
    makeRecord({ endpoint: { ...canaryEndpoint, address: '10.0.3.8' }, rule: '1' }),
    makeRecord(other),
    makeRecord({ ...other, rule: '0' }),
    makeRecord({ route: undefined, rule: '0', endpoint: undefined }),
    makeRecord({ startedAtEpochMs: 1 }),
  ]
  for (const format of [undefined, jsonFormat]) {
    const write = createLineWriter(format, testLogHost)
    for (let i = 0; i < 300; i++) {
      // Some of them twice and three times, each before and after each.
      const record = records[(i * i) % 7 === 0 ? i % 8 : (i >> 3) % 8] ?? makeRecord()
      const told = { record, exchange: undefined }
      assert.equal(write(told), createLineWriter(format, testLogHost)(told))
    }
  }
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
  const json = JSON.parse(lineOf(record, 'json'))
  const keys = ['route_name', 'response_code_details', 'upstream_service_time', 'request_id', 'user_agent']
  for (const key of [...keys, 'upstream_host', 'upstream_cluster']) assert.equal(json[key], null, key)
  assert.match(lineOf(record, 'text'), / 0 DC - - "-" 91 1211 12 - "-" "-" "-" "api\.shop" "-" - - - \S+ - -\n$/)
})

test('secret query parameters are hidden in both formats', () => {
  const record = makeRecord({ path: '/a?page=2&access_token=hunter2' })
  assert.equal(JSON.parse(lineOf(record, 'json')).path, '/a?page=2&access_token=(hidden)')
  assert.match(lineOf(record, 'text'), / \/a\?page=2&access_token=\(hidden\) /)
})

test('a JSON line tells of the tries before the last one, when there were any', () => {
  const line = (tries: ExchangeRecord['tries']) =>
    JSON.parse(lineOf(makeRecord({ tries }), 'json')) as Record<string, unknown>
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
    (JSON.parse(lineOf(makeRecord(record), 'json')) as Record<string, unknown>)['grpc_status']
  assert.equal(line({ protocol: 'grpc', grpcStatus: '14' }), '14')
  assert.equal(line({ protocol: 'grpc', grpcStatus: '', status: 503 }), '14')
  assert.equal(line({ protocol: 'grpc', grpcStatus: '', status: 0 }), null)
  assert.equal(line({ protocol: 'http', grpcStatus: '' }), undefined)
})

test('an IPv6 endpoint stands in brackets', () => {
  const record = makeRecord({ endpoint: { ...canaryEndpoint, address: 'fd00::7' } })
  assert.equal(JSON.parse(lineOf(record, 'json')).upstream_host, '[fd00::7]:8080')
})

const attacks = ['a\nb', 'a\r\n[2025', 'a" 200 - "', 'a\\', '\u001b[2J', '\u009b2J', '\u0000', '\u2028x', '\u007f']

for (const attack of attacks) {
  const record = makeRecord({ path: attack, userAgent: attack, authority: attack, details: attack, requestId: attack })
  test(`the value ${JSON.stringify(attack)} stays inside its field`, () => {
    const json = lineOf(record, 'json')
    assert.equal(JSON.parse(json).path, attack)
    const text = lineOf(record, 'text')
    for (const line of [json, text]) assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u2029]/u)
    const fields = text.slice(0, -1).match(/\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S+/g) ?? []
    assert.equal(fields.length, 22)
    assert.equal(fields[10], '10')
    assert.equal(fields[21], 'HTTPRoute/shop/api/0')
  })
}

test('a reason with blanks shifts no column', () => {
  const text = lineOf(makeRecord({ details: 'denied by policy' }), 'text')
  assert.ok(text.includes(' 200 - denied_by_policy - "-" '))
})

test('endless values are cut', () => {
  assert.ok(lineOf(makeRecord({ path: `/${'a'.repeat(100_000)}` }), 'json').length < 10_000)
})

const told: Told = {
  record: makeRecord({
    called: '10.96.0.12:80',
    path: '/items?q=1&token=s3cret',
    protocol: 'grpc',
    grpcStatus: '4',
    flags: 'UF,URX',
    requestEndAtMs: 3,
    headAtMs: 8,
    responseTrailers: new HeaderList(['x-cost', '12']),
    termination: '',
    tries: [],
  }),
  exchange: {
    request: {
      ...{ method: 'GET', scheme: 'http', authority: 'api.shop', path: '/v2/items', query: '?q=1&token=s3cret' },
      headers: new HeaderList([
        ...[
          'x-team',
          'blue',
          'x-api-key',
          's3cret',
          'authorization',
          'Bearer abcdef123',
          'cookie',
          'sid=1',
          'x-quote',
          'a "b" c',
        ],
        ...['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'referer', 'http://u:p@h/'],
      ]),
    },
    response: { status: 200, headers: new HeaderList(['server', 'nginx', 'set-cookie', 'sid=1']) },
  },
}

/** Formats and what a line of them is. */
const formats: Readonly<Record<string, string>> = {
  '%%': '%',
  '%START_TIME(%Y/%m/%d %H:%M:%S.%6f)%': '2025/01/15 12:00:00.123000',
  '%START_TIME(%s)%': '1736942400',
  '%START_TIME(%b %e %j %I%p %a)%': 'Jan 15 015 12PM Wed',
  '%EMIT_TIME%': '2025-01-15T12:00:00.135Z',
  '%REQ(:METHOD)% %REQ(:PATH)%': 'GET /v2/items?q=1&token=(hidden)',
  '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%': '/items?q=1&token=(hidden)',
  '%REQ(X-ENVOY-ORIGINAL-PATH)%': '/items?q=1&token=(hidden)',
  '%PATH(NQ)% %PATH(WQ:PATH)%': '/items /v2/items?q=1&token=(hidden)',
  '%QUERY_PARAM(q)% %QUERY_PARAM(token)% %QUERY_PARAM(z)%': '1 (hidden) -',
  '%REQ(X-Team)% %REQ(X-NONE?X-TEAM)% %REQ(X-NONE)%': 'blue blue -',
  '%REQ(AUTHORIZATION)% %REQ(COOKIE)% %RESP(SET-COOKIE)%': '(hidden) (hidden) (hidden)',
  '%REQ(REFERER)%': 'http://(hidden)@h/',
  '%REQ(X-TEAM):2%': 'bl',
  '"%REQ(X-QUOTE)%"': '"a \\"b\\" c"',
  '%REQ(X-QUOTE)%': 'a_\\"b\\"_c',
  '%RESP(SERVER)% %RESP(:STATUS)% %TRAILER(X-COST)%': 'nginx 200 12',
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%': '10',
  '%PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%': 'HTTP/1.1 200 via_upstream',
  '%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%': 'UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded',
  '%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%': 'DeadlineExceeded DEADLINE_EXCEEDED 4',
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION%': '91 1211 12',
  '%REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%': '3 8 4',
  '%COMMON_DURATION(DS_RX_END:US_RX_BEG:us)%': '5000',
  '%UPSTREAM_HOST% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%': '10.0.3.7:8080 10.0.3.7 8080',
  '%UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT%': 'inbound-vip|80|http|api-canary.shop.svc.cluster.local 1',
  '%UPSTREAM_PEER_URI_SAN%': 'spiffe://cluster.local/ns/shop/sa/api',
  '%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_TLS_VERSION%': 'spiffe://cluster.local/ns/web/sa/shop-front TLSv1.3',
  '%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%':
    '10.0.1.5:41234 10.0.1.5 41234',
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT%': '10.96.0.12:80 80',
  '%CONNECTION_ID% %STREAM_ID% %TRACE_ID%': '7 0f2a 4bf92f3577b34da6a3ce929d0e0e4736',
  '%HOSTNAME% %ENVIRONMENT(POD_NAMESPACE)% %ENVIRONMENT(NOT_SET)% %ENVIRONMENT(constructor)%': 'waypoint-1 shop - -',
  '%ACCESS_LOG_TYPE% %ROUTE_NAME% %UPSTREAM_LOCAL_ADDRESS%': 'DownstreamEnd HTTPRoute/shop/api/0 -',
  "%CEL(downstream_peer.workload + '/' + request.headers['x-team'])%": 'front/blue',
  "%CEL(request.headers['X-Api-Key'])% %CEL(request.path)% %CEL(request.query)%":
    '(hidden) /items?q=1&token=(hidden) q=1&token=(hidden)',
  '%CEL(response.code)% %CEL(connection.mtls)%': '200 true',
  "%CEL(request.headers[':PATH'])%": '/v2/items?q=1&token=(hidden)',
  '%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)% %REQ_WITHOUT_QUERY(:PATH)% %REQ_WITHOUT_QUERY(X-NONE)%':
    '/items /v2/items -',
  '%START_TIME(%s.%f)%': '1736942400.123000000',
}

describe('a format of its own', () => {
  for (const [format, line] of Object.entries(formats)) {
    it(`${format} comes to ${line}`, () => assert.equal(compileText(`${format}\n`, testLogHost)(told), line))
  }

  it('as JSON keeps types, and quotes what is put together', () => {
    const labels = {
      ...{ code: '%RESPONSE_CODE%', who: '%REQ(USER-AGENT)% from %REQ(X-NONE)%', no: '%REQ(X-NONE)%', five: 5 },
      deep: { list: ['%DURATION%', true], 'a"b': '100%%' },
    }
    const line = lineOf(makeRecord({ userAgent: 'a"b\n' }), { kind: 'labels', labels, omitsEmpty: false })
    const parsed: unknown = JSON.parse(line)
    const deep = { list: [12, true], 'a"b': '100%' }
    assert.deepEqual(parsed, { code: 200, who: 'a"b\n from -', no: null, five: 5, deep })
    const short = lineOf(makeRecord(), {
      kind: 'labels',
      labels: { no: '%REQ(X)%', a: '%DURATION%' },
      omitsEmpty: true,
    })
    assert.equal(short, '{"a":12}\n')
    assert.equal(lineOf(makeRecord(), { kind: 'labels', labels: {}, omitsEmpty: false }), '{}\n')
  })
})

describe('a condition about exchanges', () => {
  const conditions: readonly (readonly [condition: string, holds: boolean])[] = [
    ['response.code >= 400', false],
    ["response.flags_text.contains('UF') && response.grpc_status == 4", true],
    // Envoy's bits of UF (5) and URX (15).
    ['response.flags == 32800', true],
    ["request.duration > duration('12ms')", true],
    ["xds.route_name.startsWith('HTTPRoute/shop/')", true],
    ["request.headers['X-Team'] == 'blue' && 'x-none' in request.headers == false", true],
    ["request.url_path == '/items' && request.query.startsWith('q=1')", true],
    ["response.headers['Server'] == 'nginx' && response.trailers['x-cost'] == '12'", true],
    ["upstream_peer.version == 'v2' && downstream_peer.namespace == 'web'", true],
    ["destination.service.name == 'api' && destination.port == 80 && source.port == 41234", true],
    ["connection.mtls && connection.uri_san_peer_certificate.endsWith('/sa/shop-front')", true],
    ["request.headers[':path'] == '/v2/items?q=1&token=s3cret' && request.headers[':Method'] == 'GET'", true],
    ["request.headers[':authority'] == 'api.shop' && request.headers[':scheme'] == 'http'", true],
    ["response.headers[':status'] == '200' && !(':status' in request.headers)", true],
    ['sample(0.5)', false],
  ]
  for (const [condition, holds] of conditions) {
    it(`${condition} is ${holds}`, () => {
      const compiled = compileCondition(
        condition,
        attributeScope(() => 0.7),
      )
      assert.ok(compiled.ok, JSON.stringify(compiled))
      assert.equal(compiled.value(told), holds)
    })
  }
})

test('what failed without an answer has no code to compare', () => {
  for (const failed of [
    makeRecord({ status: 0, flags: 'DC' }),
    makeRecord({ status: 0, flags: 'UF', protocol: 'tcp' }),
  ]) {
    for (const [condition, holds] of [
      ['!has(response.code) || response.code >= 500', true],
      ['has(response.code)', false],
      ['response.code < 400', false],
    ] as const) {
      const compiled = compileCondition(
        condition,
        attributeScope(() => 0),
      )
      assert.ok(compiled.ok)
      assert.equal(compiled.value({ record: failed, exchange: undefined }), holds, condition)
    }
  }
  const labels = { code: '%RESPONSE_CODE%', status: '%RESP(:STATUS)%', shown: '%CEL(response.code)%' }
  const line = lineOf(makeRecord({ status: 0 }), { kind: 'labels', labels, omitsEmpty: false })
  assert.deepEqual(JSON.parse(line), { code: 0, status: null, shown: null })
})

test('a header is a text in JSON, and one that is there and empty is not another', () => {
  const labels = {
    status: '%RESP(:STATUS)%',
    ms: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
    either: '%REQ(X-EMPTY?X-TEAM)%',
  }
  const format = compileLogFormat({ kind: 'labels', labels, omitsEmpty: false }, testLogHost)
  const { record, exchange } = told
  assert.ok(exchange)
  const headers = new HeaderList(['x-empty', '', 'x-team', 'blue'])
  const line = format({ record, exchange: { ...exchange, request: { ...exchange.request, headers } } })
  assert.deepEqual(JSON.parse(line), { status: '200', ms: '10', either: null })
})

test('of fields of one name operators write the first, and expressions all; but for those that Envoy joins', () => {
  const twice = (...names: string[]) =>
    new HeaderList(names.flatMap((name) => ['x-other', '-', name, 'one', name, 'two']))
  const { record, exchange } = told
  assert.ok(exchange)
  const asked = {
    record: { ...record, responseTrailers: twice('x-cost') },
    exchange: {
      request: { ...exchange.request, headers: twice('c', 'x-forwarded-host', 'x-envoy-ip-tags') },
      response: { status: 200, headers: twice('link', 'vary') },
    },
  }
  for (const [format, line] of [
    ['%REQ(C)% %REQ(NONE?C)% %RESP(LINK)% %TRAILER(X-COST)%', 'one one one one'],
    ['%REQ(X-FORWARDED-HOST)% %REQ(X-ENVOY-IP-TAGS)% %RESP(VARY)%', 'one,_two one,_two one,_two'],
    ["%CEL(request.headers['c'])% %CEL(response.trailers['x-cost'])%", 'one,_two one,_two'],
  ] as const)
    assert.equal(compileText(`${format}\n`, testLogHost)(asked), line)
})

test('a header in UTF-8 can be read in a line', () => {
  const userAgent = Buffer.from('Müller €', 'utf8').toString('latin1')
  assert.equal(JSON.parse(lineOf(makeRecord({ userAgent }), 'json')).user_agent, 'Müller €')
  assert.match(lineOf(makeRecord({ userAgent }), 'text'), /"Müller €"/)
})

test('a call that was given up has one name in each form', () => {
  const format = compileText('%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%', testLogHost)
  const line = (record: Partial<ExchangeRecord>): string =>
    format({ record: makeRecord({ protocol: 'grpc', ...record }), exchange: undefined })
  assert.equal(line({ grpcStatus: '1' }), 'Canceled CANCELLED 1')
  assert.equal(line({ status: 502 }), 'Unavailable UNAVAILABLE 14')
})

for (const [address, host, port] of [
  ['10.0.1.5:41234', '10.0.1.5', '41234'],
  ['10.0.1.5', '10.0.1.5', '-'],
  ['fd00::1', 'fd00::1', '-'],
  ['[fd00::1]:80', 'fd00::1', '80'],
] as const) {
  test(`of the address ${address} the host is ${host}`, () => {
    const record = makeRecord({ source: { ...unknownSource, address } })
    const format = '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%'
    assert.equal(lineOf(record, { kind: 'text', text: format }), `${host} ${port}\n`)
  })
}

test('times go on from second to second, and back', () => {
  const write = createTimeWriter()
  for (const time of [1_736_942_400_999, 1_736_942_401_000, 1_736_942_400_007, 0.4, 1_736_942_401_010.6]) {
    assert.equal(write(time), new Date(time).toISOString())
  }
})
