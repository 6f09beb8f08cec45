/**
 * A data-plane process under a primary: gets settings, credentials and models over IPC, serves, and answers questions.
 * It ends when the primary does.
 */
import { createModelReader } from '../../config/delta.ts'
import { CredentialStore } from '../../identity/credential-store.ts'
import { CredentialTally } from '../../identity/credential-tally.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLogger } from '../../lib/log.ts'
import { openErrorLog } from '../../lib/waiting/error-log.ts'
import { unpackJson } from '../../lib/memory/packed-json.ts'
import { guardProcess } from '../guard-process.ts'
import { planeFiltersWith } from '../filters/plane-filters.ts'
import { createLocalPlane } from '../local-plane.ts'
import type { LocalPlane } from '../local-plane.ts'
import { REPORT_FD } from '../watchdog/report.ts'
import type { PlaneSettings } from '../plane.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { SiblingLink } from './sibling-link.ts'

// Only for the end; of how it was started the primary has spoken.
guardProcess(
  createLogger({ write: openErrorLog(), level: 'error', clock: systemClock }),
  (error, kind) => plane?.blameStray(error, kind) ?? false,
)

const readModel = createModelReader()
let plane: LocalPlane | undefined
let credentials: CredentialStore | undefined
let siblings: SiblingLink | undefined

const send = (message: FromWorker, onSent: () => void = () => {}): void => {
  process.send?.(message, onSent)
}

/** With one worker there is nobody to be told anything. */
const siblingsOf = ({ workers }: PlaneSettings): SiblingLink | undefined =>
  workers > 1 ? new SiblingLink({ count: workers, send }) : undefined

const answer = async (message: Extract<ToWorker, { kind: 'call' }>): Promise<unknown> => {
  if (plane === undefined) throw new Error('the worker was not started')
  switch (message.name) {
    case 'apply': {
      const { delta, ...change } = message.ask
      return plane.apply({ ...change, model: readModel(unpackJson(delta)) })
    }
    case 'listen':
      return plane.listen(message.ask.port)
    case 'dump':
      return plane.dumpPage(message.ask.from)
    case 'endpoints':
      return plane.endpoints()
    case 'comparisons':
      return plane.comparisons()
    case 'limits':
      return plane.limits()
    case 'command':
      return plane.command(message.ask)
    case 'filters':
      return plane.filters()
    case 'explain':
      return plane.explain(message.ask)
    case 'drain':
      return plane.drain(message.ask.deadlineMs)
  }
}

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'start':
      credentials = new CredentialStore(message.credentials, new CredentialTally(message.source))
      siblings = siblingsOf(message.settings)
      plane = createLocalPlane(message.settings, credentials, {
        createFilters: planeFiltersWith(REPORT_FD),
        openSiblings: siblings?.open,
      })
      return
    case 'siblings':
    case 'sibling-greet':
      siblings?.receive(message)
      return
    case 'credentials':
      credentials?.replace(message.credentials)
      return
    case 'log-level':
      plane?.setLogLevel(message.level)
      return
    case 'quarantines':
      plane?.hold(message.notices)
      return
    case 'call':
      answer(message).then(
        (value) => send({ kind: 'answer', id: message.id, value }),
        (error: unknown) => {
          const failure = error instanceof Error ? error : new Error(String(error))
          const code = 'code' in failure && typeof failure.code === 'string' ? failure.code : undefined
          send({ kind: 'error', id: message.id, message: failure.message, code })
        },
      )
  }
})

// Without its primary a worker has no configuration and nobody who would end it.
process.on('disconnect', () => process.exit(0))
// The primary decides when to drain; a signal to the whole group must not cut its workers.
process.on('SIGTERM', () => {})
process.on('SIGINT', () => {})
