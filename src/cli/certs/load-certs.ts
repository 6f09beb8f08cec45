import { resolve } from 'node:path'
import { decodeCredentials } from '../../identity/decode-credentials.ts'
import { readSet, type SetNames } from '../../identity/files/read-set.ts'
import { createCertsDocument, type CertsDocument } from '../../identity/report/certs-document.ts'
import { describeCredentials } from '../../identity/report/credential-report.ts'
import type { Issue } from '../../lib/decoded.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import { parseSpiffeId } from '../../model/identity.ts'
import { exitCodes } from '../exit-codes.ts'
import { formatHostPort, type HostPort } from '../host-port.ts'
import { CliError } from '../verb.ts'
import { isCertsDocument } from './is-certs-document.ts'

/** Who does not answer by then has other troubles. */
const TIMEOUT_MS = 5000
/** A thousand roots are half of that. */
const MAX_LENGTH = 2_000_000

/** Asks a running waypoint. Throws `CliError` when there is no answer, or none of a waypoint. */
export const loadFromAdmin = async (admin: HostPort): Promise<CertsDocument> => {
  const url = `http://${formatHostPort(admin)}/certs`
  const fail = (what: string, next: string, cause?: unknown): CliError =>
    new CliError(exitCodes.failure, `${url} ${what}`, { next, cause })
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    body = parseJson(await readText(response))
  } catch (error) {
    const next = 'is a waypoint running there? --admin HOST:PORT names its admin API, --certs DIR looks into a folder'
    throw fail(`cannot be asked: ${explain(error)}`, next, error)
  }
  if (response.ok && isCertsDocument(body)) return body
  throw fail(`answered ${response.status}, which says nothing of certificates`, 'is it the admin API of a waypoint?')
}

/** Reads a folder as `--ca files` does, and shows also what that would refuse. Throws `CliError` when it cannot be read. */
export const loadFromFolder = async (folder: string, cwd: string, nowMs: number): Promise<CertsDocument> => {
  const dir = resolve(cwd, folder)
  const set = await readSet(dir)
  if (!set.ok) throw unreadable(dir, set.issues)
  const { texts, names } = set.value
  const report = describeCredentials(texts)
  const [leaf] = report.chain
  // Whether it is in time, the report tells; all the rest is judged as a waypoint would.
  const decoded = decodeCredentials(texts, leaf === undefined ? nowMs : Date.parse(leaf.notBefore))
  const issues = decoded.ok ? [] : decoded.issues.map((issue) => formatFileIssue(issue, names))
  const trustDomain = parseSpiffeId(leaf?.names[0] ?? '')?.trustDomain
  const status = { kind: 'files' } as const
  const trustDomains = trustDomain === undefined ? [] : [trustDomain]
  const document = createCertsDocument({ report, status, place: dir, trustDomains }, nowMs)
  return { ...document, troubles: [...issues, ...document.troubles] }
}

const unreadable = (dir: string, issues: readonly Issue[]): CliError =>
  new CliError(
    exitCodes.badInput,
    `${dir}: ${issues.map(({ path, message }) => `${path === undefined ? '' : `${path} `}${message}`).join('; ')}`,
    { next: 'a folder of certificates has cert-chain.pem, key.pem and root-cert.pem' },
  )

const formatFileIssue = ({ path, message }: Issue, names: SetNames): string => {
  const name = isTextName(path) ? names[path] : path
  return name === undefined ? message : `${name}: ${message}`
}

const isTextName = (path: string | undefined): path is keyof SetNames =>
  path === 'certificateChainPem' || path === 'privateKeyPem' || path === 'trustRootsPem' || path === 'crlPem'

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
