import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'

export interface WatchedFolderOptions {
  readonly dir: string
  readonly clock: Clock
  readonly log: Logger
  /** Looks at the files; never called again before it has ended. */
  readonly look: () => Promise<void>
}

/** The files are looked at this often even if no change was reported: network file systems report none. */
const POLL_MS = 30_000
/** Writers replace several files one after the other; wait for the last one. */
const SETTLE_MS = 200
/** Whoever writes all the time is not waited for any longer. */
const SETTLE_MAX_MS = 2000

/** Has somebody look shortly after a change in a folder is reported, and at every poll. */
export class WatchedFolder {
  readonly #options: WatchedFolderOptions
  #watcher: FSWatcher | undefined
  /** Which folder is watched: another may come to be under its name. */
  #watched = ''
  #cannotWatch = false
  #isClosed = false
  #isLooking = false
  #changedMs: number | undefined
  #cancel = (): void => {}

  constructor(options: WatchedFolderOptions) {
    this.#options = options
  }

  /** Watches, and has somebody look once soon: files may have changed since they were read. */
  async open(): Promise<void> {
    await this.#watch()
    if (!this.#isClosed) this.#schedule(SETTLE_MS)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
    this.#watcher?.close()
  }

  #schedule(delayMs: number): void {
    this.#cancel()
    this.#cancel = this.#options.clock.after(delayMs, () => void this.#run())
  }

  async #run(): Promise<void> {
    this.#isLooking = true
    this.#changedMs = undefined
    await this.#watch()
    if (!this.#isClosed) await this.#options.look()
    this.#isLooking = false
    if (!this.#isClosed) this.#schedule(this.#changedMs === undefined ? POLL_MS : SETTLE_MS)
  }

  #changed(): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#changedMs ??= nowMs
    if (!this.#isLooking && nowMs - this.#changedMs < SETTLE_MAX_MS) this.#schedule(SETTLE_MS)
  }

  /** Watches the folder that has the name now: it may have been made anew, or be behind a link that was replaced. */
  async #watch(): Promise<void> {
    const { dir, log } = this.#options
    try {
      const { dev, ino } = await stat(dir, { bigint: true })
      const found = `${dev}:${ino}`
      if (this.#isClosed || found === this.#watched) return
      this.#watcher?.close()
      this.#watcher = watch(dir, { persistent: false }, () => this.#changed())
      this.#watcher.on('error', (error) => this.#lost(error))
      if (this.#cannotWatch) log.info(`watching ${dir} again`)
      this.#watched = found
      this.#cannotWatch = false
    } catch (error) {
      this.#lost(error)
    }
  }

  #lost(error: unknown): void {
    this.#watcher?.close()
    this.#watched = ''
    if (this.#cannotWatch || this.#isClosed) return
    this.#cannotWatch = true
    const { dir, log } = this.#options
    log.warn(`cannot watch ${dir}, looking every ${POLL_MS / 1000} s instead`, { error })
  }
}
