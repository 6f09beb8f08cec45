import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeChain, createExchange, createFakeEnv, runChain, type Outcome } from 'fairway/filter/testing'
import legacyAuth from './legacy-auth.ts'

const url = 'http://legacy-auth.identity:8080/whoami'

/** One filter that lives on, as in a waypoint, and an auth service that knows what the test says. */
const start = (answer: (request: Request) => Response | Promise<Response>, more: object = {}) => {
  const asked: string[] = []
  const env = createFakeEnv({
    fetch: (request) => {
      asked.push(`${request.url} ${request.headers.get('cookie')}`)
      return answer(request)
    },
  })
  const decoded = legacyAuth.config.decode({ url, ...more }, 'config')
  assert.ok(decoded.ok)
  const filter = legacyAuth.create(decoded.value, env)
  const chain = composeChain([{ stage: legacyAuth.stage, filter }])
  const send = (cookie: string | undefined): Promise<Outcome> => {
    const lies = [
      ['x-user', 'root'],
      ['X-Roles', 'admin'],
    ] as const
    return runChain(chain, createExchange({ headers: cookie === undefined ? lies : [...lies, ['cookie', cookie]] }))
  }
  return { env, asked, send }
}

const ann = (): Response => Response.json({ user: 'ann', roles: ['buyer', 'seller'] })
const whoIs = ({ request }: Outcome): readonly (string | undefined)[] => [
  request.headers.get('x-user'),
  request.headers.get('x-roles'),
]

test('a session becomes the user that the auth service names', async () => {
  const { asked, send } = start(ann)
  const outcome = await send('theme=dark; SESSIONID=abc=; x=y')
  assert.equal(outcome.kind, 'forwarded')
  assert.deepEqual(whoIs(outcome), ['ann', 'buyer,seller'])
  assert.deepEqual(asked, [`${url} SESSIONID=abc=`])
})

test('without a session nobody is asked, and what the client claims to be is worth nothing', async () => {
  const { asked, send } = start(ann)
  for (const cookie of [undefined, 'theme=dark', 'OTHERSESSIONID=abc']) {
    const outcome = await send(cookie)
    assert.equal(outcome.reply?.reason, 'no_session')
    assert.deepEqual(whoIs(outcome), [undefined, undefined])
  }
  assert.deepEqual(asked, [])
})

for (const status of [401, 404]) {
  test(`${status} means that the session is none, and that is remembered too`, async () => {
    const { asked, send } = start(() => new Response('', { status }))
    for (let i = 0; i < 2; i++) assert.equal((await send('SESSIONID=abc')).response.status, 401)
    assert.equal(asked.length, 1)
  })
}

test('an answer holds for its time', async () => {
  const { env, asked, send } = start(ann, { cacheSeconds: 60 })
  await send('SESSIONID=abc')
  env.advance(59_999)
  await send('SESSIONID=abc')
  assert.equal(asked.length, 1)
  env.advance(1)
  assert.deepEqual(whoIs(await send('SESSIONID=abc')), ['ann', 'buyer,seller'])
  assert.equal(asked.length, 2)
  assert.deepEqual(
    [
      env.counted('session_lookups_total', { outcome: 'hit' }),
      env.counted('session_lookups_total', { outcome: 'miss' }),
    ],
    [1, 2],
  )
})

test('many requests of one session are one question', async () => {
  const answer = Promise.withResolvers<Response>()
  const { asked, send } = start(() => answer.promise)
  const outcomes = [send('SESSIONID=abc'), send('SESSIONID=abc'), send('SESSIONID=other')]
  answer.resolve(ann())
  const [first, second] = await Promise.all(outcomes.slice(0, 2))
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual([whoIs(first), whoIs(second)], [whoIs(first), ['ann', 'buyer,seller']])
  assert.equal(asked.length, 2)
})

test('no more sessions are remembered than may be', async () => {
  const { asked, send } = start(ann, { maxSessions: 2 })
  for (const session of ['a', 'b', 'c', 'c', 'b', 'a']) await send(`SESSIONID=${session}`)
  assert.deepEqual(
    asked.map((line) => line.at(-1)),
    ['a', 'b', 'c', 'a'],
  )
})

for (const [what, answer, says] of [
  ['answers 500', () => new Response('', { status: 500 }), /answers 500/],
  ['answers no JSON', () => new Response('<html>'), /JSON/],
  ['names nobody', () => Response.json({ roles: [] }), /answers what is no session/],
  [
    'does not answer',
    () => {
      throw new Error('Service identity/legacy-auth:8080: no endpoint of it is ready')
    },
    /no endpoint of it is ready/,
  ],
] as const) {
  test(`an auth service that ${what} lets nobody in, is told of, and asked again`, async () => {
    let isWell = false
    const { env, send } = start(() => (isWell ? ann() : answer()))
    const outcome = await send('SESSIONID=abc')
    assert.deepEqual([outcome.response.status, outcome.reply?.reason], [503, 'auth_unavailable'])
    assert.match(env.logged[0] ?? '', says)
    assert.equal(env.counted('session_lookups_total', { outcome: 'failed' }), 1)
    isWell = true
    assert.deepEqual(whoIs(await send('SESSIONID=abc')), ['ann', 'buyer,seller'])
  })
}
