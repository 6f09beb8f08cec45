import { isDeepStrictEqual } from 'node:util'
import type { Explanation, ExplainQuery } from '../../snapshot/explain.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { askForExplanation, decodeQuery, fromSnapshot } from '../explain/ask-for-explanation.ts'
import { imagineRequest, type ImaginedRequest } from '../explain/imagined-request.ts'
import { answerByFilters } from './filter-answer.ts'
import type { TestedRequest } from './waypoint-test.ts'

/** What became of one tested request. */
export interface Judgement {
  readonly what: string
  readonly request: string
  /** What is otherwise than expected, one line each; none: it passed. */
  readonly failures: readonly string[]
  readonly explanation: Explanation
}

/** The request that a test has in mind, as `fairway explain` would read it; throws `CliError` (64). */
export const requestOf = (tested: TestedRequest, clusterDomain: string): ImaginedRequest => {
  const { request, from, headers = {}, address, claims, sni } = tested
  return imagineRequest(request.trim().split(/\s+/), {
    header: Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    from,
    address,
    sni,
    claims: claims === undefined ? undefined : JSON.stringify(claims),
    'cluster-domain': clusterDomain,
  })
}

/** Asks what the proxy would do, and lays it beside what is expected. */
export const judgeRequest = async (
  snapshot: Snapshot,
  tested: TestedRequest,
  clusterDomain: string,
): Promise<Judgement> => {
  const { what, request } = tested
  const imagined = requestOf(tested, clusterDomain)
  const { authority, explanation } = await askForExplanation(imagined, fromSnapshot(snapshot))
  const query = decodeQuery(new URLSearchParams([['authority', authority], ...imagined.parameters]))
  return {
    what,
    request,
    failures: [...compare(tested, explanation), ...(await compareAnswer(tested, snapshot, query))],
    explanation,
  }
}

const compare = (tested: TestedRequest, explanation: Explanation): readonly string[] => {
  const weights = Object.fromEntries(explanation.backends.map(({ name, weight }) => [name, weight]))
  const found: Readonly<Record<string, unknown>> = { ...explanation, backends: weights }
  const differing = (['outcome', 'status', 'tunnel', 'route', 'rule', 'backends'] as const).flatMap((name) => {
    const expected = tested[name]
    if (expected === undefined || isDeepStrictEqual(found[name], expected)) return []
    return [`${name} is ${show(found[name])}, expected ${show(expected)}`]
  })
  const { reasons } = explanation
  const unsaid = (tested.says ?? []).filter((words) => !reasons.some((reason) => reason.includes(words)))
  const said = (tested.neverSays ?? []).filter((words) => reasons.some((reason) => reason.includes(words)))
  return [
    ...differing,
    ...unsaid.map((words) => `no reason says ${show(words)}`),
    ...said.map((words) => `a reason says ${show(words)}`),
  ]
}

const compareAnswer = async (
  { answer }: TestedRequest,
  snapshot: Snapshot,
  query: ExplainQuery,
): Promise<readonly string[]> => {
  if (answer === undefined) return []
  if (answer === 'none') {
    const { kind } = await answerByFilters(snapshot, query)
    return kind === 'forwarded' ? [] : [`it is ${words[kind]}, expected to be forwarded`]
  }
  for (let i = 0; i < answer.after; i++) {
    const { kind } = await answerByFilters(snapshot, query)
    if (kind !== 'forwarded') return [`request ${i + 1} of ${answer.after} before it is ${words[kind]}`]
  }
  const found = await answerByFilters(snapshot, query)
  if (found.kind !== 'replied') return [`it is ${words[found.kind]}, expected an answer of filters`]
  const { status, headers } = found.response
  const wrong = Object.entries(answer.headers ?? {}).flatMap(([name, expected]) => {
    const value = headers.get(name)
    return value === (expected ?? undefined)
      ? []
      : [`header ${name} of the answer is ${show(value)}, expected ${show(expected)}`]
  })
  const bad = status === answer.status ? [] : [`the answer has status ${status}, expected ${answer.status}`]
  return [...bad, ...wrong]
}

const words = {
  forwarded: 'forwarded to a backend',
  replied: 'answered by a filter',
  late: 'held by a filter for more than 5s',
  nowhere: 'refused before filters answer',
} as const

const show = (value: unknown): string => (value === undefined || value === null ? 'none' : JSON.stringify(value))
