import {
  auth,
  date,
  FRESH,
  get,
  kept,
  runCacheCases,
  type CacheCase,
} from '../../../test/support/filters/cache-cases.ts'

const cases: readonly CacheCase[] = [
  // 3: storing
  kept('what says how long it is fresh', FRESH, true),
  kept('what says nothing', {}, false),
  kept('what has a tag and says nothing', { etag: '"1"' }, false),
  kept('no-store', { 'cache-control': 'no-store, max-age=60' }, false),
  kept('NO-STORE in capitals', { 'cache-control': 'max-age=60, NO-STORE' }, false),
  kept('private', { 'cache-control': 'private, max-age=60' }, false),
  kept('private for a field', { 'cache-control': 'private="x-user", max-age=60' }, false),
  kept('public without more', { 'cache-control': 'public' }, false),
  kept('Cache-Control that cannot be read', { 'cache-control': 'max-age=60; public' }, false),
  kept('Cache-Control with an open quote', { 'cache-control': 'max-age=60, x="' }, false),
  kept('Cache-Control with empty parts', { 'cache-control': ', ,max-age=60,,' }, true),
  kept('max-age in quotes', { 'cache-control': 'max-age="60"' }, true),
  kept('max-age that is no number', { 'cache-control': 'max-age=abc' }, false),
  kept('max-age below 0', { 'cache-control': 'max-age=-1' }, false),
  kept('max-age=60 and =0', { 'cache-control': 'max-age=60, max-age=0' }, false),
  kept('max-age beyond all numbers', { 'cache-control': 'max-age=99999999999999999999' }, true),
  kept('an extension that nobody knows', { 'cache-control': 'max-age=60, community="UCI, x"' }, true),
  kept('Set-Cookie', { ...FRESH, 'set-cookie': 'sid=1' }, false),
  kept('a part', { ...FRESH, 'content-range': 'bytes 0-1/9' }, false, { status: 206 }),
  kept('a status that is not understood', FRESH, false, { status: 299 }),
  kept('a 503', FRESH, false, { status: 503 }),
  kept('a 404 with a time', FRESH, true, { status: 404 }),
  kept('a 302 with a time', FRESH, true, { status: 302 }),
  kept('gRPC', { ...FRESH, 'content-type': 'application/grpc' }, false),
  kept('the answer to a request with no-store', FRESH, false, { headers: { 'cache-control': 'no-store' } }),
  kept('s-maxage beside max-age=0', { 'cache-control': 'max-age=0, s-maxage=60' }, true),
  kept('Expires', { expires: date(60) }, true),
  kept('Expires in the past', { expires: date(-60) }, false),
  kept('Expires: 0', { expires: '0' }, false),
  kept('Expires of two', { expires: `${date(60)}, ${date(60)}` }, false),
  kept('max-age=0 beside Expires', { 'cache-control': 'max-age=0', expires: date(60) }, false),
  kept('Vary: *', { ...FRESH, vary: '*' }, false),
  kept('Vary with * among others', { ...FRESH, vary: 'accept, *' }, false),
  kept('a body that is too long', { ...FRESH, 'content-length': '1048577' }, false),
  kept('a body that is not as long as it says', { ...FRESH, 'content-length': '3' }, false),
  // 3.5: credentials
  kept('what was answered to Authorization', FRESH, false, { headers: auth }),
  kept('what was answered to a cookie', FRESH, false, { headers: { cookie: 'a=b' } }),
  ...['public, max-age=60', 's-maxage=60', 'max-age=60, must-revalidate'].map((value) =>
    kept(`what was answered to Authorization with ${value}`, { 'cache-control': value }, true, { headers: auth }),
  ),
  {
    name: 'what was answered to nobody is not given to who shows credentials, unless it is public',
    steps: [
      get('miss v1', { says: FRESH }),
      get('miss v2', { headers: auth, says: FRESH }),
      get('hit v1'),
      { ask: 'GET /b', says: { 'cache-control': 'public, max-age=60' }, is: 'miss v3' },
      { ask: 'GET /b', headers: auth, is: 'hit v3' },
    ],
  },
  {
    name: 'headers that say who the user is can be named',
    config: { credentialHeaders: ['x-user'] },
    steps: [get('miss v1', { headers: { 'x-user': 'ada' }, says: FRESH }), get('miss v2', { says: FRESH })],
  },
  // 4.2: freshness and age
  {
    name: 'is used until its time is over, and says how old it is',
    steps: [
      get('miss v1', { says: FRESH }),
      get('hit v1', { at: 59, head: { age: '59', 'cache-status': 'fairway; hit; ttl=1' } }),
      get('miss v2', { at: 60, says: {} }),
    ],
  },
  {
    name: 'has the age that it came with',
    steps: [
      get('miss v1', { says: { ...FRESH, age: '50' } }),
      get('hit v1', { at: 9, head: { age: '59' } }),
      get('miss v2', { at: 10 }),
    ],
  },
  {
    name: 'is as old as its date says',
    steps: [
      get('miss v1', { says: { ...FRESH, date: date(-50) } }),
      get('hit v1', { at: 9, head: { age: '59' } }),
      get('miss v2', { at: 10 }),
    ],
  },
  kept('what is too old already', { ...FRESH, age: '60' }, false),
  {
    name: 'a date in the future makes it no younger',
    steps: [
      get('miss v1', { says: { ...FRESH, date: date(3600) } }),
      get('hit v1', { at: 59 }),
      get('miss v2', { at: 60 }),
    ],
  },
  {
    name: 'guesses by the last change where it may',
    config: { heuristicFreshness: '30s' },
    steps: [
      get('miss v1', { says: { 'last-modified': date(-100) } }),
      get('hit v1', { at: 9 }),
      get('revalidated v1', { at: 10, status: 304, says: {}, asks: { 'if-modified-since': date(-100) } }),
      { ask: 'GET /b', says: { 'last-modified': date(-36_000) }, is: 'miss v3' },
      { ask: 'GET /b', at: 39, is: 'hit v3' },
      { ask: 'GET /b', at: 41, status: 304, is: 'revalidated v3' },
    ],
  },
  // 4.1: Vary
  {
    name: 'has a response for each variant',
    steps: [
      get('miss v1', { headers: { accept: 'text/html' }, says: { ...FRESH, vary: 'Accept' } }),
      get('miss v2', { headers: { accept: 'text/plain' }, says: { ...FRESH, vary: 'Accept' } }),
      get('miss v3', { says: { ...FRESH, vary: 'Accept' } }),
      get('hit v1', { headers: { accept: 'text/html' } }),
      get('hit v2', { headers: { accept: ' text/plain' } }),
      get('hit v3'),
    ],
  },
  {
    name: 'spaces of a list make no variant',
    steps: [
      get('miss v1', { headers: { 'accept-encoding': 'gzip, br' }, says: { ...FRESH, vary: 'Accept-Encoding' } }),
      get('hit v1', { headers: { 'accept-encoding': 'gzip ,br' } }),
    ],
  },
  {
    name: 'sixteen variants at most are kept of what anybody may vary',
    steps: [
      ...Array.from({ length: 17 }, (_, i) =>
        get(`miss v${i + 1}`, { headers: { accept: `a/${i}` }, says: { ...FRESH, vary: 'accept' } }),
      ),
      get('miss v18', { headers: { accept: 'a/0' }, says: { ...FRESH, vary: 'accept' } }),
      get('hit v17', { headers: { accept: 'a/16' } }),
    ],
  },
  {
    name: 'a page that names one origin is for that origin, whatever Vary says',
    steps: [
      get('miss v1', {
        headers: { origin: 'https://a.example' },
        says: { ...FRESH, 'access-control-allow-origin': 'https://a.example' },
      }),
      get('miss v2', {
        headers: { origin: 'https://b.example' },
        says: { ...FRESH, 'access-control-allow-origin': 'https://b.example' },
      }),
      get('hit v1', { headers: { origin: 'https://a.example' } }),
    ],
  },
]

runCacheCases('RFC 9111, what is stored and for how long', cases)
