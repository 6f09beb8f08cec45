import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How somebody shows who he is. */
export interface Credential {
  readonly token?: string
  readonly certificate?: { readonly cert: string; readonly key: string }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Writes a kubeconfig with one cluster, user and context, in JSON, which is YAML; its path. */
export const writeKubeconfig = (
  { url, caPem, dir }: { readonly url: string; readonly caPem: string; readonly dir: string },
  user: string,
  { token, certificate }: Credential,
): string => {
  const path = join(dir, `kubeconfig-${randomUUID()}`)
  const shown =
    certificate === undefined
      ? { token }
      : { 'client-certificate-data': base64(certificate.cert), 'client-key-data': base64(certificate.key) }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: user, user: shown }],
    contexts: [{ name: 'test', context: { cluster: 'test', user, namespace: 'default' } }],
    'current-context': 'test',
  }
  writeFileSync(path, JSON.stringify(config, null, 1), { mode: 0o600 })
  return path
}
