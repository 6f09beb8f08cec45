import assert from 'node:assert/strict'
import { isFault } from '../../../src/model/condition.ts'
import type { Condition } from '../../../src/model/condition.ts'
import type { HeaderList } from '../../../src/http/header-list.ts'
import type { ExchangeRecord } from '../../../src/filter/record.ts'
import type { Explanation } from '../../../src/snapshot/explain.ts'
import type { Vector, Want } from './vector-file.ts'
import type { Arrival, Outcome } from './vector-mesh.ts'

/** How far a share may be from what is wanted. */
const TOLERANCE_POINTS = 1

/** Fails unless client, pod, record and explanation all tell what the vector wants. */
export const checkOutcome = (vector: Vector, outcome: Outcome): void => {
  const { want } = vector
  if (want.connect !== undefined) return checkRefusal(want.connect, outcome)
  const { answer, arrivals, records, explanation } = outcome
  assert.ok(answer, `no tunnel: ${outcome.refusal}`)
  if (want.shares !== undefined) return checkShares(vector, want.shares, outcome)
  assert.equal(answer.head.status, want.status, `status (${answer.body.toString().trim()})`)
  checkAnswer(want, outcome)
  checkArrival(vector, arrivals)
  assert.equal(records.length, 1, 'exchanges')
  for (const record of records) {
    if (want.isUnread) {
      assert.deepEqual(
        [record.status, record.flags, record.route],
        [want.status, 'DPE', undefined],
        'what is told of it',
      )
      assert.match(record.details, /^http1_protocol_error\{/)
      continue
    }
    checkRecord(want, record)
    checkExplanation(explanation, record)
  }
}

/** The conditions that are bad news, as vectors name them. */
export const faultsOf = (conditions: readonly Condition[]): readonly string[] =>
  conditions.filter(isFault).map(({ object: { kind, namespace, name }, parent, type, status, reason }) => {
    const of = parent === undefined ? '' : ` of ${parent}`
    return `${kind} ${namespace}/${name}${of}: ${type}=${status} ${reason}`
  })

const checkRefusal = (status: number, { answer, refusal, explanation }: Outcome): void => {
  assert.equal(answer, undefined, 'the tunnel should have been refused')
  assert.match(refusal ?? '', new RegExp(`was answered ${status}\\b`))
  // What a port speaks is asked before its routes are, and is nothing that an explanation is about.
  if (status === 404) assert.equal(explanation.outcome, 'unbound')
}

const checkAnswer = (want: Want, { answer }: Outcome): void => {
  assert.ok(answer)
  checkHeaders(answer.head.headers, { location: want.location ?? null, ...want.headers }, 'of the answer')
  if (want.body !== undefined) assert.ok(answer.body.toString().includes(want.body), `body ${answer.body.toString()}`)
  const grpcStatus = answer.head.headers.getLower('grpc-status') ?? answer.trailers?.getLower('grpc-status')
  assert.equal(grpcStatus, want.grpcStatus === undefined ? undefined : String(want.grpcStatus), 'grpc-status')
}

const checkArrival = ({ request, host, want }: Vector, arrivals: readonly Arrival[]): void => {
  assert.deepEqual(
    arrivals.map((arrival) => arrival.pod),
    want.pod === undefined ? [] : [want.pod],
    'pods that saw the request',
  )
  const [arrival] = arrivals
  if (arrival === undefined) return
  const { head } = arrival.request
  const [method, target] = request.split(' ')
  assert.equal(head.method, method, 'method at the pod')
  assert.equal(head.target, want.target ?? target, 'target at the pod')
  assert.equal(head.host, want.host ?? host, 'host at the pod')
  assert.equal(Number(/\d+$/.exec(arrival.authority)?.[0]), want.podPort, 'port of the pod')
  checkHeaders(head.headers, want.seen, 'at the pod')
}

const checkHeaders = (headers: HeaderList, wanted: Readonly<Record<string, string | null>>, where: string): void => {
  for (const [name, value] of Object.entries(wanted)) {
    assert.equal(headers.get(name) ?? null, value, `header ${name} ${where}`)
  }
}

const checkRecord = (want: Want, record: ExchangeRecord): void => {
  assert.equal(record.status, want.status, 'status in the record')
  for (const field of ['route', 'rule', 'flags', 'details'] as const) {
    if (want[field] !== undefined) assert.equal(record[field], want[field], `${field} in the record`)
  }
}

/** Who asks why gets the truth: the explanation is of what has happened. */
const checkExplanation = (explanation: Explanation, record: ExchangeRecord): void => {
  // Whether a signature is good is not asked, so the explanation is of what would become of it with a good one.
  if (record.details.startsWith('jwt_authn_access_denied')) return
  assert.equal(explanation.route, record.route, 'route in the explanation')
  assert.equal(explanation.rule, record.rule, 'rule in the explanation')
  // To a gRPC client a refusal is a 200 whose grpc-status says it.
  if (explanation.status !== undefined && record.grpcStatus === '') {
    assert.equal(explanation.status, record.status, 'status in the explanation')
  }
  if (record.backend === undefined) return
  const { namespace, name, port } = record.backend
  const backend = explanation.backends.find((each) => each.name === `${namespace}/${name}:${port}`)
  assert.ok(backend, `${namespace}/${name}:${port} is not among the backends of the explanation`)
  assert.ok(backend.weight > 0, 'a backend without weight was chosen')
}

const checkShares = (
  { count }: Vector,
  shares: Readonly<Record<string, number>>,
  { arrivals, records, explanation }: Outcome,
): void => {
  assert.equal(
    Object.values(shares).reduce((sum, share) => sum + share, 0),
    100,
    'the shares that are wanted add up to 100',
  )
  assert.equal(records.length, count, 'exchanges')
  const found = new Map<string, number>()
  const add = (key: string): void => void found.set(key, (found.get(key) ?? 0) + 1)
  for (const { pod } of arrivals) add(pod)
  for (const record of records) {
    checkExplanation(explanation, record)
    if (record.status !== 200) add(`status ${record.status}`)
  }
  for (const key of found.keys()) assert.ok(key in shares, `${found.get(key)} of ${count} for ${key}: none is wanted`)
  for (const [key, share] of Object.entries(shares)) {
    const points = ((found.get(key) ?? 0) / count) * 100
    const message = `${key} has ${points} % of ${count} requests, wanted ${share} %`
    if (share === 0) assert.equal(points, 0, message)
    else assert.ok(Math.abs(points - share) <= TOLERANCE_POINTS, message)
  }
}
