import { median } from '../statistics.ts'

const INTERVAL_MS = 200
const DEADLINE_MS = 5000

/** What became of requests that were made one by one. */
export interface ProbeResult {
  readonly asked: number
  /** Not answered, or not with 200. */
  readonly failed: number
  readonly p50Ms: number
  readonly maxMs: number
}

/** Asks each address once, for nothing: the first time much is loaded, here and there. */
export const warmUp = async (urls: readonly string[]): Promise<void> => {
  for (const url of urls) await (await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })).arrayBuffer()
}

/** Asks each address again and again until it is stopped; default: every 200 ms. */
export const startProbes = (
  urls: readonly string[],
  intervalMs = INTERVAL_MS,
): { readonly stop: () => ProbeResult } => {
  const tookMs: number[] = []
  let failed = 0
  const ask = async (url: string): Promise<void> => {
    const startMs = performance.now()
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })
      await response.arrayBuffer()
      if (response.status !== 200) failed++
    } catch {
      failed++
    }
    tookMs.push(performance.now() - startMs)
  }
  const timer = setInterval(() => {
    for (const url of urls) void ask(url)
  }, intervalMs)
  return {
    stop: () => {
      clearInterval(timer)
      const asked = tookMs.length
      return { asked, failed, p50Ms: asked === 0 ? 0 : median(tookMs), maxMs: Math.max(0, ...tookMs) }
    },
  }
}
