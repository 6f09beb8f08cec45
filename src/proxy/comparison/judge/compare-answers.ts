/** Two answers to one request, and what is different about the second. */
import type { MirrorComparison } from '../../../model/comparison/mirror-comparison.ts'
import type { Answer } from '../answer.ts'
import type { Difference } from './difference.ts'
import { diffJson, type JsonRules } from './json/json-diff.ts'
import { startPatterns } from './json/path-patterns.ts'
import { decodeBody, readBody, type ReadBody } from './read-body.ts'

/** A whole answer that can be compared any number of times. */
export interface ReadAnswer extends Pick<Answer, 'status' | 'headers' | 'grpcStatus'> {
  readonly body: ReadBody
}

/** How answers are compared. */
export interface AnswerRules {
  readonly headers: readonly string[]
  readonly json: JsonRules
}

/** The rules of a comparison, ready to be used. */
export const compileRules = ({ headers, ignore, unordered, tolerance }: MirrorComparison): AnswerRules => ({
  headers,
  json: {
    ignored: startPatterns(ignore.map((path) => [path, ''])),
    unordered: startPatterns(unordered.map(({ path, by = '' }) => [path, by])),
    tolerance,
  },
})

/** Takes codings off; what comes of it reads the rest, on the loop. `undefined`: the body cannot be read. */
export const openAnswer = async (answer: Answer, limitBytes: number): Promise<(() => ReadAnswer) | undefined> => {
  const body = await decodeBody(answer.body, limitBytes)
  return body === undefined ? undefined : () => ({ ...answer, body: readBody(body) })
}

/**
 * All that is different about `mirror`. Of answers with different statuses nothing else is told: they are about different
 * things. Pauses at each `yield`.
 */
export function* compareAnswers(
  primary: ReadAnswer,
  mirror: ReadAnswer,
  { headers, json }: AnswerRules,
): Generator<void, readonly Difference[]> {
  if (primary.status !== mirror.status) return [tell('status', [], primary.status, mirror.status)]
  if (primary.grpcStatus !== mirror.grpcStatus)
    return [tell('trailer', ['grpc-status'], primary.grpcStatus, mirror.grpcStatus)]
  return [
    ...headers.flatMap((name, i) => {
      const [a, b] = [primary.headers[i], mirror.headers[i]]
      return a === b ? [] : [tell('header', [name], a, b)]
    }),
    ...(yield* compareBodies(primary.body, mirror.body, json)),
  ]
}

const tell = (part: Difference['part'], steps: readonly string[], primary: unknown, mirror: unknown): Difference => {
  const kind = primary === undefined ? 'extra' : mirror === undefined ? 'missing' : 'value'
  return { part, steps, pattern: steps, kind, primary, mirror }
}

function* compareBodies(a: ReadBody, b: ReadBody, rules: JsonRules): Generator<void, readonly Difference[]> {
  if (a.kind === 'none' || b.kind === 'none') return []
  if (a.kind === 'json' && b.kind === 'json') {
    const differences = yield* diffJson(a.value, b.value, rules)
    if (differences !== undefined) return differences
    return a.bytes.equals(b.bytes) ? [] : [tell('body', [], TOO_DEEP, TOO_DEEP)]
  }
  if (a.kind === 'digest' && b.kind === 'digest' && a.digest === b.digest && a.lengthBytes === b.lengthBytes) return []
  const difference = tell('body', [], describe(a), describe(b))
  return [a.kind === b.kind ? difference : { ...difference, kind: 'type' }]
}

const TOO_DEEP = 'JSON that is nested too deeply'

const describe = (body: Exclude<ReadBody, { readonly kind: 'none' }>): string =>
  body.kind === 'json' ? 'JSON' : `${body.lengthBytes} bytes, SHA-256 ${body.digest.slice(0, 16)}`
