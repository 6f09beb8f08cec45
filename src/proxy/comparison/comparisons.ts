import type { Model } from '../../model/model.ts'
import type { Mirror } from '../../model/route.ts'
import type { Comparing, ComparedRequest } from './comparing.ts'
import type { ComparisonReading } from './comparison-reading.ts'
import type { ComparisonEngine, EngineDeps } from './engine.ts'

/** Comparisons with mirrors; there is nothing to them before a model has one. */
export class Comparisons {
  readonly #deps: EngineDeps
  #engine: ComparisonEngine | undefined

  constructor(deps: EngineDeps) {
    this.#deps = deps
  }

  /** Makes ready for a model; `undefined` when nothing has to be waited for. */
  load(model: Pick<Model, 'routes'>): Promise<void> | undefined {
    const mirrors = comparedMirrors(model)
    if (this.#engine === undefined) return mirrors.length === 0 ? undefined : this.#load(mirrors)
    this.#engine.use(mirrors)
    return undefined
  }

  /** See `ComparisonEngine.begin`. */
  begin(mirror: Mirror, request: ComparedRequest, mayRepeat: () => boolean): Comparing | undefined {
    return this.#engine?.begin(mirror, request, mayRepeat)
  }

  /** How each of them stands. */
  read(): readonly ComparisonReading[] {
    return this.#engine?.read() ?? []
  }

  async #load(mirrors: readonly Mirror[]): Promise<void> {
    const { ComparisonEngine: Engine } = await import('./engine.ts')
    this.#engine ??= new Engine(this.#deps)
    this.#engine.use(mirrors)
  }
}

const comparedMirrors = ({ routes }: Pick<Model, 'routes'>): readonly Mirror[] => {
  const found: Mirror[] = []
  for (const { rules } of routes) {
    for (const { mirrors = [], backends } of rules) {
      for (const mirror of mirrors) if (mirror.comparison !== undefined) found.push(mirror)
      for (const backend of backends) {
        if (backend.kind !== 'service') continue
        for (const mirror of backend.mirrors ?? []) if (mirror.comparison !== undefined) found.push(mirror)
      }
    }
  }
  return found
}
