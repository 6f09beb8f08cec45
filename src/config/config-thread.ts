/** The thread side of `startConfig`: follows files or a cluster, translates and posts. Nothing of the data path is loaded here. */
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../lib/clock.ts'
import { releaseCompiledCode } from '../lib/memory/compiled-code.ts'
import { trimNativeHeap } from '../lib/memory/trim-native.ts'
import { packJson, type Packed } from '../lib/memory/packed-json.ts'
import { createDeltaWriter, type ConfigDelta } from './delta.ts'
import type { Issue } from '../lib/decoded.ts'
import { createObjectReader } from './load-objects.ts'
import type { MeshSource } from './mesh-options.ts'
import { isolateAll } from './filters/isolate-all.ts'
import type { FilterSettling } from './filters/settle-filters.ts'
import { createHold } from './hold.ts'
import { openObjectSource, type ObjectPlace, type ObjectSource } from './source/open-object-source.ts'
import type { MeshFile } from './source/mesh-file.ts'
import type { NameWatch } from './source/name-watch.ts'
import type { TranslateOptions } from './translate/options.ts'
import type { Wants } from './translate/wants.ts'
import { createSetTranslation } from './translate-set.ts'

/** What the thread is started with. */
export interface ConfigThreadData {
  readonly place: ObjectPlace
  readonly translate: TranslateOptions
  readonly mesh: MeshSource | undefined
  /** Where the users' filters are. */
  readonly filtersDir: string | undefined
  /** `thread`: none of them runs beside requests, whatever its object asks for. */
  readonly filterIsolation: 'none' | 'thread'
}

/** What the thread says. */
export type ConfigThreadMessage =
  | { readonly kind: 'update'; readonly delta: Packed<ConfigDelta> }
  /** A set could not be dealt with, which is a bug; the thread goes on with the next one. */
  | { readonly kind: 'failure'; readonly message: string }
  /** What keeps a source from knowing more than it does; none when all is well again. */
  | { readonly kind: 'troubles'; readonly troubles: readonly string[] }
  /** There will be no set; or the MeshConfig cannot be read, and there is no older one. */
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] }

/** How long nothing may change before the thread cleans up behind its start, in milliseconds. */
const quietAfterStartMs = 1000
/**
 * The same later on: a collection throws much compiled code away, and holds up a change that comes meanwhile, for 100 to
 * 300 ms with thousands of objects. Whoever rolls something out makes one change after the other.
 */
const quietMs = 3000

/** How long a change waits for what it depends on, which others should not wait for, in milliseconds. */
const holdMs = 5000

/** After this long the thread cleans up behind its start even if changes keep coming, in milliseconds. */
const longestWasteMs = 5000

/** How much of the heap is worth a collection of all of it, which takes 50 ms and more. */
const wasteBytes = 4 * 1024 * 1024

