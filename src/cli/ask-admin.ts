/** Questions to the admin API of a running waypoint. */
import { errorCode } from '../lib/errors/error-code.ts'
import { exitCodes } from './exit-codes.ts'
import { formatHostPort, type HostPort } from './host-port.ts'
import { CliError } from './verb.ts'

/** Where `fairway run` has its admin API unless it is told otherwise. */
export const defaultAdmin = '127.0.0.1:15000'

/** Who does not answer by then has other troubles. */
const TIMEOUT_MS = 5000
/** A thousand trust roots are half of that. */
const MAX_LENGTH = 2_000_000

/** What is asked, and what the answer has to look like. */
export interface AdminQuestion<Answer> {
  readonly path: string
  /** Default GET. */
  readonly method?: 'GET' | 'POST'
  /** Statuses beside 2xx that come with an answer. */
  readonly refusals?: readonly number[]
  /** In words: `certificates`. */
  readonly about: string
  readonly isAnswer: (body: unknown) => body is Answer
  /** What to do when nobody answers, after the question whether a waypoint is running there. */
  readonly next: string
}

/** Asks a running waypoint. Throws `CliError` when there is no answer, or none of a waypoint. */
export const askAdmin = async <Answer>(
  admin: HostPort,
  { path, method = 'GET', refusals = [], about, isAnswer, next }: AdminQuestion<Answer>,
): Promise<Answer> => {
  const url = `http://${formatHostPort(admin)}${path}`
  const fail = (what: string, advice: string, cause?: unknown): CliError =>
    new CliError(exitCodes.failure, `${url} ${what}`, { next: advice, cause })
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    body = parseJson(await readText(response))
  } catch (error) {
    throw fail(`cannot be asked: ${explain(error)}`, `is a waypoint running there? ${next}`, error)
  }
  if ((response.ok || refusals.includes(response.status)) && isAnswer(body)) return body
  throw fail(`answered ${response.status}, which says nothing of ${about}`, 'is it the admin API of a waypoint?')
}

/** The text of an answer; whoever is at that port may send without end. */
const readText = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ''
  const chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? []
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_LENGTH) throw new Error(`more than ${MAX_LENGTH / 1e6} MB`)
  }
  return text + decoder.decode()
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `fetch` hides what happened in its cause. */
const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} seconds`
  return errorCode(error.cause) ?? (error.cause instanceof Error ? error.cause.message : error.message)
}
