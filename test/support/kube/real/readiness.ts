import { setTimeout as delay } from 'node:timers/promises'
import { createAsk } from '../ask.ts'
import type { PeerProcess } from '../../peer-process.ts'
import type { ServerFiles } from '../server-control.ts'

const TRIES = 600
const TRY_EACH_MS = 100

/** Waits, at most a minute, until kube-apiserver says that it is ready. */
export const waitUntilReady = async (
  server: PeerProcess,
  port: number,
  { ca, adminToken }: ServerFiles,
): Promise<void> => {
  const ask = createAsk({ url: `https://127.0.0.1:${port}`, caPem: ca.pem, token: adminToken })
  let last = ''
  for (let attempt = 0; attempt < TRIES && !server.hasEnded(); attempt++) {
    const answer = await ask('GET', '/readyz?verbose').catch((error: unknown) => ({ code: 0, text: String(error) }))
    last = answer.text
    if (answer.code === 200) return ask.close()
    await delay(TRY_EACH_MS)
  }
  ask.close()
  server[Symbol.dispose]()
  throw new Error(`kube-apiserver is not ready: ${last}\n${server.complaints()}`)
}
