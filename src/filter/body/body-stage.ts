import type { BodyHook } from '../chain.ts'
import type { BodyPiece, BodyTransform, Exchange, Reply } from '../index.ts'

/** One filter's part in changing one body. */
export interface BodyStage {
  readonly transform: BodyTransform
  readonly isWhole: boolean
  /** It changes nothing. */
  readonly isWatching?: boolean
  readonly limitBytes: number
  /** Of the filter. */
  readonly kind: string
}

/**
 * The parts of those filters that do not leave the body of this exchange alone; throws what a filter throws. A body
 * that `isEmpty` is for those that watch.
 */
export const stagesOf = (hooks: readonly BodyHook[], exchange: Exchange, isEmpty = false): readonly BodyStage[] => {
  const stages: BodyStage[] = []
  for (const hook of hooks) {
    const { mode, limitBytes, kind = '' } = hook
    const isWatching = mode === 'watch'
    if (isEmpty && !isWatching) continue
    const transform = hook(exchange)
    if (transform === undefined) continue
    if (typeof transform !== 'function') throw new TypeError(`filter ${hook.kind} gave a transform that is no function`)
    stages.push({ transform, isWhole: mode === 'buffer', isWatching, limitBytes, kind })
  }
  return stages
}

/** Whether nothing comes out before all has gone in, so that its length is known then. */
export const givesWhole = (stages: readonly BodyStage[]): boolean => stages.some(({ isWhole }) => isWhole)

/** Whether what goes on is another body than the one that came, for all that is known beforehand. */
export const changesBody = (stages: readonly BodyStage[]): boolean =>
  stages.some(({ isWatching }) => isWatching !== true)

/** How much of a body may come; `undefined`: as much as there is. */
export const limitOf = (
  stages: readonly BodyStage[],
): { readonly bytes: number; readonly kind: string } | undefined => {
  // Behind others it is what they leave of the body that counts.
  const [first] = stages
  return first?.isWhole === true ? { bytes: first.limitBytes, kind: first.kind } : undefined
}

/** What a filter's transform said, in one form: the bytes that go on, or its reply. A filter in plain JavaScript may say anything. */
export const readResult = (
  result: BodyPiece | Reply | void,
  bytes: Buffer,
  { isWatching }: Pick<BodyStage, 'isWatching'>,
): Buffer | Reply => {
  if (result === undefined) return bytes
  if (isWatching === true) throw new TypeError('a transform that only watches a body returned something')
  if (typeof result === 'string') return Buffer.from(result)
  if (Buffer.isBuffer(result)) return result
  if (result instanceof Uint8Array) return Buffer.from(result.buffer, result.byteOffset, result.byteLength)
  // Objects of a thread's messages, and of other versions of this file, are replies too.
  if (typeof result === 'object' && result !== null && result.kind === 'reply') return result
  throw new TypeError('a transform returned neither bytes, nor text, nor a reply, nor nothing')
}
