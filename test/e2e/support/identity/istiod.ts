/** What a pod of Istio's has: a CA to ask, a token for it, and the roots of the mesh in a file. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CA_NAME, IstioCa } from '../../../support/ca/istio-ca.ts'
import { replaceFile } from '../mesh-certificates.ts'

export interface Istiod extends AsyncDisposable {
  readonly ca: IstioCa
  /** For `fairway run`. */
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Certificates that the waypoint got. */
  readonly issued: () => number
  /** Mounts the roots that the CA trusts now. */
  readonly publishRoots: () => void
}

/** Starts a CA whose certificates last so long at most; `prepare` has it first. */
export const startIstiod = async (maxTtlMs: number, prepare: (ca: IstioCa) => void = () => {}): Promise<Istiod> => {
  const dir = mkdtempSync(join(tmpdir(), 'fairway-istiod-'))
  const ca = new IstioCa({ maxTtlMs })
  prepare(ca)
  await ca.start()
  const mount = join(dir, 'istio')
  mkdirSync(mount)
  const [token, roots] = [join(dir, 'token'), join(mount, 'root-cert.pem')]
  replaceFile(token, ca.tokenFor('shop', 'waypoint'))
  const publishRoots = (): void => replaceFile(roots, ca.rootPem)
  publishRoots()
  return {
    ca,
    flags: ['--ca', 'istiod', '--ca-address', ca.address, '--ca-token', token, '--ca-root', roots],
    env: { ISTIOD_SAN: CA_NAME },
    issued: () => ca.calls.filter(({ code }) => code === 'OK').length,
    publishRoots,
    [Symbol.asyncDispose]: async () => {
      ca.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
