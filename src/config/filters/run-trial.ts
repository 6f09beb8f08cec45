import { Worker } from 'node:worker_threads'
import { errorCode } from '../../lib/errors/error-code.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import { findHotSpot, type CpuProfile } from './hot-spot.ts'
import type { ModuleSource } from './read-module.ts'
import { growthWithin } from './trial-growth.ts'
import type { TrialData, TrialFault, TrialMessage, TriedModule } from './trial-messages.ts'

/** What came of the trial of one configuration. */
export type TriedConfig = { readonly hooks: readonly string[] } | { readonly fault: TrialFault }

/** What came of the trial of a module. */
export interface TrialOutcome {
  /** All files that decide it. */
  readonly sources: readonly ModuleSource[]
  readonly module: TriedModule | { readonly fault: TrialFault }
  /** By the keys of the orders; empty when the module itself is at fault. */
  readonly configs: ReadonlyMap<string, TriedConfig>
}

export interface TrialLimits {
  /** For each step. */
  readonly stepMs: number
  /** For starting a thread and reading the files, which takes longer on a busy machine. */
  readonly startMs: number
  readonly heapMb: number
  /** How much the whole process may grow meanwhile, where there is that much: buffers are no part of the heap. */
  readonly growthMb: number
}

export const defaultTrialLimits: TrialLimits = { stepMs: 2000, startMs: 20_000, heapMb: 128, growthMb: 768 }

/** How often a thread that gets too little of the processor is waited for. */
const MOST_EXTENSIONS = 8

/** Of a step's time: who uses less until it is looked at again does not wait for a processor. */
const LEAST_SHARE = 0.005

/** How often a thread is asked where it is. Each time costs it some microseconds: more of them, and one that sleeps seems to work. */
const SAMPLE_MS = 20

/** How long a thread is given to answer. One that sleeps in one place does not. */
const ANSWER_MS = 1000

const inTime = async <Answer, Instead>(
  answer: Promise<Answer> | undefined,
  instead: Instead,
): Promise<Answer | Instead> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Instead>((resolve) => (timer = setTimeout(() => resolve(instead), ANSWER_MS)))
  try {
    return await Promise.race([answer ?? instead, late])
  } finally {
    clearTimeout(timer)
  }
}

/** How often the size of the process is looked at. */
const LOOK_MS = 25

/**
 * Tries a module and some configurations of it in a thread of their own, which may do whatever it likes to itself. Where
 * one of them is the end of the thread, the rest is tried in another. Never rejects.
 */
export const runTrial = async (data: TrialData, limits: TrialLimits = defaultTrialLimits): Promise<TrialOutcome> => {
  const configs = new Map<string, TriedConfig>()
  let orders = data.orders
  for (;;) {
    const thread = new TrialThread({ ...data, orders }, limits)
    const { sources, module, ended } = await thread.outcome
    for (const [key, config] of thread.configs) configs.set(key, config)
    const rest = orders.filter(({ key }) => !configs.has(key))
    if ('fault' in module || rest.length === 0) return { sources, module, configs }
    if (ended === undefined || rest.length === orders.length) {
      // It ended by itself, and has not said why.
      const fault = ended ?? { message: 'the trial ended early', file: data.entry }
      for (const { key } of rest) configs.set(key, { fault })
      return { sources, module, configs }
    }
    orders = rest
  }
}

interface ThreadOutcome {
  readonly sources: readonly ModuleSource[]
  readonly module: TriedModule | { readonly fault: TrialFault }
  /** Why the thread did not come to its end. */
  readonly ended: TrialFault | undefined
}

type Step = Extract<TrialMessage, { readonly kind: 'step' }>

/** A thread on trial, from its start to its end. */
class TrialThread {
  readonly configs = new Map<string, TriedConfig>()
  readonly outcome: Promise<ThreadOutcome>
  readonly #data: TrialData
  readonly #limits: TrialLimits
  readonly #worker: Worker
  readonly #settle: (outcome: ThreadOutcome) => void
  #step: Step | undefined
  #sources: readonly ModuleSource[] = []
  #module: ThreadOutcome['module'] | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #looking: NodeJS.Timeout
  #stopProfile: (() => Promise<string>) | undefined
  #isOver = false

