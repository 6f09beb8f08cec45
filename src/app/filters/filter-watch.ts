import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { MemoryBlame } from '../watchdog/memory-blame.ts'
import type { startWatchdog, Watchdog } from '../watchdog/watchdog.ts'
import type { FilterHealth } from '../../filter/guard/filter-health.ts'
import type { PlaneGuards } from './plane-guards.ts'

export interface FilterWatchOptions {
  readonly guards: PlaneGuards
  readonly log: Logger
  readonly clock: Clock
  /** What the process may use. */
  readonly memoryBytes: number
  /** The pipe to the primary; without one there is nobody who would start another process. */
  readonly reportFd: number | undefined
}

const TICK_MS = 1000

/** Watches the filters that run in this process, from the first one on: without any it costs nothing, and loads nothing. */
export class FilterWatch {
  readonly #options: FilterWatchOptions
  #loaded: { readonly startWatchdog: typeof startWatchdog; readonly Memory: typeof MemoryBlame } | undefined
  #watchdog: Watchdog | undefined
  #memory: MemoryBlame | undefined
  #stopTicking = (): void => {}
  #isClosed = false

  constructor(options: FilterWatchOptions) {
    this.#options = options
  }

  /** Call it before a configuration with filters of users is applied: its filters may loop while they are made. */
  async prepare(): Promise<void> {
    if (this.#loaded !== undefined || this.#options.reportFd === undefined) return
    const [{ startWatchdog }, { MemoryBlame: Memory }] = await Promise.all([
      import('../watchdog/watchdog.ts'),
      import('../watchdog/memory-blame.ts'),
    ])
    this.#loaded = { startWatchdog, Memory }
  }

  /** A filter is about to be made in this process. */
  add({ slot, user: { id, version, module } }: Pick<FilterHealth, 'slot' | 'user'>): void {
    const { guards, reportFd } = this.#options
    if (reportFd !== undefined) this.#start(reportFd)
    this.#watchdog?.add({ slot, id, version, code: guards.codeOf(module) })
  }

  /** Call it when another configuration is in force. */
  async observe(): Promise<void> {
    const { guards, reportFd } = this.#options
    const inProcess = [...guards.healths()].filter(({ user }) => user.isolation === 'none')
    if (inProcess.length === 0 && this.#watchdog === undefined) return
    await this.prepare()
    if (reportFd !== undefined) this.#start(reportFd)
    this.#watchdog?.watch(
      inProcess.map(({ slot, user: { id, version, module } }) => ({ slot, id, version, code: guards.codeOf(module) })),
    )
  }

  close(): void {
    this.#isClosed = true
    this.#stopTicking()
    this.#watchdog?.close()
    this.#memory?.close()
  }

  #start(fd: number): void {
    if (this.#watchdog !== undefined || this.#isClosed || this.#loaded === undefined) return
    const { startWatchdog, Memory } = this.#loaded
    const { guards, log, memoryBytes } = this.#options
    this.#watchdog = startWatchdog({ slots: guards.slots, fd, memoryBytes, log })
    this.#memory = new Memory({ guards, log, memoryBytes, fd })
    this.#tick()
  }

  #tick(): void {
    const { clock, guards } = this.#options
    this.#stopTicking = clock.after(TICK_MS, () => {
      guards.tick()
      this.#memory?.tick()
      this.#tick()
    })
  }
}
