import type { Clock } from '../lib/clock.ts'
import { failed, failureOfAnswer, type KubeResult } from './failure.ts'
import type { TransportAnswer } from './wire/carrier.ts'
import { explainError } from './wire/explain-error.ts'

export interface ReadOptions {
  readonly asked: string
  readonly clock: Clock
  /** How long a pause may be. */
  readonly idleMs: number
  readonly signal?: AbortSignal | undefined
}

/** Reads a body to its end, chunk by chunk; whoever sends nothing for too long is cut off. */
export const readChunks = async (
  { body }: TransportAnswer,
  onChunk: (chunk: Buffer) => void,
  { asked, clock, idleMs, signal }: ReadOptions,
): Promise<KubeResult<undefined>> => {
  let isLate = false
  const giveUp = (): void => {
    isLate = true
    body.destroy()
  }
  let cancel = clock.after(idleMs, giveUp)
  try {
    for await (const chunk of body) {
      cancel()
      cancel = clock.after(idleMs, giveUp)
      onChunk(chunk)
    }
    if (isLate) return failed({ asked, reason: 'Timeout', message: `nothing came for ${idleMs} ms` })
    return { ok: true, value: undefined }
  } catch (error) {
    if (isLate) return failed({ asked, reason: 'Timeout', message: `nothing came for ${idleMs} ms` })
    if (error instanceof BadPiece) return failed({ asked, reason: 'BadAnswer', message: error.message })
    return failed({ asked, ...explainError(error, signal) })
  } finally {
    cancel()
    body.destroy()
  }
}

/** Thrown by what takes chunks, over an answer that is not what was asked for. */
export class BadPiece extends Error {}

/** More than any single object or message: etcd takes 1.5 MB. */
export const maxTextBytes = 16 * 1024 * 1024

/** Reads a body whole. */
export const readText = async (answer: TransportAnswer, options: ReadOptions): Promise<KubeResult<string>> => {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  const read = await readChunks(
    answer,
    (chunk) => {
      sizeBytes += chunk.length
      if (sizeBytes > maxTextBytes) throw new BadPiece(`the answer has more than ${maxTextBytes} bytes`)
      chunks.push(chunk)
    },
    options,
  )
  return read.ok ? { ok: true, value: Buffer.concat(chunks).toString() } : read
}

/** Reads what was refused, to say why. */
export const readRefusal = async (answer: TransportAnswer, options: ReadOptions): Promise<KubeResult<never>> => {
  const read = await readText(answer, options)
  const text = read.ok ? read.value : ''
  return failed(failureOfAnswer(options.asked, answer.status, { text, retryAfter: answer.header('retry-after') }))
}

/** A piece of an answer as a value; throws `BadPiece` over what is none. */
export const parsePiece = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // Whatever answers there may not be an API server; its words are not shown, they could be anybody's.
    throw new BadPiece('the answer is no JSON: is this a Kubernetes API server?')
  }
}