  constructor(data: TrialData, limits: TrialLimits) {
    this.#data = data
    this.#limits = limits
    const { promise, resolve } = Promise.withResolvers<ThreadOutcome>()
    this.outcome = promise
    this.#settle = resolve
    const startBytes = process.memoryUsage.rss()
    this.#worker = new Worker(new URL('./trial-thread.ts', import.meta.url), {
      name: 'filter trial',
      workerData: data,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMb, maxYoungGenerationSizeMb: 16 },
    })
    // What a filter prints while it is tried is nobody's log.
    this.#worker.stdout.resume()
    this.#worker.stderr.resume()
    this.#worker.on('message', (message: TrialMessage) => this.#take(message))
    this.#worker.on('error', (error) => void this.#end(this.#explain(error)))
    this.#worker.once('exit', (code) => void this.#end(this.#explainExit(code)))
    this.#worker.once('online', () => void this.#begin())
    const growthMb = growthWithin(limits.growthMb, process.availableMemory())
    this.#looking = setInterval(() => {
      const grownMb = (process.memoryUsage.rss() - startBytes) / 2 ** 20
      if (grownMb > growthMb) void this.#end(`made the process grow by ${Math.round(grownMb)} MB`)
    }, LOOK_MS)
    this.#wait(limits.startMs)
  }

  async #begin(): Promise<void> {
    try {
      const profile = await this.#worker.startCpuProfile({ sampleInterval: SAMPLE_MS })
      this.#stopProfile = () => profile.stop()
    } catch {
      // Without it a loop is found all the same, but not its line.
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.#worker.postMessage('begin')
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#expire(ms), ms)
  }

  /**
   * A thread that works gets the time of a processor: on a busy machine that takes longer. One that waits has waited, and
   * so has one that sleeps in the middle of its work (`Atomics.wait`), which uses next to nothing.
   */
  async #expire(ms: number, times = 0, beforeMs = -Infinity): Promise<void> {
    const step = this.#step
    const isWorking = this.#worker.performance.eventLoopUtilization().utilization > 0.5
    const usedMs = isWorking && times < MOST_EXTENSIONS ? await inTime(this.#readCpuMs(), Infinity) : ms
    // It may have gone on meanwhile.
    if (this.#isOver || this.#step !== step) return
    if (usedMs < ms - 1 && usedMs - beforeMs > ms * LEAST_SHARE) {
      this.#timer = setTimeout(() => void this.#expire(ms, times + 1, usedMs), Math.max(ms - usedMs, ms / 4))
      return
    }
    await this.#end(`was not done after ${ms} ms`)
  }

  async #readCpuMs(): Promise<number> {
    try {
      const { user, system } = await this.#worker.cpuUsage()
      return (user + system) / 1000
    } catch {
      // It has just ended.
      return Infinity
    }
  }

  #take(message: TrialMessage): void {
    switch (message.kind) {
      case 'read':
        this.#sources = message.sources
        return
      case 'step':
        this.#step = message
        return this.#wait(this.#limits.stepMs)
      case 'loaded':
        this.#module = message.tried
        return
      case 'passed':
        this.configs.set(message.key, { hooks: message.hooks })
        return
      case 'failed':
        if (message.key === undefined) this.#module = { fault: message.fault }
        else this.configs.set(message.key, { fault: message.fault })
        return
      case 'done':
        void this.#end(undefined)
    }
  }

  /** One whose loop has nothing left to wait for ends as well. */
  #explainExit(code: number): string {
    const isWaiting = code === 0 && this.#step?.step === 'warmUp'
    return isWaiting ? 'waits for what cannot come any more, or ended its thread' : `ended its thread (${code})`
  }

  #explain(error: unknown): string {
    if (errorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY') return `used more than ${this.#limits.heapMb} MB of memory`
    return `failed outside of any call: ${hideSecrets(thrownMessage(error))}`
  }

  /** Once, by whatever comes first. */
  async #end(what: string | undefined): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    clearInterval(this.#looking)
    const ended = what === undefined ? undefined : await this.#faultOf(what)
    // One that waits in the system, for a pipe say, cannot be ended, and must not hold up all others.
    await inTime(this.#worker.terminate(), undefined)
    const key = this.#step?.key
    if (ended !== undefined && key !== undefined && !this.configs.has(key)) this.configs.set(key, { fault: ended })
    const module = this.#module ?? { fault: ended ?? { message: 'the trial ended early', file: this.#data.entry } }
    this.#settle({ sources: this.#sources, module, ended })
  }

  async #faultOf(what: string): Promise<TrialFault> {
    const { entry, root } = this.#data
    const step = this.#step
    if (step === undefined) return { message: `reading it ${what}`, file: entry }
    const spot = what.startsWith('was not done') ? await this.#findSpot(root) : undefined
    const place = spot ?? { file: step.file, ...(step.line === undefined ? {} : { line: step.line }) }
    const subject = step.step === 'load' ? 'loading it' : step.step
    return { ...place, message: `${subject} ${what}` }
  }

  async #findSpot(root: string): Promise<ReturnType<typeof findHotSpot>> {
    try {
      const profile = await inTime(this.#stopProfile?.(), undefined)
      // As V8 writes it.
      return profile === undefined ? undefined : findHotSpot(JSON.parse(profile) as CpuProfile, root)
    } catch {
      return undefined
    }
  }
}
