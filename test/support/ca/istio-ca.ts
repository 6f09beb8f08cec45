/**
 * A certificate authority as istiod is one, for tests: gRPC over TLS, service account tokens, a root with an issuing CA
 * under it, and a root that takes its place. What it issues is real; who may ask is decided as istiod does it.
 */
import * as grpc from '@grpc/grpc-js'
import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'
import { createCertificate } from '../../../src/identity/ca/certificate.ts'
import type { DevCa, IssueOptions } from '../../../src/identity/ca/dev-ca.ts'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { formatSpiffeId, type SpiffeId } from '../../../src/model/identity.ts'
import { readCertificateRequest, writeCertificateResponse, type CertificateRequest } from './ca-wire.ts'
import { readSigningRequest } from './signing-request.ts'

/** One call that came, as the CA saw it. */
export interface CaCall {
  readonly request: CertificateRequest
  readonly token: string
  readonly clusterId: string
  /** Names in the signing request. */
  readonly uris: readonly string[]
  readonly code: keyof typeof grpc.status
}

export interface IstioCaOptions {
  /** However long a life is asked for, it is no longer than this. Default a day. */
  readonly maxTtlMs?: number
  readonly nowMs?: () => number
}

/** The name in its certificate. */
export const CA_NAME = 'istiod.istio-system.svc'
const DAY_MS = 86_400_000
const BACKDATE_MS = 120_000

interface Signer {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** A root, and the CA that it lets issue. */
interface Hierarchy {
  readonly name: string
  readonly rootPem: string
  readonly issuerPem: string
  readonly issuer: Signer
}

/** Founds one with a first root; it answers once `start` was called. */
export class IstioCa implements DevCa, AsyncDisposable {
  maxTtlMs: number
  /** What it answers in place of a certificate; `undefined`: it does its work. */
  failure: { readonly code: grpc.status; readonly details: string } | undefined
  readonly calls: CaCall[] = []
  readonly #nowMs: () => number
  readonly #accounts = new Map<string, SpiffeId>()
  #roots: readonly Hierarchy[]
  #signing: Hierarchy
  #tokens = 0
  #server: grpc.Server | undefined
  #port = 0

  constructor({ maxTtlMs = DAY_MS, nowMs = Date.now }: IstioCaOptions = {}) {
    this.maxTtlMs = maxTtlMs
    this.#nowMs = nowMs
    this.#signing = this.#found('first')
    this.#roots = [this.#signing]
  }

  /** `HOST:PORT`; the same after a restart. */
  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** All roots that the mesh trusts now: what istiod puts into the ConfigMap `istio-ca-root-cert`. */
  get rootPem(): string {
    return this.#roots.map(({ rootPem }) => rootPem).join('')
  }

