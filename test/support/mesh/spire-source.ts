import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createDevCa } from '../../../src/identity/ca/dev-ca.ts'
import { CredentialTally } from '../../../src/identity/credential-tally.ts'
import { createSpireCredentials } from '../../../src/identity/spire/spire.ts'
import { createLogger } from '../../../src/lib/log.ts'
import { formatSpiffeId } from '../../../src/model/identity.ts'
import { createFakeClock } from '../fake-clock.ts'
import { encodeSvidResponse, startSpiffeAgent, type SpiffeAgent, type SvidFields } from './spiffe-agent.ts'

/** Who the waypoint is. */
export const identity = formatSpiffeId({ trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: 'waypoint' })
export const HOUR_MS = 3_600_000

/** An agent's socket, and a source that follows it, on a clock that stands still. */
export const startSpire = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-spire-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const socketPath = join(dir, 'api.sock')
  const clock = createFakeClock()
  const ca = await createDevCa({ dir: join(dir, 'ca'), trustDomain: 'mesh.example', clock })
  const issue = () => ca.issue(identity, { ttlMs: HOUR_MS })
  const lines: string[] = []
  const log = createLogger({ level: 'debug', clock, write: (line) => void lines.push(line) })
  const tally = new CredentialTally('spire')
  const stop = new AbortController()
  const agent = async (service?: string): Promise<SpiffeAgent> => {
    const started = await startSpiffeAgent(socketPath, service)
    t.after(started.close)
    return started
  }
  const open = async (hint?: string) => {
    const source = await createSpireCredentials({
      socketPath,
      trustDomains: ['mesh.example', 'old.example'],
      hint,
      clock,
      log,
      tally,
      signal: stop.signal,
      random: () => 0,
    })
    t.after(source.close)
    return source
  }
  return { clock, ca, issue, lines, tally, stop, agent, open }
}

/** Lets the other side answer until the claim holds. */
export const until = async (claim: () => boolean): Promise<void> => {
  for (let i = 0; i < 100_000 && !claim(); i++) await new Promise(setImmediate)
  assert.ok(claim(), String(claim))
}

/** The message with these identities. */
export const responseOf = (...svids: readonly SvidFields[]): Buffer => encodeSvidResponse({ svids })
