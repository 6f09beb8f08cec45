import assert from 'node:assert/strict'
import test from 'node:test'
import { modelOf, noFilters, requestOf, routeOf } from '../../test/support/models.ts'
import { seededRandom } from '../../test/support/random.ts'
import type { SeededRandom } from '../../test/support/random.ts'
import type { Match, PathMatch, ValueMatch } from '../model/match.ts'
import type { Route } from '../model/route.ts'
import { compile } from './compile.ts'
import { findMatch } from './route-table.ts'
import type { MatchRequest, RouteTable } from './snapshot.ts'

const tableOf = (routes: readonly Route[]): RouteTable => {
  const table = compile(modelOf(routes), { generation: 1, filters: noFilters }).frontends.get('10.96.0.12:80')?.producer
  assert.ok(table)
  return table
}

// Few words and short paths, so that paths, prefixes and patterns collide all the time.
const segments = ['a', 'ab', 'b', ''] as const
const randomPath = (random: SeededRandom): string =>
  Array.from({ length: 1 + random.below(4) }, () => `/${random.pick(segments)}`).join('')

const randomPathMatch = (random: SeededRandom): PathMatch => {
  const type = random.pick(['Exact', 'PathPrefix', 'PathPrefix', 'RegularExpression'] as const)
  if (type === 'Exact') return { type, value: randomPath(random) }
  if (type === 'PathPrefix') return { type, value: randomPath(random).replace(/\/+$/, '') || '/' }
  return { type, value: random.pick(['/a.*', '/[ab]+', '.*b', '/a/?', '(/b)+']) }
}

const randomValues = (random: SeededRandom): readonly ValueMatch[] =>
  Array.from({ length: Math.max(0, random.below(5) - 2) }, () => ({
    type: random.pick(['Exact', 'RegularExpression'] as const),
    name: random.pick(['x', 'y']),
    value: random.pick(['1', '2']),
  }))

const randomMatch = (random: SeededRandom): Match => ({
  path: randomPathMatch(random),
  headers: randomValues(random),
  queryParams: randomValues(random),
  ...(random.chance(0.2) ? { method: random.pick(['GET', 'POST']) } : {}),
})

const randomRoutes = (random: SeededRandom): readonly Route[] =>
  Array.from({ length: 1 + random.below(12) }, (_, i) => {
    const rules = Array.from({ length: 1 + random.below(4) }, () => ({
      matches: Array.from({ length: 1 + random.below(3) }, () => randomMatch(random)),
    }))
    return routeOf(`r${i}`, rules, random.chance(0.5) ? { createdAtMs: random.below(3) } : {})
  })

const randomRequest = (random: SeededRandom): MatchRequest =>
  requestOf({
    method: random.pick(['GET', 'POST', 'PUT']),
    path: random.chance(0.02) ? '*' : randomPath(random),
    query: random.pick(['', '?x=1', '?y=2&x=1', '?x=2&x=1']),
    headers: random.chance(0.5) ? ['x', random.pick(['1', '2']), 'y', random.pick(['1', '2'])] : [],
  })

/** Gateway API's precedence once more, written as directly as its text, as the judge of table and index. */
const naiveMatch = (routes: readonly Route[], table: RouteTable, request: MatchRequest): string => {
  const typeOrder = ['Exact', 'RegularExpression', 'PathPrefix']
  const fitting = routes.flatMap((route) =>
    route.rules.flatMap((rule) =>
      rule.matches
        .filter((match) =>
          table.entries.some(
            (entry) =>
              entry.match === match &&
              entry.rule.source === rule &&
              entry.fields.every((field) => field.holds(request)),
          ),
        )
        .map((match) => ({ route, rule, match })),
    ),
  )
  const key = ({ route, rule, match }: (typeof fitting)[number]): readonly (number | string)[] => [
    typeOrder.indexOf(match.path.type),
    -match.path.value.length,
    match.method === undefined ? 1 : 0,
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

test('the indexes give what a scan of all matches gives', () => {
  let matched = 0
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed)
    const routes = randomRoutes(random)
    const table = tableOf(routes)
    for (let i = 0; i < 40; i++) {
      const request = randomRequest(random)
      const found = findMatch(table, request)
      const answer = found.kind === 'match' ? `${found.rule.route} ${found.rule.source.index}` : 'none'
      assert.equal(
        answer,
        naiveMatch(routes, table, request),
        `seed ${seed}: ${request.method} ${request.path}${request.query}`,
      )
      if (found.kind === 'match') matched++
    }
  }
  assert.ok(matched > 2000 && matched < 5900, `${matched} of 6000 matched: the cases must reach both ends`)
})

test('a path of thousands of slashes costs no more look-ups than there are prefix lengths', () => {
  const table = tableOf([
    routeOf('a', [{ matches: [{ path: { type: 'PathPrefix', value: '/x' }, headers: [], queryParams: [] }] }]),
  ])
  let lookups = 0
  const prefixes = new Map(table.prefixes)
  const counted = Object.assign(Object.create(prefixes), {
    get: (key: string) => {
      lookups++
      return prefixes.get(key)
    },
  })
  assert.equal(findMatch({ ...table, prefixes: counted }, requestOf({ path: '/'.repeat(8000) })).kind, 'no-match')
  assert.equal(lookups, 1)
})