  /** A token that it takes for that account's. It is not a real JWT, but looks like one. */
  tokenFor(namespace: string, serviceAccount: string, trustDomain = 'cluster.local'): string {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { sub: `system:serviceaccount:${namespace}:${serviceAccount}`, jti: String(this.#tokens++) }
    const token = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`
    this.#accounts.set(token, formatSpiffeId({ trustDomain, namespace, serviceAccount }))
    return token
  }

  /** As if it had expired. */
  revokeToken(token: string): void {
    this.#accounts.delete(token)
  }

  /** Lets the mesh trust one more root, which signs nothing yet; the first one is called `first`. */
  addRoot(name: string): void {
    this.#roots = [...this.#roots, this.#found(name)]
  }

  /** From now on that root stands above what is issued. */
  signWith(name: string): void {
    const found = this.#roots.find((root) => root.name === name)
    if (found === undefined) throw new Error(`there is no root ${name}`)
    this.#signing = found
  }

  /** The mesh trusts that root no more. */
  dropRoot(name: string): void {
    this.#roots = this.#roots.filter((root) => root.name !== name)
  }

  readonly issue = async (identity: SpiffeId, options: IssueOptions = {}): Promise<Credentials> => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const leafPem = this.#issueLeaf(identity, keys.publicKey, { ttlMs: DAY_MS, ...options })
    const leaf = new X509Certificate(leafPem)
    return {
      identity,
      certificateChainPem: leafPem + this.#signing.issuerPem,
      privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      trustRootsPem: this.rootPem,
      notBeforeMs: leaf.validFromDate.getTime(),
      notAfterMs: leaf.validToDate.getTime(),
    }
  }

  /** Listens with a certificate of the root that it signs with. */
  async start(): Promise<void> {
    const server = new grpc.Server()
    server.addService(service, { createCertificate: this.#onCall })
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const certificate = createCertificate({
      publicKey: keys.publicKey,
      issuer: this.#signing.issuer,
      ...this.#dates(DAY_MS),
      usage: { kind: 'leaf', names: [{ type: 'DNS', value: CA_NAME }], purposes: ['serverAuth'] },
    })
    const pair = {
      private_key: Buffer.from(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      cert_chain: Buffer.from(certificate + this.#signing.issuerPem),
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    server.bindAsync(`127.0.0.1:${this.#port}`, grpc.ServerCredentials.createSsl(null, [pair]), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
    this.#port = await promise
    this.#server = server
  }

  /** Whoever calls now finds nobody. */
  stop(): void {
    this.#server?.forceShutdown()
    this.#server = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
  }

  readonly #onCall = (
    call: grpc.ServerUnaryCall<CertificateRequest, Buffer>,
    done: grpc.sendUnaryData<Buffer>,
  ): void => {
    const { request, metadata } = call
    const token = String(metadata.get('authorization')[0]).replace(/^Bearer /, '')
    const clusterId = String(metadata.get('clusterid')[0])
    let uris: readonly string[] = []
    const finish = (code: grpc.status, details: string, chain: readonly string[] = []): void => {
      // The names of the codes are the keys of the enumeration.
      this.calls.push({ request, token, clusterId, uris, code: grpc.status[code] as keyof typeof grpc.status })
      if (code === grpc.status.OK) done(null, writeCertificateResponse(chain))
      else done({ code, details })
    }
    if (this.failure !== undefined) return finish(this.failure.code, this.failure.details)
    const identity = this.#accounts.get(token)
    if (identity === undefined) return finish(grpc.status.UNAUTHENTICATED, 'authentication failure')
    if (clusterId !== 'Kubernetes') return finish(grpc.status.UNAUTHENTICATED, `unknown cluster ${clusterId}`)
    try {
      const csr = readSigningRequest(request.csr)
      ;({ uris } = csr)
      const ttlMs = Math.min(request.validitySeconds * 1000, this.maxTtlMs)
      const leafPem = this.#issueLeaf(identity, csr.publicKey, { ttlMs })
      return finish(grpc.status.OK, '', [leafPem, this.#signing.issuerPem, this.rootPem])
    } catch (error) {
      return finish(grpc.status.INVALID_ARGUMENT, String(error))
    }
  }

  #issueLeaf(identity: SpiffeId, publicKey: KeyObject, { ttlMs = DAY_MS, ...options }: IssueOptions): string {
    const { notBeforeMs = this.#nowMs() - BACKDATE_MS, purposes = ['serverAuth', 'clientAuth'] } = options
    return createCertificate({
      publicKey,
      issuer: this.#signing.issuer,
      notBeforeMs,
      notAfterMs: this.#nowMs() + ttlMs,
      usage: { kind: 'leaf', names: [{ type: 'URI', value: identity }], purposes },
    })
  }

  #found(name: string): Hierarchy {
    const [root, issuer] = [`${name} root`, `${name} issuing CA`].map((commonName) => ({
      commonName,
      ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    }))
    if (root === undefined || issuer === undefined) throw new Error('two were made')
    const certify = (subject: Signer): string =>
      createCertificate({ ...subject, issuer: root, ...this.#dates(DAY_MS), usage: { kind: 'root' } })
    return { name, rootPem: certify(root), issuerPem: certify(issuer), issuer }
  }

  #dates(ttlMs: number): { readonly notBeforeMs: number; readonly notAfterMs: number } {
    return { notBeforeMs: this.#nowMs() - BACKDATE_MS, notAfterMs: this.#nowMs() + ttlMs }
  }
}

const service = {
  createCertificate: {
    path: '/istio.v1.auth.IstioCertificateService/CreateCertificate',
    requestStream: false,
    responseStream: false,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: readCertificateRequest,
    responseSerialize: (message: Buffer) => message,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
} satisfies grpc.ServiceDefinition
