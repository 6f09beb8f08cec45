import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../lib/clock.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import type { SpiffeId } from '../../model/identity.ts'
import { createCertificate } from './certificate.ts'
import { Renewal, type Obtained } from './renewal.ts'
import type { Credentials, CredentialSource } from '../credentials.ts'
import type { SourceParts } from '../source-parts.ts'
import { StartupError } from '../../lib/startup-error.ts'

/** A certificate authority for one machine: for the demo, development and tests, never for a cluster. */
export interface DevCa {
  /** The root that all its certificates lead to. */
  readonly rootPem: string
  readonly issue: (identity: SpiffeId, options?: IssueOptions) => Promise<Credentials>
}

export interface IssueOptions {
  /** Counted from now; default 24 h. */
  readonly ttlMs?: number
  /** Default: two minutes ago, for clocks that are a little behind. Tests make expired ones with this and `ttlMs`. */
  readonly notBeforeMs?: number
  /** Default: both, as every workload in a mesh is server and client. */
  readonly purposes?: readonly ('serverAuth' | 'clientAuth')[]
}

export interface DevCaOptions {
  /** Folder of the project's local state (`.fairway`); made when missing. */
  readonly dir: string
  /** Goes into the root's name, for people who look at it. */
  readonly trustDomain: string
  readonly clock: Pick<Clock, 'nowMs'>
}

interface Root {
  readonly certificatePem: string
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const DAY_MS = 86_400_000
const ROOT_TTL_MS = 365 * DAY_MS
const LEAF_TTL_MS = DAY_MS
const BACKDATE_MS = 120_000

const generateKeys = promisify(generateKeyPair)

/**
 * Opens the CA in `dir`, or founds it: `dev-ca.pem` (0600) holds root certificate and key, `root-cert.pem` the public
 * half for other tools. A root with less than a leaf's life left is replaced. Throws `StartupError`.
 */
export const createDevCa = async (options: DevCaOptions): Promise<DevCa> => {
  const path = join(options.dir, 'dev-ca.pem')
  const nowMs = options.clock.nowMs()
  let root = await readRoot(path)
  if (root !== undefined && new X509Certificate(root.certificatePem).validToDate.getTime() < nowMs + LEAF_TTL_MS) {
    await rm(path, { force: true })
    root = undefined
  }
  root ??= await foundRoot(path, options)
  const issuer = root
  return {
    rootPem: issuer.certificatePem,
    issue: (identity, issueOptions) => issueLeaf(issuer, identity, { nowMs: options.clock.nowMs(), ...issueOptions }),
  }
}

/** Credentials of one identity, issued anew when half of their life is over. */
export const createDevCredentials = (
  ca: DevCa,
  identity: SpiffeId,
  options: SourceParts & { readonly ttlMs?: number },
): Promise<CredentialSource> => {
  const { ttlMs = LEAF_TTL_MS } = options
  const obtain = async (): Promise<Obtained> => {
    try {
      const credentials = await ca.issue(identity, { ttlMs })
      options.tally.recovered()
      return { ok: true, credentials }
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) }
    }
  }
  return new Renewal({ ...options, from: 'the development CA', obtain }).ready
}

const issueLeaf = async (
  issuer: Root,
  identity: SpiffeId,
  options: IssueOptions & { readonly nowMs: number },
): Promise<Credentials> => {
  const { nowMs, ttlMs = LEAF_TTL_MS, notBeforeMs = nowMs - BACKDATE_MS } = options
  const { purposes = ['serverAuth', 'clientAuth'] } = options
  const keys = await generateKeys('ec', { namedCurve: 'P-256' })
  const certificateChainPem = createCertificate({
    publicKey: keys.publicKey,
    issuer,
    notBeforeMs,
    notAfterMs: nowMs + ttlMs,
    usage: { kind: 'leaf', names: [{ type: 'URI', value: identity }], purposes },
  })
  const leaf = new X509Certificate(certificateChainPem)
  return {
    identity,
    certificateChainPem,
    privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    trustRootsPem: issuer.certificatePem,
    // As written: a certificate knows whole seconds only.
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
  }
}

const readRoot = async (path: string): Promise<Root | undefined> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new StartupError('EDEVCA', `cannot read the development CA ${path}: check who owns the file`, error)
  }
  try {
    const certificate = new X509Certificate(text)
    const privateKey = createPrivateKey(text)
    if (!certificate.checkPrivateKey(privateKey)) throw new Error('its key does not fit its certificate')
    const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? ''
    return { certificatePem: certificate.toString(), commonName, publicKey: createPublicKey(privateKey), privateKey }
  } catch (error) {
    throw new StartupError('EDEVCA', `the development CA ${path} is damaged: delete it, a new one will be made`, error)
  }
}

/** Whoever links first wins; a process that comes second takes over the winner's root. */
const foundRoot = async (path: string, options: DevCaOptions): Promise<Root> => {
  const nowMs = options.clock.nowMs()
  const commonName = `Fairway development CA for ${options.trustDomain}`
  const keys = await generateKeys('ec', { namedCurve: 'P-256' })
  const certificatePem = createCertificate({
    publicKey: keys.publicKey,
    issuer: { commonName, ...keys },
    commonName,
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: nowMs + ROOT_TTL_MS,
    usage: { kind: 'root' },
  })
  const keyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const draft = `${path}.${process.pid}.${randomUUID()}`
  try {
    await mkdir(options.dir, { recursive: true })
    await writeFile(draft, certificatePem + keyPem, { mode: 0o600, flag: 'wx' })
    await link(draft, path)
    await writeFile(join(options.dir, 'root-cert.pem'), certificatePem)
    return { certificatePem, commonName, ...keys }
  } catch (error) {
    const winner = errorCode(error) === 'EEXIST' ? await readRoot(path) : undefined
    if (winner !== undefined) return winner
    throw new StartupError('EDEVCA', `cannot write the development CA to ${path}: is the folder writable?`, error)
  } finally {
    await rm(draft, { force: true })
  }
}
