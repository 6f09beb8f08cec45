import { decodeExplainParameters } from '../../admin/explain-parameters.ts'
import { formatFault } from '../../lib/format-issue.ts'
import * as s from '../../lib/schema.ts'
import { explainRequest, type Explanation, type ExplainQuery } from '../../snapshot/explain.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { usageError } from '../arguments.ts'
import { askAdmin } from '../ask-admin.ts'
import type { HostPort } from '../host-port.ts'
import type { ImaginedRequest } from './imagined-request.ts'

/** Answers one question; `parameters` are those of `/resolve`, `query` is what they come to. */
export type Explainer = (query: ExplainQuery, parameters: URLSearchParams) => Promise<Explanation>

/** What became of a request, and which of its names was found. */
export interface Answer {
  readonly authority: string
  readonly explanation: Explanation
}

/** Asks a snapshot that was made here; `whyUnbound` knows what is not in it. */
export const fromSnapshot =
  (snapshot: Snapshot, whyUnbound: (authority: string) => readonly string[] = () => []): Explainer =>
  async (query) => {
    const explanation = explainRequest(snapshot, query)
    if (explanation.outcome !== 'unbound') return explanation
    return { ...explanation, reasons: [...explanation.reasons, ...whyUnbound(query.authority)] }
  }

/** Asks a running waypoint, which knows endpoints and filters as they are now. */
export const fromWaypoint =
  (admin: HostPort): Explainer =>
  (_, parameters) =>
    askAdmin(admin, {
      path: `/resolve?${parameters.toString()}`,
      about: 'requests',
      isAnswer: isExplanation,
      next: '-f PATH explains by files instead, --admin HOST:PORT names its admin API',
    })

/** Asks for each name in turn until one is found, the name as it was written last. */
export const askForExplanation = async (
  { authorities, parameters, doubt }: ImaginedRequest,
  explain: Explainer,
): Promise<Answer> => {
  const why = new Set(doubt === undefined ? [] : [doubt])
  let last: Answer | undefined
  for (const authority of authorities) {
    const asked = new URLSearchParams([['authority', authority], ...parameters])
    const explanation = await explain(decodeQuery(asked), asked)
    if (explanation.outcome !== 'unbound') return { authority, explanation }
    // What names that are tried on the way have to say: the Service may be one of theirs, and not bound.
    for (const reason of explanation.reasons.slice(1)) why.add(reason)
    const [first = ''] = explanation.reasons
    last = { authority, explanation: { ...explanation, reasons: [first, ...why] } }
  }
  if (last === undefined) throw new Error('a request has a name at least')
  return last
}

/** Throws `CliError` (64) for what is no request, before anybody is asked. */
export const refuseBadRequest = ({ authorities, parameters }: ImaginedRequest): void => {
  decodeQuery(new URLSearchParams([['authority', authorities[0]], ...parameters]))
}

const flagOf: Readonly<Record<string, string>> = {
  authority: 'the URL',
  path: 'the path of the URL',
  method: 'the method',
  header: '--header',
  source: '--from',
}

/** What parameters of `/resolve` come to; throws `CliError` (64) with the flags that they are made of. */
export const decodeQuery = (parameters: URLSearchParams): ExplainQuery => {
  const query = decodeExplainParameters(parameters)
  if (query.ok) return query.value
  const faults = query.issues.map((issue) => {
    const { path = '' } = issue
    // Here more is taken than by the parameter.
    const fault = path === 'source' ? { ...issue, expected: 'NS, NS/SA, TD/NS/SA or spiffe://TD/ns/NS/sa/SA' } : issue
    return `${flagOf[path] ?? `--${path}`}: ${formatFault(fault)}`
  })
  throw usageError([...new Set(faults)].join('; '))
}

const ignore = { unknownFields: 'ignore' } as const
const text = s.string()
const answer = s.object(
  {
    generation: s.number(),
    outcome: s.oneOf(['unbound', 'bad-path', 'closed', 'denied', 'no-match', 'pass-through', 'match']),
    status: s.optional(s.number()),
    tunnel: s.optional(s.oneOf(['http', 'tcp', 'tls', 'sniff'])),
    service: s.optional(text),
    path: s.optional(text),
    route: s.optional(text),
    rule: s.optional(text),
    backends: s.array(s.object({ name: text, weight: s.number(), endpoints: s.number() }, ignore)),
    authorization: s.optional(s.object({ verdict: s.oneOf(['allow', 'deny', 'ask']) }, ignore)),
    reasons: s.array(text),
  },
  ignore,
)

/** Whether all that is printed is there; the waypoint may be of another version. */
const isExplanation = (body: unknown): body is Explanation => answer.decode(body, '').ok
