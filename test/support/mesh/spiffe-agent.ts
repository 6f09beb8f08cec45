/** An agent that serves the SPIFFE Workload API on a Unix socket, with whatever answers a test wants. */
import { rm } from 'node:fs/promises'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { Server, ServerCredentials, status as Code, type ServerWritableStream } from '@grpc/grpc-js'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { splitPem } from '../../../src/identity/pem.ts'

/** What an agent sends of one identity; the fields are named as in the message. */
export interface SvidFields {
  readonly spiffe_id?: string
  readonly x509_svid?: Uint8Array
  readonly x509_svid_key?: Uint8Array
  readonly bundle?: Uint8Array
  readonly hint?: string
}

export interface SvidResponseFields {
  readonly svids: readonly SvidFields[]
  readonly crl?: readonly Uint8Array[]
  readonly federated_bundles?: Readonly<Record<string, Uint8Array>>
}

/** A set as the agent would send it. */
export const svidOf = (credentials: Credentials, hint = ''): SvidFields => ({
  spiffe_id: credentials.identity,
  x509_svid: derOf(credentials.certificateChainPem),
  x509_svid_key: createPrivateKey(credentials.privateKeyPem).export({ format: 'der', type: 'pkcs8' }),
  bundle: derOf(credentials.trustRootsPem),
  hint,
})

/** The certificates of a PEM text in DER, end to end. */
export const derOf = (pem: string): Uint8Array =>
  Buffer.concat((splitPem('CERTIFICATE', pem) ?? []).map((block) => new X509Certificate(block).raw))

/** Writes a `X509SVIDResponse`. */
export const encodeSvidResponse = ({ svids, crl = [], federated_bundles = {} }: SvidResponseFields): Buffer => {
  const writer = new BinaryWriter()
  for (const { spiffe_id = '', x509_svid, x509_svid_key, bundle, hint = '' } of svids) {
    writer.tag(1, WireType.LengthDelimited).fork()
    if (spiffe_id !== '') writer.tag(1, WireType.LengthDelimited).string(spiffe_id)
    for (const [i, bytes] of [x509_svid, x509_svid_key, bundle].entries()) {
      if (bytes !== undefined) writer.tag(2 + i, WireType.LengthDelimited).bytes(bytes)
    }
    if (hint !== '') writer.tag(5, WireType.LengthDelimited).string(hint)
    writer.join()
  }
  for (const bytes of crl) writer.tag(2, WireType.LengthDelimited).bytes(bytes)
  for (const [name, bytes] of Object.entries(federated_bundles)) {
    writer.tag(3, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(name)
    writer.tag(2, WireType.LengthDelimited).bytes(bytes).join()
  }
  return Buffer.from(writer.finish())
}

type Call = ServerWritableStream<Buffer, Buffer>

export interface SpiffeAgent {
  /** Sent to whoever listens, and to whoever asks from now on; `undefined`: whoever asks waits. */
  readonly send: (message: Buffer | undefined) => void
  /** Ends all streams, in good order or with a gRPC status. */
  readonly end: (status?: { readonly code: Code; readonly details: string }) => void
  /** Whoever asks from now on gets that status; `undefined`: is answered again. */
  readonly refuse: (status: { readonly code: Code; readonly details: string } | undefined) => void
  /** Calls so far; those without the header that the standard demands were refused. */
  readonly calls: () => number
  /** Streams that are open. */
  readonly listeners: () => number
  readonly close: () => Promise<void>
}

/** Starts one; `service` is what it calls itself, to be a server of something else. */
export const startSpiffeAgent = async (path: string, service = 'SpiffeWorkloadAPI'): Promise<SpiffeAgent> => {
  const server = new Server()
  const open = new Set<Call>()
  let latest: Buffer | undefined
  let refusal: { readonly code: Code; readonly details: string } | undefined
  let calls = 0
  const fetch = (call: Call): void => {
    calls++
    const [header] = call.metadata.get('workload.spiffe.io')
    if (header !== 'true') return fail(call, { code: Code.INVALID_ARGUMENT, details: 'security header missing' })
    if (refusal !== undefined) return fail(call, refusal)
    open.add(call)
    call.on('cancelled', () => open.delete(call))
    if (latest !== undefined) call.write(latest)
  }
  const asIs = (bytes: Buffer): Buffer => bytes
  const codec = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs }
  const method = { path: `/${service}/FetchX509SVID`, requestStream: false, responseStream: true, ...codec }
  server.addService({ FetchX509SVID: method }, { FetchX509SVID: fetch })
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    )
  })
  return {
    send: (message) => {
      latest = message
      if (message !== undefined) for (const call of open) call.write(message)
    },
    end: (status) => {
      for (const call of open) {
        if (status === undefined) call.end()
        else fail(call, status)
      }
      open.clear()
    },
    refuse: (status) => {
      refusal = status
    },
    calls: () => calls,
    listeners: () => open.size,
    close: async () => {
      server.forceShutdown()
      await rm(path, { force: true })
    },
  }
}

const fail = (call: Call, { code, details }: { readonly code: Code; readonly details: string }): void => {
  call.emit('error', Object.assign(new Error(details), { code, details }))
}
