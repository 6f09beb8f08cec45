import type { BodyPiece, Reply, ReplyBody } from '../../index.ts'
import { isStreamed } from '../../reply.ts'
import { guardCall } from './guarded-call.ts'
import type { CallRules, Guarded } from './guarded-call.ts'

/**
 * A hook's result whose body comes piece by piece: each piece is made by the filter's code, so its time counts and its
 * failure too, which breaks the answer off whatever the filter's mode. How long a piece may take is for the deadlines of
 * the exchange: an answer of events may be silent for long.
 */
export const guardReply = (result: unknown, guarded: Guarded): unknown => {
  if (result === undefined) return undefined
  // Judged before: it is a reply, or the piece of a body.
  const { body } = result as Partial<Reply>
  if (body === undefined || !isStreamed(body)) return result
  return { ...(result as Reply), body: guardPieces(body, guarded) }
}

const guardPieces = (body: Exclude<ReplyBody, BodyPiece>, guarded: Guarded): AsyncIterable<BodyPiece> => ({
  [Symbol.asyncIterator]: () => {
    const make = (): AsyncIterator<unknown> => body[Symbol.asyncIterator]()
    let pieces: AsyncIterator<unknown> | undefined
    const call = (run: (from: AsyncIterator<unknown>) => unknown): Promise<IteratorResult<BodyPiece>> =>
      Promise.resolve(
        // `faultOfNext` has judged it.
        guardCall(() => run((pieces ??= make())), guarded, rules) as IteratorResult<BodyPiece>,
      )
    return {
      next: async () => call((from) => from.next()),
      return: async () => call(async (from) => ((await from.return?.()) ?? end) as unknown),
    }
  },
})

const end: IteratorResult<BodyPiece> = { done: true, value: undefined }

const faultOfNext = (result: unknown): string | undefined => {
  if (typeof result !== 'object' || result === null) return 'the stream of a reply gave no result'
  const { done, value } = result as { readonly done?: unknown; readonly value?: unknown }
  return done === true || typeof value === 'string' || value instanceof Uint8Array
    ? undefined
    : 'the stream of a reply gave what is neither bytes nor text'
}

const rules: CallRules = {
  hook: 'reply',
  faultOf: faultOfNext,
  headers: () => [],
  isBound: () => true,
  isPatient: true,
}
