import { readFileSync } from 'node:fs'
import type { TlsFiles } from '../load/plan.ts'

/**
 * Mutual TLS as every party of the bench speaks it: 1.3 with one cipher suite (the first choice of ztunnel and of
 * nginx alike), so that no proxy gains by negotiating a cheaper one. The peer's certificate must come from the bench's
 * CA; its name is not looked at, since addresses here are loopback.
 */
export const tlsOptions = (files: TlsFiles) => ({
  cert: readFileSync(files.certFile),
  key: readFileSync(files.keyFile),
  ca: readFileSync(files.caFile),
  minVersion: 'TLSv1.3' as const,
  ciphers: 'TLS_AES_256_GCM_SHA384',
  checkServerIdentity: () => undefined,
})
