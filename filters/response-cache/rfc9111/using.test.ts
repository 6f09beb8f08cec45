import {
  date,
  FRESH,
  get,
  kept,
  runCacheCases,
  TAGGED,
  type CacheCase,
} from '../../../test/support/filters/cache-cases.ts'

const cases: readonly CacheCase[] = [
  // 5.2.1: what requests want
  {
    name: 'no-cache asks, with what is known',
    steps: [
      get('miss v1', { says: TAGGED }),
      get('revalidated v1', {
        headers: { 'cache-control': 'no-cache' },
        status: 304,
        asks: { 'if-none-match': '"1"' },
      }),
      get('revalidated v1', { headers: { pragma: 'no-cache' }, status: 304 }),
      get('hit v1', { headers: { 'cache-control': 'no-cach', pragma: 'no-cache' } }),
    ],
  },
  {
    name: 'max-age, min-fresh and max-stale are heard',
    steps: [
      get('miss v1', { says: TAGGED }),
      get('hit v1', { at: 10, headers: { 'cache-control': 'max-age=10' } }),
      get('hit v1', { at: 11, headers: { 'cache-control': 'min-fresh=48' } }),
      get('stale v1', { at: 65, headers: { 'cache-control': 'max-stale=5' } }),
      get('stale v1', { at: 66, headers: { 'cache-control': 'max-stale' } }),
      get('revalidated v1', { at: 66, headers: { 'cache-control': 'max-stale=5' }, status: 304, says: FRESH }),
      get('revalidated v1', { at: 70, headers: { 'cache-control': 'max-age=3' }, status: 304, says: FRESH }),
      get('revalidated v1', { at: 80, headers: { 'cache-control': 'min-fresh=55' }, status: 304, says: FRESH }),
    ],
  },
  {
    name: 'only-if-cached never asks',
    steps: [
      get('only_if_cached nothing is stored that would do\n', { headers: { 'cache-control': 'only-if-cached' } }),
      get('miss v1', { says: TAGGED }),
      get('hit v1', { headers: { 'cache-control': 'only-if-cached' } }),
      get('only_if_cached nothing is stored that would do\n', {
        at: 60,
        headers: { 'cache-control': 'only-if-cached' },
      }),
    ],
  },
  // 5.2.2: what responses want
  {
    name: 'no-cache is asked for each time',
    steps: [
      get('miss v1', { says: { 'cache-control': 'no-cache', etag: '"1"' } }),
      get('revalidated v1', { status: 304, asks: { 'if-none-match': '"1"' } }),
      get('revalidated v1', { headers: { 'cache-control': 'max-stale' }, status: 304 }),
      get('via_upstream v4', { says: { 'cache-control': 'no-cache', etag: '"2"' } }),
      get('revalidated v4', { status: 304, asks: { 'if-none-match': '"2"' } }),
    ],
  },
  kept('no-cache without a validator', { 'cache-control': 'no-cache' }, false),
  {
    name: 'no-cache with fields leaves them out',
    steps: [
      get('miss v1', {
        says: {
          'cache-control': 'max-age=60, no-cache="Set-Cookie, x-user"',
          'set-cookie': 'a=b',
          'x-user': 'ada',
          'x-other': '1',
        },
      }),
      get('hit v1', { head: { 'set-cookie': undefined, 'x-user': undefined, 'x-other': '1' } }),
    ],
  },
  {
    name: 'no-cache with fields, twice, leaves all of them out',
    steps: [
      get('miss v1', {
        says: {
          'cache-control': 'max-age=60, no-cache="x-role", no-cache="x-user"',
          'x-user': 'ada',
          'x-role': 'cook',
        },
      }),
      get('hit v1', { head: { 'x-user': undefined, 'x-role': undefined } }),
    ],
  },
  ...['must-revalidate', 'proxy-revalidate', 's-maxage=60'].map((directive): CacheCase => ({
    name: `${directive} is never used when it is stale`,
    config: { staleWhileRevalidate: '1h', staleIfError: '1h' },
    steps: [
      get('miss v1', { says: { 'cache-control': `max-age=60, ${directive}`, etag: '"1"' } }),
      get('revalidated v1', {
        at: 61,
        headers: { 'cache-control': 'max-stale' },
        status: 304,
        says: { 'cache-control': `max-age=60, ${directive}` },
      }),
      get('via_upstream v3', { at: 122, status: 503, head: { 'cache-status': 'fairway; fwd=stale; fwd-status=503' } }),
    ],
  })),
  // 4.3: validation
  {
    name: 'a 304 freshens what is stored, and its fields take the place of the old ones',
    steps: [
      get('miss v1', { says: { ...TAGGED, 'x-a': '1', 'x-b': '1', 'content-type': 'text/html' } }),
      get('revalidated v1', {
        at: 60,
        status: 304,
        says: { ...FRESH, 'x-a': '2', 'content-type': 'text/x', 'content-length': '0' },
        head: { 'x-a': '2', age: '0' },
      }),
      get('hit v1', { at: 119, head: { 'x-a': '2', 'x-b': '1', 'content-type': 'text/html', age: '59' } }),
    ],
  },
  {
    name: 'a 304 for something else is no answer: the request goes on as it came',
    steps: [get('miss v1', { says: TAGGED }), get('miss ', { at: 60, status: 304, says: { etag: '"2"' } })],
  },
  {
    name: 'a 304 that forbids to store has it forgotten',
    steps: [
      get('miss v1', { says: TAGGED }),
      get('revalidated v1', { at: 60, status: 304, says: { 'cache-control': 'no-store' } }),
      get('miss v3', { at: 60, says: FRESH }),
    ],
  },
  {
    name: 'a whole answer takes the place of what was stored',
    steps: [
      get('miss v1', { says: TAGGED }),
      get('via_upstream v2', {
        at: 60,
        says: { ...FRESH, etag: '"2"' },
        head: { 'cache-status': 'fairway; fwd=stale; fwd-status=200; stored' },
      }),
      get('hit v2', { at: 61, head: { etag: '"2"' } }),
    ],
  },
  {
    name: 'an answer that is not to be stored takes its place as well',
    steps: [
      get('miss v1', { says: TAGGED }),
      get('via_upstream v2', { at: 60, says: { 'cache-control': 'no-store' } }),
      get('miss v3', { at: 60, says: FRESH }),
    ],
  },
  {
    name: 'a client is told that it has it already',
    steps: [
      get('miss v1', { says: { ...TAGGED, 'content-type': 'text/html' } }),
      get('hit ', {
        headers: { 'if-none-match': '"0", W/"1"' },
        head: { etag: '"1"', 'content-type': undefined, age: '0' },
      }),
      get('hit ', { headers: { 'if-none-match': '*' } }),
      get('hit v1', { headers: { 'if-none-match': '"2"' } }),
      get('hit v1', { headers: { 'if-none-match': '"x' } }),
      get('hit v1', { headers: { 'if-none-match': '"2"', 'if-modified-since': date(60) } }),
    ],
  },
  {
    name: 'by dates where there is no tag',
    steps: [
      get('miss v1', { says: { ...FRESH, 'last-modified': date(-100) } }),
      get('hit ', { headers: { 'if-modified-since': date(-100) } }),
      get('hit v1', { headers: { 'if-modified-since': date(-101) } }),
      get('hit v1', { headers: { 'if-modified-since': 'yesterday' } }),
    ],
  },
  {
    name: 'conditions of a client are not those of the cache',
    steps: [
      get('miss v1', { says: TAGGED }),
      get('revalidated ', {
        at: 60,
        headers: { 'if-none-match': '"1"' },
        status: 304,
        says: FRESH,
        asks: { 'if-none-match': '"1"' },
      }),
      get('revalidated v1', {
        at: 121,
        headers: { 'if-none-match': '"9"', 'if-modified-since': date(0) },
        status: 304,
        says: FRESH,
        asks: { 'if-none-match': '"1"', 'if-modified-since': undefined },
      }),
    ],
  },
  ...['if-match', 'if-unmodified-since'].map((name): CacheCase => ({
    name: `${name} is for the backend`,
    steps: [
      get('miss v1', { says: TAGGED }),
      get('miss v2', { headers: { [name]: '"1"' }, status: 412, head: { 'cache-status': 'fairway; fwd=bypass' } }),
    ],
  })),
  {
    name: 'a part is answered by the whole that is stored, and not stored itself',
    steps: [
      get('miss v1', {
        headers: { range: 'bytes=0-0' },
        status: 206,
        says: { ...FRESH, 'content-range': 'bytes 0-0/2' },
      }),
      get('miss v2', { says: FRESH }),
      get('hit v2', { headers: { range: 'bytes=0-0' }, head: { 'content-range': undefined } }),
    ],
  },
  {
    name: 'HEAD is answered from GET, and its answer stands for no GET',
    steps: [
      { ask: 'HEAD /a', says: { ...FRESH, 'content-length': '2' }, response: { body: '' }, is: 'miss ' },
      get('miss v2', { says: FRESH }),
      { ask: 'HEAD /a', is: 'hit ', head: { 'content-length': '2' } },
    ],
  },
  // 4.4: invalidation
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'FROBNICATE'].map((method): CacheCase => ({
    name: `${method} has what is stored forgotten`,
    steps: [
      get('miss v1', { says: FRESH }),
      { ask: `${method} /a`, status: 201, is: 'miss v2' },
      get('miss v3', { says: FRESH }),
    ],
  })),
  {
    name: 'an error of an unsafe method has changed nothing, nor has a safe one',
    steps: [
      get('miss v1', { says: FRESH }),
      { ask: 'POST /a', status: 403, is: 'miss v2' },
      { ask: 'OPTIONS /a', is: 'miss v3' },
      get('hit v1'),
    ],
  },
  {
    name: 'Location and Content-Location are forgotten too, on the same host',
    steps: [
      { ask: 'GET /b?c', says: FRESH, is: 'miss v1' },
      { ask: 'GET /d', says: FRESH, is: 'miss v2' },
      {
        ask: 'POST /a',
        status: 201,
        says: { location: '/b?c', 'content-location': 'http://other.example/d' },
        is: 'miss v3',
      },
      { ask: 'GET /b?c', says: FRESH, is: 'miss v4' },
      { ask: 'GET /d', is: 'hit v2' },
    ],
  },
  // RFC 5861
  {
    name: 'stale-while-revalidate answers at once, and asks behind',
    steps: [
      get('miss v1', { says: { 'cache-control': 'max-age=60, stale-while-revalidate=10', etag: '"1"' } }),
      get('stale v1', { at: 69, says: { ...FRESH, etag: '"2"' }, head: { 'cache-status': 'fairway; hit; ttl=-9' } }),
      get('hit v2', { at: 70 }),
    ],
  },
  {
    name: 'stale-while-revalidate has its end',
    steps: [
      get('miss v1', { says: { 'cache-control': 'max-age=60, stale-while-revalidate=10', etag: '"1"' } }),
      get('revalidated v1', { at: 70, status: 304 }),
    ],
  },
  {
    name: 'stale-while-revalidate of the configuration, for what says nothing',
    config: { staleWhileRevalidate: '10s' },
    steps: [get('miss v1', { says: FRESH }), get('stale v1', { at: 61, says: FRESH }), get('hit v2', { at: 62 })],
  },
  {
    name: 'stale-if-error stands in for errors, for so long',
    steps: [
      get('miss v1', { says: { 'cache-control': 'max-age=60, stale-if-error=10', etag: '"1"' } }),
      get('stale v1', { at: 69, status: 503, head: { 'cache-status': 'fairway; hit; fwd=stale; detail=error' } }),
      get('via_upstream v3', { at: 69, status: 404 }),
    ],
  },
  {
    name: 'stale-if-error has its end',
    steps: [
      get('miss v1', { says: { 'cache-control': 'max-age=60, stale-if-error=10', etag: '"1"' } }),
      get('via_upstream v2', { at: 70, status: 503 }),
    ],
  },
  // Keys
  {
    name: 'a query is part of what is asked for, but for parameters that do not count, which nobody sees',
    config: { ignoreQuery: ['utm_source', 'a b'] },
    steps: [
      { ask: 'GET /a?x=1', says: FRESH, is: 'miss v1' },
      { ask: 'GET /a?x=2', says: FRESH, is: 'miss v2' },
      { ask: 'GET /a?utm_source=1&x=1&utm%5Fsource=2&a+b', is: 'hit v1' },
      { ask: 'GET /a?utm_source=1', says: FRESH, is: 'miss v3' },
      { ask: 'GET /a', is: 'hit v3' },
    ],
  },
  {
    name: 'headers of the key',
    config: { keyHeaders: ['X-Tenant'] },
    steps: [
      get('miss v1', { headers: { 'x-tenant': 'a' }, says: FRESH }),
      get('miss v2', { headers: { 'x-tenant': 'b' }, says: FRESH }),
      get('hit v1', { headers: { 'x-tenant': 'a' } }),
    ],
  },
  ...['x-forwarded-host', 'x-original-url', 'x-forwarded-proto', 'forwarded', 'x-http-method-override'].map(
    (name): CacheCase => ({
      name: `${name} poisons nobody else's answers`,
      config: { sharing: 'Everyone' },
      steps: [
        get('miss v1', { headers: { [name]: 'evil.example' }, says: FRESH }),
        get('miss v2', { says: FRESH }),
        get('hit v2'),
        get('hit v1', { headers: { [name]: 'evil.example' } }),
      ],
    }),
  ),
  {
    name: 'a host, a Service and a rule have answers of their own',
    config: { sharing: 'Everyone' },
    steps: [
      get('miss v1', { says: FRESH }),
      get('miss v2', { says: FRESH, exchange: { authority: 'evil.example' } }),
      get('miss v3', { says: FRESH, exchange: { destination: { name: 'other' } } }),
      get('miss v4', {
        says: FRESH,
        exchange: { match: { route: 'HTTPRoute/shop/api', rule: '1', prefix: undefined } },
      }),
      get('hit v1', { exchange: { authority: 'API.shop' } }),
    ],
  },
  {
    name: 'a request with a body is nobody else’s',
    steps: [
      get('miss v1', { says: FRESH, exchange: { body: 'x' } }),
      get('miss v2', { says: FRESH }),
      get('miss v3', { exchange: { body: 'y' } }),
    ],
  },
]

runCacheCases('RFC 9111 and 5861, how what is stored is used', cases)
