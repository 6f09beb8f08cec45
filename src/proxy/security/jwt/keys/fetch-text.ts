import type { Clock } from '../../../../lib/clock.ts'

/** What somebody published at an address. */
export interface FetchedText {
  readonly text: string
  /** How long it may be kept, by its Cache-Control; `undefined`: it does not say. */
  readonly maxAgeMs: number | undefined
}

/** Limits of an attempt. */
export interface FetchLimits {
  readonly timeoutMs: number
  /** The answer is of no use any more. */
  readonly signal: AbortSignal
}

/** Gets a text; rejects with what went wrong, for people. */
export type FetchText = (url: string, limits: FetchLimits) => Promise<FetchedText>

const MAX_BYTES = 1024 * 1024
const MAX_REDIRECTS = 5

/** Makes what gets texts over HTTP. Redirects are followed, but from `https` to `http` they are refused. */
export const createFetchText =
  (clock: Clock): FetchText =>
  async (url, { timeoutMs, signal }) => {
    const late = new AbortController()
    const cancel = clock.after(timeoutMs, () => late.abort(new Error(`GET ${url}: no answer within ${timeoutMs} ms`)))
    try {
      return await follow(url, AbortSignal.any([late.signal, signal]))
    } catch (error) {
      // What is behind a failed fetch says more than it does itself.
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      throw cause instanceof Error && cause.message.startsWith('GET ')
        ? cause
        : new Error(`GET ${url}: ${String(cause)}`)
    } finally {
      cancel()
    }
  }

const follow = async (first: string, signal: AbortSignal): Promise<FetchedText> => {
  let url = first
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await fetch(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) return readBody(url, response)
    await response.body?.cancel()
    const next = URL.parse(location, url)
    if (next === null || !/^https?:$/.test(next.protocol) || (url.startsWith('https:') && next.protocol !== 'https:')) {
      throw new Error(`GET ${url}: answered with a redirect to ${location}, which is not followed`)
    }
    url = next.href
  }
  throw new Error(`GET ${first}: more than ${MAX_REDIRECTS} redirects`)
}

const readBody = async (url: string, response: Response): Promise<FetchedText> => {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`GET ${url}: answered with status ${response.status}`)
  }
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? []
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error(`GET ${url}: answered with more than ${MAX_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return { text, maxAgeMs: maxAgeOf(response.headers.get('cache-control') ?? '') }
}

const maxAgeOf = (cacheControl: string): number | undefined => {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0
  const [, seconds] = /(?:^|[\s,])max-age="?([0-9]{1,9})/i.exec(cacheControl) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
