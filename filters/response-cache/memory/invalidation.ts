import type { FilterEnv } from 'fairway/filter'
import type { Flights } from './flights.ts'
import type { Store } from './store.ts'

/** Forgets what is not true any more, in all processes of the replica. */
export interface Invalidation {
  readonly forget: (uri: string) => void
  readonly forgetAll: () => void
}

/** More is told as "everything". */
const MAX_TOLD = 500
const MAX_TOLD_CHARS = 60_000

/** Makes it for what is kept here. */
export const createInvalidation = (
  { store, flights }: { readonly store: Store; readonly flights: Flights },
  env: FilterEnv,
): Invalidation => {
  const forgetHere = (uri: string): void => {
    store.invalidate(uri)
    flights.voidAll(uri)
  }
  const forgetAllHere = (): void => {
    store.invalidateWhere(() => true)
    flights.voidWhere(() => true)
  }
  const hear = (text: string): void => {
    const uris: unknown = JSON.parse(text)
    if (Array.isArray(uris)) for (const uri of uris as readonly unknown[]) forgetHere(String(uri))
    else forgetAllHere()
  }
  const siblings = env.joinSiblings?.({ hear })
  const toTell = new Set<string>()
  let isTelling = false
  let isAll = false
  const tell = async (): Promise<void> => {
    if (isTelling || siblings === undefined) return
    isTelling = true
    try {
      while (toTell.size > 0 || isAll) {
        const text = isAll ? '"all"' : JSON.stringify([...toTell])
        toTell.clear()
        isAll = false
        await siblings.tell(text.length > MAX_TOLD_CHARS ? '"all"' : text)
      }
    } catch (error) {
      env.log('warn', `other processes were not told what to forget: ${String(error)}`)
    } finally {
      isTelling = false
    }
  }
  return {
    forget: (uri) => {
      forgetHere(uri)
      if (siblings === undefined) return
      if (toTell.size < MAX_TOLD) toTell.add(uri)
      else isAll = true
      void tell()
    },
    forgetAll: () => {
      forgetAllHere()
      isAll = true
      void tell()
    },
  }
}
