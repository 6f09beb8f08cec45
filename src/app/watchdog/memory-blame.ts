import { writeSync } from 'node:fs'
import { Session } from 'node:inspector'
import type { HeapProfiler } from 'node:inspector'
import { getHeapStatistics } from 'node:v8'
import type { Logger } from '../../lib/log.ts'
import { readMemoryRatio } from '../../proxy/overload/memory-guard.ts'
import type { PlaneGuards } from '../filters/plane-guards.ts'
import { encodeReport } from './report.ts'
import { heaviestOwner } from './heap-owners.ts'

export interface MemoryBlameOptions {
  readonly guards: PlaneGuards
  readonly log: Pick<Logger, 'warn'>
  /** What the process may use. */
  readonly memoryBytes: number
  readonly fd: number
}

/** Bytes allocated between two samples: at 200 MB/s one in 400 a second, which cannot be measured. */
const SAMPLE_BYTES = 512 * 1024
/** Growth since the filters came from which samples are taken. */
const GROWTH_BYTES = 96 * 1024 * 1024
/** Of what there is; before `overload` refuses anybody anything. */
const FULL = 0.7
/** Of what grew and is alive, from which it is one filter's doing. */
const MOST = 0.5
/** Samples alive below which nothing can be told: 32 MB. */
const MIN_BYTES = 32 * 1024 * 1024

/**
 * Finds the filter that fills the memory. V8 samples where objects that are alive were allocated, from when the heap has
 * grown by much; when memory gets short, the samples are asked whose files they come from.
 */
export class MemoryBlame {
  readonly #options: MemoryBlameOptions
  readonly #session = new Session()
  readonly #restBytes = getHeapStatistics().used_heap_size
  #isSampling = false
  #isDone = false

  constructor(options: MemoryBlameOptions) {
    this.#options = options
    this.#session.connect()
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#isDone) return
    const { memoryBytes } = this.#options
    const grown = getHeapStatistics().used_heap_size - this.#restBytes
    const ratio = readMemoryRatio(memoryBytes)
    if (!this.#isSampling && (grown > GROWTH_BYTES || ratio > FULL / 2)) this.#startSampling()
    else if (this.#isSampling && ratio > FULL) this.#judge()
  }

  close(): void {
    this.#isDone = true
    this.#session.disconnect()
  }

  #startSampling(): void {
    this.#isSampling = true
    this.#session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLE_BYTES })
  }

  #judge(): void {
    this.#session.post('HeapProfiler.getSamplingProfile', (error, answer) => {
      if (error === null) this.#condemn(answer.profile)
    })
  }

  #condemn({ head }: HeapProfiler.SamplingHeapProfile): void {
    const { guards, fd } = this.#options
    const found = heaviestOwner(head, (file) => guards.ownerOf(file))
    if (found === undefined || found.bytes < MIN_BYTES || found.bytes < found.allBytes * MOST) return
    const megabytes = Math.round(found.bytes / 1024 / 1024)
    const message = `objects of ${megabytes} MB that its code has made are alive, and memory is short`
    this.#isDone = true
    // Two Filters of one module cannot be told apart.
    const filters = [...guards.healths()].filter(({ user }) => user.module === found.owner)
    for (const health of filters) health.condemn('memory', message, found.location)
    const named = filters.map(({ user: { id, version } }) => ({ id, version }))
    const blame = { filters: named, kind: 'memory', message, location: found.location, isAlive: true } as const
    writeSync(fd, encodeReport({ kind: 'blame', blame }))
  }
}
