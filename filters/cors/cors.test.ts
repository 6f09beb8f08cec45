import assert from 'node:assert/strict'
import test from 'node:test'
import type { Filter, FilterDefinition, Stage } from 'fairway/filter'
import type { Outcome } from 'fairway/filter/testing'
import { composeChain, createExchange, createFakeEnv, runChain, runFilter } from 'fairway/filter/testing'
import requestHeaderModifier from '../request-header-modifier/request-header-modifier.ts'
import requestRedirect from '../request-redirect/request-redirect.ts'
import responseHeaderModifier from '../response-header-modifier/response-header-modifier.ts'
import cors from './cors.ts'

type Headers = Readonly<Record<string, string | readonly string[]>>

interface Case {
  readonly config: object
  readonly method?: string
  readonly request?: Headers
  readonly backend?: Headers
  readonly kind?: Outcome['kind']
  /** All headers of the response. */
  readonly response: Readonly<Record<string, string>>
}

const pairs = (headers: Headers = {}): readonly (readonly [string, string])[] =>
  Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): readonly [string, string] => [name, value]),
  )

/** The headers of a response without their common beginning: `allow-origin`, `max-age`, `vary`, … */
const short = (outcome: Outcome): Readonly<Record<string, string>> =>
  Object.fromEntries([...outcome.response.headers].map(([name, value]) => [name.replace('access-control-', ''), value]))

const foo = 'https://www.foo.com'
const vary = { vary: 'Origin' }
const nothing = vary

