import type { HostPort } from '../../host-port.ts'
import { createColours, type Colours } from '../../terminal/colours.ts'
import type { Terminal } from '../../verb.ts'
import { askFilters } from '../filters-document.ts'
import { formatDecision, type Decision, type Message } from './decision.ts'
import { wordsOfLog } from './log-words.ts'

/** What a developer is told: decisions as data, everything else as talk. */
export class DevOutput {
  readonly #terminal: Terminal
  readonly #colours: Colours
  #versions: ReadonlyMap<string, string> = new Map()
  #told = 0
  #onTold = (): void => {}

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#colours = createColours(terminal.out, terminal.env)
  }

  say(text: string): void {
    this.#terminal.err.write(`${text}\n`)
  }

  decision(decision: Decision): void {
    this.#tell(formatDecision(decision, this.#colours))
  }

  failure(sent: Message | undefined, why: string): void {
    this.#tell(`${sent?.method ?? '?'} ${sent?.target ?? '?'} ${this.#colours.red('no answer')} ${why}\n`)
  }

  problem(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error))
  }

  log(line: string): void {
    const words = wordsOfLog(line)
    if (words !== undefined) this.say(words)
  }

  /** Tells of each version that has taken over. */
  async versions(admin: HostPort): Promise<void> {
    try {
      const { filters } = await askFilters(admin)
      for (const { id, version } of filters)
        if (this.#versions.get(id) !== version) this.say(`in force: ${id} ${version}`)
      this.#versions = new Map(filters.map(({ id, version }) => [id, version]))
    } catch {
      // It is ending, or another version comes in a moment; the log tells of anything else.
    }
  }

  /** When so many requests were told of. */
  told(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onTold = () => (this.#told >= count ? resolve() : undefined)
      this.#onTold()
    })
  }

  #tell(text: string): void {
    this.#terminal.out.write(text)
    this.#told++
    this.#onTold()
  }
}
