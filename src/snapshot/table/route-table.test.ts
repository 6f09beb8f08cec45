import assert from 'node:assert/strict'
import test from 'node:test'
import { modelOf, noFilters, requestOf, routeOf } from '../../../test/support/models.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { SeededRandom } from '../../../test/support/random.ts'
import type { Match, PathMatch, ValueMatch } from '../../model/match.ts'
import type { Route } from '../../model/route.ts'
import { findShadowed } from '../../model/shadow.ts'
import { compile } from '../compile.ts'
import { MATCHED_COMMA } from '../../http/header-list.ts'
import { findQueryParam, hasPathPrefix, prefixKey } from '../match.ts'
import type { Bucket, MatchRequest, RouteIndexes, Snapshot } from '../snapshot.ts'
import { findMatch } from './route-table.ts'

const compiled = (routes: readonly Route[], previous?: Snapshot): Snapshot =>
  compile(modelOf(routes), { generation: 1, filters: noFilters, previous })

const tableIn = (snapshot: Snapshot): RouteIndexes => {
  const table = snapshot.frontends.get('10.96.0.12:80')?.producer
  assert.ok(table)
  return table.indexes
}

// Few words and short paths, so that paths, prefixes and patterns collide all the time.
const segments = ['a', 'ab', 'b', ''] as const
const randomPath = (random: SeededRandom): string =>
  Array.from({ length: 1 + random.below(4) }, () => `/${random.pick(segments)}`).join('')

const randomPathMatch = (random: SeededRandom): PathMatch => {
  const type = random.pick(['Exact', 'PathPrefix', 'PathPrefix', 'RegularExpression'] as const)
  if (type === 'Exact') return { type, value: randomPath(random) }
  if (type === 'PathPrefix') return { type, value: randomPath(random).replace(/\/+$/, '') || '/' }
  return { type, value: random.pick(['/a.*', '/[ab]+', '.*b', '/a/?', '(/b)+', '/a/.*', '/b.*']) }
}

const randomValues = (random: SeededRandom): readonly ValueMatch[] =>
  ['x', 'y', 'z']
    .filter(() => random.chance(0.3))
    .map((name) =>
      random.chance(0.3)
        ? { type: 'RegularExpression', name, value: random.pick(['1', '[12]', '.*']) }
        : { type: 'Exact', name, value: random.pick(['1', '2', '3']) },
    )

const randomMatch = (random: SeededRandom): Match => ({
  path: randomPathMatch(random),
  headers: randomValues(random),
  queryParams: randomValues(random),
  ...(random.chance(0.2) ? { method: random.pick(['GET', 'POST']) } : {}),
})

/** As a GRPCRoute is translated: service and method are a path, whose length says nothing of precedence. */
const randomGrpcMatch = (random: SeededRandom): Match => {
  const [service, method] = [random.pick(['', 'a', 'b', 'ab', 'b.B']), random.pick(['', 'a', 'ab'])]
  const base = {
    headers: randomValues(random),
    queryParams: [],
    grpc: { serviceLength: service.length, methodLength: method.length },
  }
  if (random.chance(0.2)) {
    return {
      ...base,
      path: { type: 'RegularExpression', value: '/a.*/.*' },
      grpc: { serviceLength: 3, methodLength: 0 },
    }
  }
  if (service === '' && method !== '')
    return { ...base, path: { type: 'RegularExpression', value: `/[^/]+/${method}` } }
  if (method === '') return { ...base, path: { type: 'PathPrefix', value: service === '' ? '/' : `/${service}` } }
  return { ...base, path: { type: 'Exact', value: `/${service}/${method}` } }
}

type RandomMatch = (random: SeededRandom) => Match

/** Up to some hundred matches: enough for every kind of index inside a path's bucket. */
const randomRoute = (random: SeededRandom, i: number, match: RandomMatch): Route => {
  const rules = Array.from({ length: 1 + random.below(4) }, () => ({
    matches: Array.from({ length: 1 + random.below(3) }, () => match(random)),
  }))
  return routeOf(`r${i}`, rules, random.chance(0.5) ? { createdAtMs: random.below(3) } : {})
}

const randomRoutes = (random: SeededRandom, match: RandomMatch): readonly Route[] =>
  Array.from({ length: 1 + random.below(random.chance(0.5) ? 12 : 80) }, (_, i) => randomRoute(random, i, match))

