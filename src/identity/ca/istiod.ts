/**
 * Credentials from a CA with istiod's API: a key of our own making, a request for it, the service account's token as
 * proof of who asks. The key never leaves this process.
 */
import { generateKeyPair } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { formatSpiffeId, parseSpiffeId, type SpiffeId } from '../../model/identity.ts'
import type { Issue } from '../../lib/decoded.ts'
import type { Credentials, CredentialSource } from '../credentials.ts'
import { readCertificates } from '../decode-credentials.ts'
import { decodeNextCredentials } from '../decode-next-credentials.ts'
import { isSameSet } from '../is-same-set.ts'
import type { SourceParts } from '../source-parts.ts'
import type { CertificateAnswer, CertificateCall } from './certificate-call.ts'
import { createSigningRequest } from './csr.ts'
import type { IstiodSettings, WorkloadName } from './istiod-settings.ts'
import { MeshFiles, type MeshTexts } from './mesh-files.ts'
import { Renewal, type Obtained } from './renewal.ts'
import { accountOfToken } from './token.ts'
import { splitAnswer, uniteRoots } from './mesh-roots.ts'

export interface IstiodOptions extends SourceParts, IstiodSettings {
  readonly trustDomain: string
  /** Of a pod that nobody told its account, and whose token does not say it either. */
  readonly fallbackAccount: WorkloadName
  /** Makes the call; tests and threads have their own way to. */
  readonly call: (call: CertificateCall) => Promise<CertificateAnswer>
}

/** For the whole call, with connecting. */
const DEADLINE_MS = 10_000
/** All waypoints of a mesh see its roots change within a minute or two, and must not come at once. */
const ROOTS_CHANGED_SPREAD_MS = 30_000

/** Those of Kubernetes have one or two thousand characters. */
const MAX_TOKEN = 65_536

const generateKeys = promisify(generateKeyPair)

/**
 * Waits for the first certificate for as long as it takes, then keeps it current. Rejects with the reason of `signal`
 * when that is aborted meanwhile, never for what the CA says: it may say something else tomorrow.
 */
export const createIstiodCredentials = (options: IstiodOptions): Promise<CredentialSource> =>
  new IstiodSource(options).open()

class IstiodSource {
  readonly #options: IstiodOptions
  readonly #files: MeshFiles
  readonly #renewal: Renewal
  /** What the CA named in its last answer. */
  #issuerRootsPem = ''
  /** What the files held when it was put in force, or refused. */
  #seen: MeshTexts | undefined

