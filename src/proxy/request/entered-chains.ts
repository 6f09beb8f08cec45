import type { BodyHooks, Chain, Hook } from '../../filter/chain.ts'
import { emptyChain } from '../../filter/chain.ts'

const NONE: readonly Hook[] = []

/** The three parts of the filter chain, as far as a request has got into them. */
export class EnteredChains {
  service: Chain
  rule: Chain = emptyChain
  backend: Chain = emptyChain
  /** Of guards, which come before all filters. */
  #others: readonly Hook[] = NONE
  /** Those that have no say in the response any more, and are told of the end all the same. */
  #forgotten: readonly Chain[] | undefined

  constructor(service: Chain) {
    this.service = service
  }

  /** In reverse order of the requests' hooks. */
  get onResponse(): readonly Hook[] {
    const { onResponse: ofBackend } = this.backend
    const { onResponse: ofRule } = this.rule
    const { onResponse: ofService } = this.service
    const others = this.#others
    return ofBackend.length + ofRule.length + others.length === 0
      ? ofService
      : [...ofBackend, ...ofRule, ...ofService, ...others]
  }

  /** Who looks at the body of the request; `undefined`: nobody. */
  get requestBody(): BodyHooks | undefined {
    return join(join(this.service.requestBody, this.rule.requestBody), this.backend.requestBody)
  }

  /** The same for the response, in reverse order. */
  get responseBody(): BodyHooks | undefined {
    return join(join(this.backend.responseBody, this.rule.responseBody), this.service.responseBody)
  }

  /** Runs this hook too, after all others. */
  alsoOnResponse(hook: Hook): void {
    this.#others = [...this.#others, hook]
  }

  /** Who is told how it ended. */
  get all(): readonly Chain[] {
    return this.#forgotten ?? [this.backend, this.rule, this.service]
  }

  /** The next response is not shown to any of them. */
  forget(): void {
    this.#forgotten = this.all
    this.service = emptyChain
    this.rule = emptyChain
    this.backend = emptyChain
    this.#others = NONE
  }
}

const join = (first: BodyHooks | undefined, second: BodyHooks | undefined): BodyHooks | undefined => {
  if (first === undefined || second === undefined) return first ?? second
  return {
    transforms: [...first.transforms, ...second.transforms],
    trailers: [...first.trailers, ...second.trailers],
  }
}