const randomRequest = (random: SeededRandom): MatchRequest =>
  requestOf({
    method: random.pick(['GET', 'POST', 'PUT']),
    path: random.chance(0.02)
      ? '*'
      : random.chance(0.3)
        ? random.pick(['/a/a', '/b/x', '/ab/a', '/b.B/ab'])
        : randomPath(random),
    query: random.pick(['', '?x=1', '?y=2&x=1', '?x=2&x=1', '?z=3', '?z=1&y=1&x=3']),
    headers: ['x', 'y', 'z'].flatMap((name) => (random.chance(0.5) ? [name, random.pick(['1', '2', '3'])] : [])),
  })

const isWhole = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`).test(text)
const holds = ({ type, value }: { readonly type: string; readonly value: string }, text: string | undefined): boolean =>
  text !== undefined && (type === 'RegularExpression' ? isWhole(value, text) : text === value)

/** Once more and without any index: what fits. */
const fitsNaively = ({ path, method, headers, queryParams }: Match, request: MatchRequest): boolean =>
  (path.type === 'PathPrefix' ? hasPathPrefix(request.path, prefixKey(path.value)) : holds(path, request.path)) &&
  (method === undefined || method === request.method) &&
  headers.every((header) => holds(header, request.headers.joinedLower(header.name, MATCHED_COMMA))) &&
  queryParams.every((param) => holds(param, findQueryParam(request.query, param.name)))

/** Gateway API's precedence once more, written as directly as its text, as the judge of table and index. */
const naiveMatch = (routes: readonly Route[], request: MatchRequest): string => {
  const typeOrder = ['Exact', 'RegularExpression', 'PathPrefix']
  const fitting = routes.flatMap((route) =>
    route.rules.flatMap((rule) =>
      rule.matches.filter((match) => fitsNaively(match, request)).map((match) => ({ route, rule, match })),
    ),
  )
  const key = ({ route, rule, match }: (typeof fitting)[number]): readonly (number | string)[] => [
    ...(match.grpc === undefined
      ? [typeOrder.indexOf(match.path.type), -match.path.value.length, match.method === undefined ? 1 : 0]
      : [-match.grpc.serviceLength, -match.grpc.methodLength]),
    -match.headers.length,
    -match.queryParams.length,
    route.createdAtMs ?? Number.MAX_SAFE_INTEGER,
    `${route.namespace}/${route.name}`,
    rule.index,
  ]
  let best: (typeof fitting)[number] | undefined
  for (const candidate of fitting) if (best === undefined || isBefore(key(candidate), key(best))) best = candidate
  return best === undefined ? 'none' : `${best.route.key} ${best.rule.index}`
}

const isBefore = (a: readonly (number | string)[], b: readonly (number | string)[]): boolean => {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? ''
    if (value !== other) return value < other
  }
  return false
}

const answer = (table: RouteIndexes, request: MatchRequest): string => {
  const found = findMatch(table, request)
  return found.kind === 'match' ? `${found.rule.route} ${found.rule.source.index}` : 'none'
}

const hasIndex = (table: RouteIndexes): boolean =>
  [...table.exact.entries(), ...table.prefixes.entries(), ['', table.regexes] as const].some(
    ([, bucket]) => typeof bucket === 'object' && bucket.kind === 'index',
  )

for (const [kind, randomMatchOf] of [
  ['HTTPRoutes', randomMatch],
  ['GRPCRoutes', randomGrpcMatch],
] as const) {
  test(`the indexes give what a scan of all matches gives: ${kind}`, () => {
    let matched = 0
    let indexed = 0
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed)
      const routes = randomRoutes(random, randomMatchOf)
      const table = tableIn(compiled(routes))
      if (hasIndex(table)) indexed++
      for (let i = 0; i < 40; i++) {
        const request = randomRequest(random)
        const wanted = naiveMatch(routes, request)
        assert.equal(answer(table, request), wanted, `seed ${seed}: ${request.method} ${request.path}${request.query}`)
        if (wanted !== 'none') matched++
      }
    }
    assert.ok(matched > 2000 && matched < 5990, `${matched} of 6000 matched: the cases must reach both ends`)
    assert.ok(indexed > 40, `${indexed} of 150 tables had an index inside a bucket`)
  })
}

test('a match that is said to be hidden never wins, and some are', () => {
  let hidden = 0
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed)
    const table = tableIn(compiled(randomRoutes(random, random.chance(0.5) ? randomMatch : randomGrpcMatch)))
    const shadowed = findShadowed(table.entries)
    hidden += shadowed.size
    for (let i = 0; i < 40; i++) {
      const found = findMatch(table, randomRequest(random))
      assert.ok(found.kind === 'no-match' || !shadowed.has(found), `seed ${seed}`)
    }
  }
  assert.ok(hidden > 200, `${hidden} were hidden`)
})

test('a table made from the one before is the table made anew', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed)
    let routes = randomRoutes(random, randomMatch)
    let snapshot = compiled(routes)
    for (let change = 0; change < 5; change++) {
      const kept = routes.filter(() => random.chance(0.9))
      const changed = kept.map((route, i) =>
        random.chance(0.2) ? { ...randomRoute(random, i, randomMatch), key: route.key, name: route.name } : route,
      )
      routes = [...changed, randomRoute(random, 1000 + change, randomMatch)]
      snapshot = compiled(routes, snapshot)
      const anew = tableIn(compiled(routes))
      const told = (table: RouteIndexes) =>
        table.entries.map(({ match, route, ruleIndex }) => ({ match, route, ruleIndex }))
      assert.deepEqual(told(tableIn(snapshot)), told(anew), `seed ${seed}`)
      assert.deepEqual([...tableIn(snapshot).prefixes.entries()], [...anew.prefixes.entries()])
      assert.deepEqual([...tableIn(snapshot).exact.entries()], [...anew.exact.entries()])
    }
  }
})

/** How many entries a request is tried against at most. */
const worstCase = (bucket: Bucket | undefined): number => {
  if (bucket === undefined) return 0
  if (typeof bucket === 'number') return 1
  if (bucket.kind === 'list') return bucket.positions.length
  return Math.max(0, ...Array.from(bucket.groups.values(), worstCase)) + worstCase(bucket.rest)
}

const value = (name: string, i: number): readonly ValueMatch[] => [{ type: 'Exact', name, value: `v${i}` }]
const tellingApart: readonly (readonly [string, (i: number) => Partial<Match>])[] = [
  ['a header', (i) => ({ headers: value('x-user', i) })],
  ['a query parameter', (i) => ({ queryParams: value('user', i) })],
  ['one of two headers', (i) => ({ headers: value(i % 2 === 0 ? 'x-user' : 'x-account', i) })],
  ['a method and a header', (i) => ({ method: i % 2 === 0 ? 'GET' : 'PUT', headers: value('x-user', i >> 1) })],
  ['two headers together', (i) => ({ headers: [...value('x-a', i % 30), ...value('x-b', Math.floor(i / 30))] })],
  [
    'a header beside a pattern',
    (i) => ({ headers: [{ type: 'RegularExpression', name: 'a', value: '.*' }, ...value('b', i)] }),
  ],
]
for (const [what, part] of tellingApart) {
  test(`of 900 matches on one path few are tried when ${what} tells them apart`, () => {
    const match = (i: number): Match => ({
      path: { type: 'PathPrefix', value: '/x' },
      headers: [],
      queryParams: [],
      ...part(i),
    })
    const table = tableIn(compiled(Array.from({ length: 900 }, (_, i) => routeOf(`r${i}`, [{ matches: [match(i)] }]))))
    const bucket = table.prefixes.get('/x')
    assert.ok(worstCase(bucket) <= 8, `${worstCase(bucket)} are tried`)
  })
}

test('a path of thousands of slashes costs no more look-ups than there are prefix lengths', () => {
  const table = tableIn(
    compiled([
      routeOf('a', [{ matches: [{ path: { type: 'PathPrefix', value: '/x' }, headers: [], queryParams: [] }] }]),
    ]),
  )
  let lookups = 0
  const { prefixes } = table
  const counted: typeof prefixes = {
    entries: () => prefixes.entries(),
    get: (text) => prefixes.get(text),
    find: (hash, text, length) => {
      lookups++
      return prefixes.find(hash, text, length)
    },
  }
  assert.equal(findMatch({ ...table, prefixes: counted }, requestOf({ path: '/'.repeat(8000) })).kind, 'no-match')
  assert.equal(lookups, 1)
})
