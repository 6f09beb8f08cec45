/** What a CPU profile of V8 comes to, by the parts of a proxy that a reader knows. */

/** The members of a `.cpuprofile` that are looked at. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[]
  /** The node that ran, sample by sample, and the microseconds since the sample before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Frame {
  readonly functionName: string
  readonly url: string
}

/** A part and how much of the time it takes while requests are carried, 0 to 1. */
export interface PartShare {
  readonly part: string
  readonly share: number
}

const NATIVE_WRITES = 'TLS and sockets: writes (OpenSSL, libuv)'
/**
 * Node tells V8 that it idles from before it waits for events until all of them are handled: what native code does of its
 * own then, which is reading and decrypting, is not in a profile.
 */
export const NATIVE_REST = 'TLS and sockets: reads, waiting (OpenSSL, libuv)'
const NATIVE_OTHER = 'V8 and Node: other native code'
const COLLECTION = 'garbage collection'
const NODE = 'Node: streams, TLS, timers (JavaScript)'
const OTHER = 'other'
const IDLE = '(idle)'

/** By where a function's file is, below `src/` or `filters/`; the first that fits counts. */
const places: readonly (readonly [RegExp, string])[] = [
  [/\/src\/http\/h2\/|\/src\/proxy\/(hbone|flusher)/, 'HTTP/2 and HBONE'],
  [/\/src\/http\/h1\/|\/src\/http\/|\/src\/proxy\/(downstream|response|inner-h2)/, 'HTTP/1.1 and messages'],
  [/\/src\/snapshot\/security\//, 'authorization'],
  [/\/src\/(snapshot|model)\//, 'routing'],
  [/\/filters\/|\/src\/filter\//, 'filter chain'],
  [/\/src\/telemetry\/|\/src\/proxy\/record/, 'telemetry'],
  [/\/src\/proxy\/(upstream|forward|balance|session)\//, 'forwarding, balancing and pools'],
  [/\/src\//, 'exchange, the rest of Fairway'],
  [/^node:/, NODE],
]

/** Frames of the native world that write. */
const WRITES = /^(writev|writeBuffer|writeLatin1String|writeUtf8String|write|shutdown)$/

/** Time is looked at in stretches of so many microseconds. */
const STRETCH_MICROS = 100_000
/** One counts when it is at least so busy, and with requests: neither the start nor the end is in them. */
const LEAST_BUSY = 0.2
const LEAST_CARRYING = 0.1

/** The parts of the thread that carries requests, the largest first; with the idle time they would be 1. Throws where none carried any. */
export const foldProfile = (profiles: readonly CpuProfile[]): readonly PartShare[] => {
  const [most] = profiles.map(foldThread).toSorted((a, b) => b.total - a.total)
  if (most === undefined || most.total === 0) throw new Error('no profile shows requests')
  return Array.from(most.parts, ([part, micros]) => ({ part, share: micros / most.total }))
    .filter(({ part }) => part !== IDLE)
    .toSorted((a, b) => b.share - a.share)
}

interface Folded {
  readonly parts: ReadonlyMap<string, number>
  readonly total: number
}

/** Of the stretches in which it carried requests. */
const foldThread = ({ nodes, samples, timeDeltas }: CpuProfile): Folded => {
  const partOfNode = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const stretches: Map<string, number>[] = []
  let micros = 0
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    micros += delta
    const stretch = (stretches[Math.floor(micros / STRETCH_MICROS)] ??= new Map<string, number>())
    const part = partOfNode.get(id) ?? OTHER
    stretch.set(part, (stretch.get(part) ?? 0) + delta)
  }
  const parts = new Map<string, number>()
  for (const stretch of stretches.filter(carriesRequests)) {
    for (const [part, time] of stretch) parts.set(part, (parts.get(part) ?? 0) + time)
  }
  return { parts, total: sumOf(parts) }
}

const carriesRequests = (stretch: ReadonlyMap<string, number> | undefined): boolean => {
  if (stretch === undefined) return false
  const busy = sumOf(stretch) - (stretch.get(IDLE) ?? 0)
  const carrying = (stretch.get('HTTP/2 and HBONE') ?? 0) / busy
  return busy > LEAST_BUSY * STRETCH_MICROS && carrying > LEAST_CARRYING
}

const sumOf = (parts: ReadonlyMap<string, number>): number => [...parts.values()].reduce((sum, one) => sum + one, 0)

const partOf = ({ functionName, url }: Frame): string => {
  if (functionName === IDLE) return IDLE
  if (functionName === '(garbage collector)') return COLLECTION
  if (functionName === '(program)') return NATIVE_REST
  if (url === '') return WRITES.test(functionName) ? NATIVE_WRITES : NATIVE_OTHER
  return places.find(([place]) => place.test(url))?.[1] ?? OTHER
}
