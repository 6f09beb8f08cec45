import { resolve } from 'node:path'
import { decodeCredentials } from '../../identity/decode-credentials.ts'
import { readSet, type SetNames } from '../../identity/files/read-set.ts'
import { createCertsDocument, type CertsDocument } from '../../identity/report/certs-document.ts'
import { describeCredentials } from '../../identity/report/credential-report.ts'
import type { Issue } from '../../lib/decoded.ts'
import { parseSpiffeId } from '../../model/identity.ts'
import { askAdmin } from '../ask-admin.ts'
import { exitCodes } from '../exit-codes.ts'
import type { HostPort } from '../host-port.ts'
import { CliError } from '../verb.ts'
import { isCertsDocument } from './is-certs-document.ts'

/** Asks a running waypoint. Throws `CliError` when there is no answer, or none of a waypoint. */
export const loadFromAdmin = (admin: HostPort): Promise<CertsDocument> =>
  askAdmin(admin, {
    path: '/certs',
    about: 'certificates',
    isAnswer: isCertsDocument,
    next: '--admin HOST:PORT names its admin API, --certs DIR looks into a folder',
  })

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
