import { access, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Decoded, Issue } from '../../lib/decoded.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import type { CredentialTexts } from '../decode-credentials.ts'

/** What the files of a set are called. */
export type SetNames = Readonly<Required<Omit<CredentialTexts, 'federatedRootsPem'>>>

/** Istio's names, and those of a Kubernetes TLS secret, which cert-manager and its CSI drivers write. */
const NAMES: readonly [SetNames, SetNames] = [
  {
    certificateChainPem: 'cert-chain.pem',
    privateKeyPem: 'key.pem',
    trustRootsPem: 'root-cert.pem',
    crlPem: 'ca-crl.pem',
  },
  { certificateChainPem: 'tls.crt', privateKeyPem: 'tls.key', trustRootsPem: 'ca.crt', crlPem: 'ca-crl.pem' },
]

/** The texts of a folder, all of one moment, and what the files are called there. */
export interface FileSet {
  readonly names: SetNames
  readonly texts: CredentialTexts
}

/** Whoever replaces files all the time is not waited for. */
const TRIES = 5

/**
 * Reads the files of a folder as they were at one moment: they are read again when one of them was replaced meanwhile,
 * be it one by one or all at once by way of a link, as the kubelet does it. Issues name the file. A list of revoked
 * certificates that is missing or empty is none.
 */
export const readSet = async (dir: string): Promise<Decoded<FileSet>> => {
  const names = await findNames(dir)
  for (let i = 0; i < TRIES; i++) {
    const before = await fingerprint(dir, names)
    const set = await readOnce(dir, names)
    if (before === (await fingerprint(dir, names))) return set
  }
  return { ok: false, issues: [{ message: 'the files are replaced faster than they can be read' }] }
}

/** The first names under which there is a certificate. */
const findNames = async (dir: string): Promise<SetNames> => {
  for (const names of NAMES) {
    try {
      await access(join(dir, names.certificateChainPem))
      return names
    } catch {
      continue
    }
  }
  return NAMES[0]
}

const readOnce = async (dir: string, names: SetNames): Promise<Decoded<FileSet>> => {
  const issues: Issue[] = []
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(dir, name), 'utf8')
    } catch (error) {
      if (name === names.crlPem && errorCode(error) === 'ENOENT') return ''
      issues.push({ message: `cannot be read (${error instanceof Error ? error.message : String(error)})`, path: name })
      return ''
    }
  }
  const [certificateChainPem, privateKeyPem, trustRootsPem, crlPem] = await Promise.all([
    read(names.certificateChainPem),
    read(names.privateKeyPem),
    read(names.trustRootsPem),
    read(names.crlPem),
  ])
  if (issues.length > 0) return { ok: false, issues }
  const texts = { certificateChainPem, privateKeyPem, trustRootsPem }
  return { ok: true, value: { names, texts: crlPem.trim() === '' ? texts : { ...texts, crlPem } } }
}

/** Changes whenever a file is written, replaced, or found behind another link. */
const fingerprint = async (dir: string, names: SetNames): Promise<string> => {
  const prints = await Promise.all(
    Object.values(names).map(async (name) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(join(dir, name), { bigint: true })
        return [dev, ino, size, mtimeNs, ctimeNs].join(':')
      } catch (error) {
        return errorCode(error) ?? 'unknown'
      }
    }),
  )
  return prints.join(' ')
}
