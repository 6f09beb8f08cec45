import inspector from 'node:inspector'

/** Tells which inputs have run code that none before them had. */
export interface Coverage {
  /** Whether anything new has run since the last call. */
  readonly hasNew: () => boolean
  /** Forgets everything that has run. */
  readonly forget: () => void
  /** Lets the code run at full speed again. */
  readonly stop: () => void
}

const OUR_SOURCES = /\/src\/(?:http|proxy|identity|model|config|lib|snapshot)\//

/**
 * V8's own block coverage. It makes the code two to three times slower and a look costs about a millisecond: too much
 * to guide a search by, for which outcomes do as well (docs/decisions/0013-fuzzing.md). Only functions that are compiled
 * after this call have their blocks told apart.
 */
export function createCoverage(): Coverage {
  const session = new inspector.Session()
  session.connect()
  const seen = new Map<string, Uint8Array>()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const look = (): boolean => {
    let isNew = false
    session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error
      for (const { url, scriptId, functions } of answer.result) {
        if (!OUR_SOURCES.test(url)) continue
        for (const { ranges } of functions) if (note(seen, scriptId, ranges)) isNew = true
      }
    })
    return isNew
  }
  return {
    hasNew: look,
    forget: () => {
      look()
      seen.clear()
    },
    stop: () => {
      session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}

type Range = inspector.Profiler.CoverageRange

/** Inner ranges stand behind the one that holds them and overrule it; so what has run is marked by character. */
function note(seen: Map<string, Uint8Array>, scriptId: string, ranges: readonly Range[]): boolean {
  const [outer] = ranges
  if (outer === undefined || outer.count === 0) return false
  const size = outer.endOffset - outer.startOffset
  const key = `${scriptId}:${outer.startOffset}`
  const marks = seen.get(key) ?? new Uint8Array(size)
  seen.set(key, marks)
  const ran = new Uint8Array(size)
  for (const { startOffset, endOffset, count } of ranges)
    ran.fill(count > 0 ? 1 : 0, startOffset - outer.startOffset, endOffset - outer.startOffset)
  let isNew = false
  for (let i = 0; i < size; i += 1) {
    if (ran[i] !== 1 || marks[i] === 1) continue
    marks[i] = 1
    isNew = true
  }
  return isNew
}
