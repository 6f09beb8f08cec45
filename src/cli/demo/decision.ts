import { formatHostPort, type HostPort } from '../host-port.ts'

/** What the running waypoint says would become of a request, and why. */
export interface Decision {
  /** The request in words. */
  readonly request: string
  readonly generation: number
  readonly route: string
  readonly backends: readonly { readonly name: string; readonly weight: number }[]
  readonly reasons: readonly string[]
}

/** A request to ask about. */
export interface Question {
  readonly authority: string
  readonly method: string
  readonly path: string
  readonly host: string
  /** Who asks: a namespace, `NS/SA` or a SPIFFE ID. */
  readonly source: string
}

/** The admin API's address for a question. */
export const resolveUrl = (admin: HostPort, question: Question): string => {
  const query = new URLSearchParams({
    authority: question.authority,
    method: question.method,
    path: question.path,
    source: question.source,
  })
  return `http://${formatHostPort(admin)}/resolve?${query.toString()}`
}

/** Asks the running waypoint; `undefined` when it does not answer, since the demo goes on without. */
export const askDecision = async (admin: HostPort, question: Question): Promise<Decision | undefined> => {
  try {
    const response = await fetch(resolveUrl(admin, question), { signal: AbortSignal.timeout(2000) })
    const explanation: unknown = await response.json()
    return decodeDecision(explanation, `${question.method} ${question.path} to ${question.host}`)
  } catch {
    return undefined
  }
}

/** Reads the admin API's explanation; `undefined` when it is none. */
export const decodeDecision = (explanation: unknown, request: string): Decision | undefined => {
  if (!isRecord(explanation) || typeof explanation['outcome'] !== 'string') return undefined
  const { generation, route, rule, outcome, backends, reasons } = explanation
  const routeText = typeof route === 'string' ? `${route}${typeof rule === 'string' ? `, rule ${rule}` : ''}` : outcome
  return {
    request,
    generation: typeof generation === 'number' ? generation : 0,
    route: routeText,
    backends: (Array.isArray(backends) ? backends : []).flatMap((backend: unknown) =>
      isRecord(backend) && typeof backend['name'] === 'string' && typeof backend['weight'] === 'number'
        ? [{ name: backend['name'], weight: backend['weight'] }]
        : [],
    ),
    reasons: (Array.isArray(reasons) ? reasons : []).filter((reason) => typeof reason === 'string'),
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