const run = (data: ConfigThreadData, post: (message: ConfigThreadMessage) => void): void => {
  const { mesh, filtersDir, filterIsolation } = data
  const translation = createSetTranslation(data.translate, mesh)
  const write = createDeltaWriter()
  let cancelCollection = (): void => {}
  let restingBytes = 0
  let wastingSinceMs: number | undefined
  const cleanUp = (): void => {
    giveBack()
    wastingSinceMs = undefined
    restingBytes = getHeapStatistics().total_heap_size
  }
  const watchNames = async (): Promise<NameWatch> => {
    const { createNameWatch } = await import('./source/name-watch.ts')
    return createNameWatch(systemClock, (now) => {
      translation.takeNames(now)
      publish()
    })
  }
  let names: Promise<NameWatch> | undefined
  const fail = (error: unknown): void => {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    post({ kind: 'failure', message: `the configuration could not be translated, the last one stays: ${why}` })
  }
  let source: ObjectSource | undefined
  let isFirst = true
  const hold = createHold(systemClock, holdMs, () => publish())
  /** Whether what it depends on is still to come. */
  const isEarly = (wants: Wants): boolean => {
    if (source?.want(wants) !== false) {
      hold.release()
      return false
    }
    return isFirst || hold.isHeld()
  }
  const publish = (): void => {
    if (isWaiting) return
    try {
      const result = translation.translate()
      if (result.kind === 'update') {
        if (isEarly(result.wants)) return
        isFirst = false
        post({ kind: 'update', delta: packJson(write(result.update)) })
        // Few have any, so that what watches them is loaded when it is needed.
        if (result.names.length > 0) names ??= watchNames()
        names?.then((watch) => watch.want(result.names), fail)
      } else if (result.kind === 'refused') post(result)
    } catch (error) {
      fail(error)
    }
  }
  /** Filters are tried before they are in force; until then the last set stays, and what changes beside them waits. */
  let isWaiting = false
  let settling: Promise<FilterSettling> | undefined
  const startFilters = async (root: string): Promise<FilterSettling> => {
    const { startSettling } = await import('./filters/settle-filters.ts')
    return startSettling(root, {
      onSettled: (versions) => {
        isWaiting = false
        translation.takeVersions(filterIsolation === 'thread' ? isolateAll(versions) : versions)
        publish()
      },
      onFailure: (error) => {
        fail(error)
        isWaiting = false
        publish()
      },
    })
  }
  const takeFilters = (started: FilterSettling): void => {
    isWaiting = !started.take(translation.filters())
    if (!isWaiting) publish()
  }
  const review = (): void => {
    const filters = filtersDir === undefined ? [] : translation.filters()
    if (filtersDir === undefined || (filters.length === 0 && settling === undefined)) return publish()
    // Few have any.
    settling ??= startFilters(filtersDir)
    isWaiting = true
    settling.then((started) => takeFilters(started), fail)
  }
  const takeMesh = (file: MeshFile): void => {
    translation.takeMesh(file)
    publish()
  }
  const open = async (): Promise<void> => {
    const isInCluster = mesh?.isInCluster === true
    if (mesh !== undefined && !isInCluster) {
      const { openMeshFile } = await import('./source/mesh-file.ts')
      openMeshFile({ path: mesh.path, onRead: takeMesh })
    }
    source = await openObjectSource({
      place: data.place,
      decode: createObjectReader(),
      onLook: () => {
        if (getHeapStatistics().total_heap_size < restingBytes + wasteBytes) return
        const nowMs = systemClock.monotonicMs()
        wastingSinceMs ??= nowMs
        // Where something changes all the time nothing is ever quiet; but later on V8 is to see to it, piece by piece.
        if (restingBytes === 0 && nowMs - wastingSinceMs > longestWasteMs) return
        cancelCollection()
        cancelCollection = systemClock.after(restingBytes === 0 ? quietAfterStartMs : quietMs, cleanUp)
      },
      onSet: (set) => {
        translation.takeObjects(set)
        review()
      },
      onMesh: isInCluster ? takeMesh : undefined,
      onTroubles: (troubles) => post({ kind: 'troubles', troubles }),
      onRefused: (issues) => post({ kind: 'refused', issues }),
    })
  }
  open().catch(fail)
}

/**
 * Has V8 make its table of names anew, which has room for all that were ever there at a time: 4 MB after 9,000 objects. It
 * does that when a name comes that it does not know, and lets go of the old one with the next collection.
 */
const shrinkNameTable = (): void => void Reflect.has({}, `${Math.random()}`)

/**
 * Gives back what reading and translating took. V8 collects when something is allocated, and here nothing is for hours:
 * an empty young generation alone is 6 MB. Without `--expose-gc` (see src/bootstrap.mjs) it stays.
 */
const giveBack = (): void => {
  // For modules that were loaded with what was read.
  releaseCompiledCode()
  const collect = (): void => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  collect()
  shrinkNameTable()
  collect()
  trimNativeHeap()
}

if (parentPort !== null) {
  const port = parentPort
  // Keeps the thread alive: neither watchers nor timers do.
  port.ref()
  port.on('message', () => {})
  // Node would write the compile cache when the process ends in peace, but not for a thread. The next start then needs no
  // compiler for types, which is 7 MB.
  releaseCompiledCode()
  // `startConfig`, the only one who starts this file as a thread, passes exactly this.
  run(workerData as ConfigThreadData, (message) => port.postMessage(message))
}