  constructor(options: IstiodOptions) {
    this.#options = options
    this.#files = new MeshFiles(options)
    this.#renewal = new Renewal({
      ...options,
      from: `istiod at ${options.address}`,
      obtain: () => this.#obtain().catch((error: unknown) => ({ ok: false, message: describe(error) })),
    })
  }

  async open(): Promise<CredentialSource> {
    const { log, crlPath } = this.#options
    const { current, subscribe, status } = await this.#renewal.ready
    if (current().crlPem === undefined)
      log.info(`there is no ${crlPath}: nobody looks whether a certificate was revoked`)
    await this.#files.watch(() => this.#look())
    const close = (): void => {
      this.#files.close()
      this.#renewal.close()
    }
    return { current, subscribe, status, close }
  }

  async #obtain(): Promise<Obtained> {
    const { trustDomain, clusterId, address, serverName, ttlMs, certSigner, call } = this.#options
    const texts = await this.#files.read()
    const token = await this.#readToken()
    const account = this.#options.account ?? accountOfToken(token) ?? this.#options.fallbackAccount
    const keys = await generateKeys('ec', { namedCurve: 'P-256' })
    const answer = await call({
      address,
      serverName,
      rootsPem: await this.#readCaRoots(texts),
      token,
      clusterId,
      message: {
        csr: createSigningRequest(formatSpiffeId({ trustDomain, ...account }), keys),
        validitySeconds: Math.floor(ttlMs / 1000),
        metadata: certSigner === undefined ? {} : { CertSigner: certSigner },
      },
      deadlineMs: DEADLINE_MS,
    })
    if (!answer.ok) return answer
    const obtained = this.#accept(answer.chain, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }), texts)
    if (obtained.ok) this.#warnOfOtherAccount(obtained.credentials.identity)
    return obtained
  }

  /** istiod goes by the token and does not look at the name in the request. Once for each identity that we get. */
  #warnOfOtherAccount(identity: SpiffeId): void {
    const { account, log } = this.#options
    const certified = parseSpiffeId(identity)
    if (account === undefined || certified === undefined || this.#renewal.inForce?.identity === identity) return
    if (certified.namespace === account.namespace && certified.serviceAccount === account.serviceAccount) return
    const asked = `${account.namespace}/${account.serviceAccount}`
    log.warn(`we asked to be ${asked} (POD_NAMESPACE, SERVICE_ACCOUNT), and the CA certified us as ${identity}`)
  }

  #accept(chain: readonly string[], privateKeyPem: string, texts: MeshTexts): Obtained {
    const answer = splitAnswer(chain)
    if (answer === undefined) {
      return {
        ok: false,
        message: `its answer has ${chain.length} elements, where a certificate and roots were expected`,
      }
    }
    const { certificateChainPem, rootsPem } = answer
    const issues: Issue[] = []
    // Beside the mounted ones nobody would miss them, and whoever depends on them would be cut off.
    if (rootsPem.trim() !== '') readCertificates(rootsPem, 'trustRootsPem', issues)
    if (issues.length > 0) return { ok: false, message: `its answer cannot be used: ${formatIssues(issues)}` }
    const { tally } = this.#options
    const { failures } = tally.status()
    const decoded = this.#decode({ certificateChainPem, privateKeyPem }, rootsPem, texts)
    if (!decoded.ok) return { ok: false, message: `its answer cannot be used: ${decoded.message}` }
    // Nor were lists refused.
    if (tally.status().failures === failures) tally.recovered()
    this.#issuerRootsPem = rootsPem
    this.#seen = texts
    return decoded
  }

  /** The mounted files have changed, or may have: what they say does not wait for the next certificate. */
  async #look(): Promise<void> {
    const texts = await this.#files.read()
    const seen = this.#seen
    if (texts === seen) return
    this.#seen = texts
    const { log, clock, tally } = this.#options
    const before = this.#renewal.current()
    const decoded = this.#decode(before, this.#issuerRootsPem, texts)
    if (!decoded.ok) {
      tally.failed(decoded.message, clock.nowMs())
      log.warn(`whom to trust cannot be changed: ${decoded.message}`)
      return
    }
    if (!isSameSet(decoded.credentials, before)) {
      this.#renewal.replace(decoded.credentials)
      log.info('whom to trust has changed: the mounted files were replaced')
    }
    // The CA that issued what we show may be on its way out.
    if (texts.rootsPem !== seen?.rootsPem) this.#renewal.renewWithin(ROOTS_CHANGED_SPREAD_MS)
  }

  #decode(
    own: Pick<Credentials, 'certificateChainPem' | 'privateKeyPem'>,
    issuerRootsPem: string,
    { rootsPem = '', crlPem }: MeshTexts,
  ): Obtained {
    const { certificateChainPem, privateKeyPem } = own
    const trustRootsPem = uniteRoots(rootsPem, issuerRootsPem)
    const { clock, log, tally } = this.#options
    const texts = { certificateChainPem, privateKeyPem, trustRootsPem, ...(crlPem === undefined ? {} : { crlPem }) }
    const decoded = decodeNextCredentials(texts, this.#renewal.inForce, clock.nowMs())
    if (!decoded.ok) return { ok: false, message: formatIssues(decoded.issues) }
    const { credentials, crlIssues } = decoded.value
    if (crlIssues.length > 0) {
      const message = `the revocation lists of ${this.#options.crlPath} are refused: ${formatIssues(crlIssues)}`
      tally.failed(message, clock.nowMs())
      log.warn(`${message}; those before them stay in force`)
    }
    return { ok: true, credentials }
  }

  async #readToken(): Promise<string> {
    const { tokenPath } = this.#options
    const token = (await readOwn(tokenPath, 'the service account token')).trim()
    // A header with anything else would be refused with a message that shows it.
    if (!/^[\x21-\x7e]+$/.test(token))
      throw new Error(`the service account token in ${tokenPath} is empty, or no token`)
    // Servers end the connection for a header of that size, with a number in place of a reason.
    if (token.length > MAX_TOKEN)
      throw new Error(`the service account token in ${tokenPath} has ${token.length} characters: is it another file?`)
    return token
  }

  async #readCaRoots(texts: MeshTexts): Promise<string | undefined> {
    const { caRootPath, meshRootsPath } = this.#options
    if (caRootPath === 'SYSTEM') return undefined
    if (caRootPath !== undefined) return readOwn(caRootPath, 'the roots of the CA')
    if (texts.rootsPem !== undefined) return texts.rootsPem
    throw new Error(
      `there are no roots in ${meshRootsPath}, so nobody knows whether it is the CA: mount the ConfigMap istio-ca-root-cert there, or set --ca-root`,
    )
  }
}

const readOwn = async (path: string, what: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`${what} cannot be read (${describe(error)}): is the volume mounted?`, { cause: error })
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const formatIssues = (issues: readonly Issue[]): string => issues.map(({ message }) => message).join('; ')