const full = {
  allowOrigins: [foo, 'https://*.bar.com'],
  allowMethods: ['GET', 'OPTIONS'],
  allowHeaders: ['x-header-1', 'x-header-2'],
  exposeHeaders: ['x-header-3', 'x-header-4'],
  allowCredentials: true,
  maxAge: 3600,
}
const shared = { 'allow-credentials': 'true', 'expose-headers': 'x-header-3, x-header-4', ...vary }
const granted = {
  ...shared,
  'allow-methods': 'GET, OPTIONS',
  'allow-headers': 'x-header-1, x-header-2',
  'max-age': '3600',
}
const wild = { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*'] }
const wildWithCredentials = { ...wild, allowCredentials: true }

const ask = (origin: string, method = 'GET', headers?: string): Headers => ({
  origin,
  'access-control-request-method': method,
  ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
})

const preflights: Readonly<Record<string, Omit<Case, 'method' | 'kind'>>> = {
  'an exact origin': {
    config: full,
    request: ask(foo, 'GET', 'x-header-1, x-header-2'),
    response: { 'allow-origin': foo, ...granted },
  },
  'an origin below a wildcard': {
    config: full,
    request: ask('https://www.bar.com'),
    response: { 'allow-origin': 'https://www.bar.com', ...granted },
  },
  'an origin two levels below a wildcard': {
    config: full,
    request: ask('https://xpto.www.bar.com'),
    response: { 'allow-origin': 'https://xpto.www.bar.com', ...granted },
  },
  'an origin with its default port is repeated as it came': {
    config: full,
    request: ask(`${foo}:443`),
    response: { 'allow-origin': `${foo}:443`, ...granted },
  },
  'another origin': { config: full, request: ask('https://foobar.com'), response: nothing },
  'another scheme': { config: full, request: ask('http://www.foo.com'), response: nothing },
  'another port': { config: full, request: ask(`${foo}:8443`), response: nothing },
  'the domain of a wildcard itself': { config: full, request: ask('https://bar.com'), response: nothing },
  'the null origin': { config: full, request: ask('null'), response: nothing },
  'an empty origin': { config: full, request: ask(''), response: nothing },
  'an origin twice': {
    config: full,
    request: { ...ask(foo), origin: [foo, foo] },
    response: nothing,
  },
  'an allowed and another origin': {
    config: full,
    request: { ...ask(foo), origin: [foo, 'https://evil.example'] },
    response: nothing,
  },
  'an origin twice where all are allowed': {
    config: wild,
    request: { ...ask(foo), origin: [foo, foo] },
    response: nothing,
  },
  'markup where all are allowed': { config: wild, request: ask('https://a"><script>'), response: nothing },
  'a method that is not configured: the browser refuses it': {
    config: full,
    request: ask(foo, 'DELETE'),
    response: { 'allow-origin': foo, ...granted },
  },
  'nothing configured': { config: {}, request: ask(foo), response: nothing },
  'only an origin configured': {
    config: { allowOrigins: [foo] },
    request: ask(foo, 'PUT', 'x-a'),
    response: { 'allow-origin': foo, 'max-age': '5', ...vary },
  },
  'any method': {
    config: { allowOrigins: [foo], allowMethods: ['*'] },
    request: ask(foo, 'POST'),
    response: { 'allow-origin': foo, 'allow-methods': 'POST', 'max-age': '5', ...vary },
  },
  'any method, in its case': {
    config: { allowOrigins: [foo], allowMethods: ['*'] },
    request: ask(foo, 'patch'),
    response: { 'allow-origin': foo, 'allow-methods': 'patch', 'max-age': '5', ...vary },
  },
  'any origin': {
    config: { allowOrigins: ['*'], allowMethods: ['PUT'] },
    request: ask('https://foobar.com:12345', 'PUT'),
    response: { 'allow-origin': 'https://foobar.com:12345', 'allow-methods': 'PUT', 'max-age': '5', ...vary },
  },
  'any origin is also null': {
    config: { allowOrigins: ['*'] },
    request: ask('null'),
    response: { 'allow-origin': 'null', 'max-age': '5', ...vary },
  },
  everything: {
    config: wild,
    request: ask('https://other.foo.com', 'PUT', 'x-header-1, x-header-2'),
    response: {
      'allow-origin': 'https://other.foo.com',
      'allow-methods': 'PUT',
      'allow-headers': 'x-header-1, x-header-2',
      'expose-headers': '*',
      'max-age': '5',
      ...vary,
    },
  },
  'everything with credentials': {
    config: wildWithCredentials,
    request: ask('https://other.foo.com', 'PUT', 'x-header-1,authorization'),
    response: {
      'allow-origin': 'https://other.foo.com',
      'allow-credentials': 'true',
      'allow-methods': 'PUT',
      'allow-headers': 'x-header-1,authorization',
      'max-age': '5',
      ...vary,
    },
  },
  'any header, and none is asked for': {
    config: { allowOrigins: [foo], allowHeaders: ['*'] },
    request: ask(foo),
    response: { 'allow-origin': foo, 'max-age': '5', ...vary },
  },
  'a star where everything is allowed is not repeated': {
    config: wildWithCredentials,
    request: ask(foo, '*', '*'),
    response: { 'allow-origin': foo, 'allow-credentials': 'true', 'max-age': '5', ...vary },
  },
  'what cannot be a method or a header is not repeated': {
    config: wild,
    request: ask(foo, 'GET, PUT', 'x-a;b=c'),
    response: { 'allow-origin': foo, 'expose-headers': '*', 'max-age': '5', ...vary },
  },
}
for (const [name, { config, request, response }] of Object.entries(preflights)) {
  test(`preflight: ${name}`, async () => {
    const exchange = { method: 'OPTIONS', headers: pairs(request) }
    const outcome = await runFilter(cors, config, { exchange })
    assert.deepEqual([outcome.kind, outcome.response.status, outcome.reply?.reason], ['replied', 204, 'cors_preflight'])
    assert.deepEqual(short(outcome), response)
  })
}

const backendsOwn = {
  'Access-Control-Allow-Origin': ['*', 'https://evil.example'],
  'access-control-allow-credentials': 'true',
  'access-control-allow-methods': 'DELETE',
  'access-control-allow-headers': 'x-any',
  'access-control-expose-headers': 'x-any',
  'access-control-max-age': '86400',
}

const others: Readonly<Record<string, Case>> = {
  'an exact origin': { config: full, request: { origin: foo }, response: { 'allow-origin': foo, ...shared } },
  'an origin below a wildcard': {
    config: full,
    method: 'PUT',
    request: { origin: 'https://a.bar.com' },
    response: { 'allow-origin': 'https://a.bar.com', ...shared },
  },
  'a GET with the headers of a preflight is none': {
    config: full,
    request: ask(foo, 'GET', 'x-header-1'),
    response: { 'allow-origin': foo, ...shared },
  },
  'OPTIONS that asks for no method is no preflight': {
    config: full,
    method: 'OPTIONS',
    request: { origin: foo },
    response: { 'allow-origin': foo, ...shared },
  },
  'OPTIONS without an origin is no preflight': {
    config: full,
    method: 'OPTIONS',
    request: { 'access-control-request-method': 'GET' },
    response: nothing,
  },
  'methods have a case: options is no preflight': {
    config: full,
    method: 'options',
    request: ask(foo),
    response: { 'allow-origin': foo, ...shared },
  },
  'another origin is served, and may not read': {
    config: full,
    request: { origin: 'https://foobar.com' },
    response: nothing,
  },
  'no origin': { config: full, response: nothing },
  'an origin twice': { config: full, request: { origin: [foo, foo] }, response: nothing },
  'any origin, without credentials': {
    config: wild,
    request: { origin: 'https://foobar.com:12345' },
    response: { 'allow-origin': 'https://foobar.com:12345', 'expose-headers': '*', ...vary },
  },
  'any origin, with credentials: no star anywhere, the headers by name': {
    config: wildWithCredentials,
    request: { origin: foo, authorization: 'Bearer x' },
    backend: { 'x-a': ['1', '2'], 'X-B': '3', '*': 'odd' },
    response: {
      'x-a': '2',
      'x-b': '3',
      '*': 'odd',
      'allow-origin': foo,
      'allow-credentials': 'true',
      'expose-headers': 'x-a, x-b',
      ...vary,
    },
  },
  'a star beside names, with credentials': {
    config: { ...wildWithCredentials, exposeHeaders: ['x-c', '*'] },
    request: { origin: foo },
    response: { 'allow-origin': foo, 'allow-credentials': 'true', 'expose-headers': 'x-c', ...vary },
  },
  'a star beside names, without credentials': {
    config: { ...wild, exposeHeaders: ['x-c', '*'] },
    request: { origin: foo },
    response: { 'allow-origin': foo, 'expose-headers': 'x-c, *', ...vary },
  },
  'what the backend says is replaced': {
    config: full,
    request: { origin: foo },
    backend: backendsOwn,
    response: { 'allow-origin': foo, ...shared },
  },
  'what the backend allows another origin is dropped': {
    config: full,
    request: { origin: 'https://evil.example' },
    backend: backendsOwn,
    response: nothing,
  },
  'what the backend says without an origin is dropped': { config: full, backend: backendsOwn, response: nothing },
  'Vary is appended to': {
    config: full,
    request: { origin: foo },
    backend: { Vary: ['Accept-Encoding', 'Accept'] },
    response: { 'allow-origin': foo, ...shared, vary: 'Accept-Encoding, Accept, Origin' },
  },
  'Vary has it already': { config: full, backend: { vary: 'accept, ORIGIN' }, response: { vary: 'accept, ORIGIN' } },
  'Vary has one that ends so': {
    config: full,
    backend: { vary: 'X-Origin' },
    response: { vary: 'X-Origin, Origin' },
  },
  'Vary says everything': { config: full, backend: { vary: '*' }, response: { vary: '*' } },
}
for (const [name, { config, method = 'GET', request, backend, response }] of Object.entries(others)) {
  test(`other request: ${name}`, async () => {
    const exchange = { method, headers: pairs(request) }
    const outcome = await runFilter(cors, config, { exchange, response: { headers: pairs(backend) } })
    assert.deepEqual([outcome.kind, outcome.response.status], ['forwarded', 200])
    assert.deepEqual(short(outcome), response)
    assert.deepEqual([...outcome.request.headers], pairs(request))
  })
}

for (const status of [302, 404, 500, 503, 504]) {
  test(`an answer of ${status} can be read by the page`, async () => {
    const exchange = { headers: pairs({ origin: foo }) }
    const outcome = await runFilter(cors, full, { exchange, response: { status } })
    assert.deepEqual([outcome.response.status, short(outcome)], [status, { 'allow-origin': foo, ...shared }])
  })
}

/** A filter that is ready to stand in a chain. */
const made = <C>(
  definition: FilterDefinition<C>,
  config: unknown,
): { readonly stage: Stage; readonly filter: Filter } => {
  const decoded = definition.config.decode(config, '')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return { stage: definition.stage, filter: definition.create(decoded.value, createFakeEnv()) }
}

const withOrigin = (headers: Headers = { origin: foo }, method = 'GET') =>
  createExchange({ method, headers: pairs(headers) })

test('an answer of another filter of the rule, such as a redirect, can be read by the page', async () => {
  const chain = composeChain([made(requestRedirect, { scheme: 'https' }), made(cors, full)])
  const outcome = await runChain(chain, withOrigin())
  assert.equal(outcome.response.status, 302)
  assert.deepEqual(short(outcome), { location: 'https://api.shop/', 'allow-origin': foo, ...shared })
})

test('a preflight is answered before a redirect could', async () => {
  const chain = composeChain([made(requestRedirect, { scheme: 'https' }), made(cors, full)])
  const outcome = await runChain(chain, withOrigin(ask(foo), 'OPTIONS'))
  assert.deepEqual([outcome.response.status, short(outcome)], [204, { 'allow-origin': foo, ...granted }])
})

test('an answer of a filter before this one can be read by the page', async () => {
  const env = createFakeEnv()
  const limit: Filter = { onRequest: () => env.reply(429, { reason: 'rate_limited' }) }
  const chain = composeChain([{ stage: 'preflight', filter: limit }, made(cors, full)])
  const outcome = await runChain(chain, withOrigin())
  assert.deepEqual([outcome.response.status, short(outcome)], [429, { 'allow-origin': foo, ...shared }])
})

for (const modifier of [{ remove: ['origin'] }, { set: [{ name: 'origin', value: 'https://evil.example' }] }]) {
  test(`what counts is the origin of the client, whatever ${JSON.stringify(modifier)} leaves`, async () => {
    const chain = composeChain([made(requestHeaderModifier, modifier), made(cors, full)])
    const outcome = await runChain(chain, withOrigin())
    assert.deepEqual(short(outcome), { 'allow-origin': foo, ...shared })
    assert.notEqual(outcome.request.headers.get('origin'), foo)
  })
}

test('the filter has the last word in its rule', async () => {
  const set = [{ name: 'access-control-allow-origin', value: '*' }]
  const chain = composeChain([made(cors, full), made(responseHeaderModifier, { set })])
  assert.deepEqual(short(await runChain(chain, withOrigin())), { 'allow-origin': foo, ...shared })
})

test('exchanges do not see each other', async () => {
  const chain = composeChain([made(cors, full)])
  const origins = [foo, 'https://evil.example', 'https://a.bar.com', undefined]
  const outcomes = await Promise.all(
    origins.map((origin) => runChain(chain, withOrigin(origin === undefined ? {} : { origin }))),
  )
  const allowed = outcomes.map((outcome) => outcome.response.headers.get('access-control-allow-origin'))
  assert.deepEqual(allowed, [foo, undefined, 'https://a.bar.com', undefined])
})

const refused: Readonly<Record<string, readonly [config: unknown, message: RegExp]>> = {
  '* beside an origin': [{ allowOrigins: ['*', foo] }, /beside others/],
  '* beside a method': [{ allowMethods: ['GET', '*'] }, /beside others/],
  '* beside a header': [{ allowHeaders: ['*', 'x-a'] }, /beside others/],
  '65 origins': [{ allowOrigins: Array.from({ length: 65 }, (_, i) => `https://a${i}`) }, /at most 64/],
  'an origin twice': [{ allowOrigins: [foo, foo] }, /given twice/],
  'a method twice': [{ allowMethods: ['PUT', 'PUT'] }, /given twice/],
  'an exposed header twice': [{ exposeHeaders: ['x-a', 'x-a'] }, /given twice/],
  'a method in lower case': [{ allowMethods: ['get'] }, /did you mean .*GET/],
  'a header that is none': [{ allowHeaders: ['x a'] }, /header name/],
  'a line end in a header': [{ exposeHeaders: ['x\r\ny: z'] }, /header name/],
  'an age of 0': [{ maxAge: 0 }, /from 1/],
  'an age as text': [{ maxAge: '5' }, /integer/],
  'credentials as text': [{ allowCredentials: 'true' }, /true or false/],
  'an origin with a path': [{ allowOrigins: ['https://a/b'] }, /scheme:/],
  'an unknown field': [{ allowOrigin: [foo] }, /did you mean .*allowOrigins/],
}
for (const [name, [config, message]] of Object.entries(refused)) {
  test(`${name} is refused`, async () => assert.rejects(runFilter(cors, config), message))
}
