import type { HeaderList } from '../../http/header-list.ts'
import { BodyPipe } from '../body/body-pipe.ts'
import { changesBody, givesWhole, stagesOf } from '../body/body-stage.ts'
import type { BodyHooks } from '../chain.ts'
import type { Exchange, Reply } from '../index.ts'
import { createReply } from '../reply.ts'
import { createHeaders, piecesOf, type HeaderPairs, type TestBody } from './test-exchange.ts'

/** What came of a body. */
export interface PassedBody {
  readonly body: Buffer
  readonly trailers: HeaderList
  /** Of a filter, or of the proxy for a body that is too large, in place of what was on its way. */
  readonly reply: Reply | undefined
}

/** Sends a body through the filters that look at it: the data path's own pipe, with a sender that waits when it has to. */
export const runBody = async (
  hooks: BodyHooks | undefined,
  exchange: Exchange,
  message: {
    readonly side: 'request' | 'response'
    /** It has no body, though its head may speak of one: only the latter can be changed. */
    readonly isBodiless?: boolean
    readonly headers: HeaderList
    readonly body: TestBody
    readonly trailers: HeaderPairs | undefined
  },
): Promise<PassedBody> => {
  const pieces = piecesOf(message.body)
  const trailers = createHeaders(message.trailers)
  // One that says nothing of its length may be an empty one in chunks.
  const isEmpty = message.isBodiless !== true && message.headers.get('content-length') === '0'
  const stages = hooks === undefined ? [] : stagesOf(hooks.transforms, exchange, isEmpty)
  if (hooks === undefined || stages.length + hooks.trailers.length === 0) {
    return { body: message.isBodiless === true ? Buffer.alloc(0) : Buffer.concat(pieces), trailers, reply: undefined }
  }
  if (changesBody(stages)) message.headers.remove('content-length')
  if (message.isBodiless === true) return { body: Buffer.alloc(0), trailers, reply: undefined }
  const out: Buffer[] = []
  const reply = await pass(
    pieces,
    (user) => {
      const plan = { stages, trailers: hooks.trailers, exchange, memory: { take: () => true, give: () => {} } }
      return new BodyPipe(plan, {
        onBytes: (buffer, start, end) => out.push(Buffer.from(buffer.subarray(start, end))) > 0,
        onCredit: () => user.onCredit(),
        onEnd: () => user.onOver(undefined),
        onReply: (given) => user.onOver(given),
        onTooMuch: ({ kind }) => user.onOver(tooLarge(message.side, kind)),
        onThrown: (error, isLate) => void (isLate || user.onThrown(error)),
      })
    },
    trailers,
  )
  const body = reply === undefined ? Buffer.concat(out) : Buffer.alloc(0)
  if (reply === undefined && givesWhole(stages)) message.headers.set('content-length', String(body.length))
  return { body, trailers, reply }
}

interface PassUser {
  readonly onCredit: () => void
  readonly onOver: (reply: Reply | undefined) => void
  readonly onThrown: (error: unknown) => void
}

const pass = (
  pieces: readonly Buffer[],
  createPipe: (user: PassUser) => BodyPipe,
  trailers: HeaderList,
): Promise<Reply | undefined> =>
  new Promise((resolve, reject) => {
    let left = 0
    const pipe = createPipe({
      onCredit: () => next(),
      onOver: (reply) => {
        pipe.cancel()
        resolve(reply)
      },
      onThrown: (error) => {
        pipe.cancel()
        reject(error)
      },
    })
    const next = (): void => {
      for (;;) {
        const piece = pieces[left++]
        if (piece === undefined) return pipe.end(trailers)
        if (!pipe.push(piece, 0, piece.length)) return
      }
    }
    next()
  })

const tooLarge = (side: 'request' | 'response', kind: string): Reply =>
  createReply(side === 'request' ? 413 : 502, { reason: `${side}_payload_too_large{${kind}}` })
