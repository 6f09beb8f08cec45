import { hash } from 'node:crypto'
import type { RequestView } from '../../../filter/index.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { AuthenticationPlan, JwtRulePlan } from '../../../snapshot/security/tokens/authentication-plan.ts'
import { viewToken, type TokenView } from '../../../snapshot/security/tokens/token-view.ts'
import type { JwtFault } from './jwt-fault.ts'
import type { KeyRings, Keys } from './keys/key-rings.ts'
import type { PublicKey } from './keys/key-set.ts'
import { MAX_TOKEN_LENGTH, parseToken, type ParsedToken } from './parse-token.ts'
import type { SignedToken, TokenCache } from './token-cache.ts'
import { findTokens, isTooMany, type FoundToken } from './token-places.ts'

/** What a request comes to. */
export type Judgement =
  /** No token in any of the places: it goes on, as nobody in particular. */
  | { readonly kind: 'none' }
  | { readonly kind: 'verified'; readonly view: TokenView; readonly tokens: readonly FoundToken[] }
  | { readonly kind: 'refused'; readonly fault: JwtFault }

export interface AuthenticatorDeps {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly keys: KeyRings
  readonly cache: TokenCache
  readonly counters: { jwtCacheHits: number; jwtVerifications: number }
  /** The key that has signed a token with `alg`; never rejects. */
  readonly findSigner: (token: string, alg: string, keys: readonly PublicKey[]) => Promise<PublicKey | undefined>
}

/** How far clocks may be apart (Envoy's default). */
const SKEW_S = 60

const none: Judgement = { kind: 'none' }

/** What one token comes to with one rule. */
type Verdict = SignedToken | JwtFault

/**
 * Judges requests by their tokens. It answers at once for tokens that were verified before, and for those that can be
 * refused without a look at their signature; only others make a request wait.
 */
export class Authenticator {
  readonly #deps: AuthenticatorDeps
  /** Signatures that are being checked, so that a burst of requests with one token has it checked once. */
  readonly #pending = new Map<string, { readonly keys: Keys; readonly verdict: Promise<Verdict> }>()

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
  }

  /**
   * Istio's rules for several issuers: the request passes with the first rule, in order of issuers, all of whose tokens are
   * good; or when no rule finds any. Else it is refused, for the reason that says most.
   */
  judge(plan: AuthenticationPlan, request: RequestView): Judgement | Promise<Judgement> {
    return this.#judgeFrom(plan, request, { rule: 0, fault: undefined })
  }

  #judgeFrom(
    plan: AuthenticationPlan,
    request: RequestView,
    from: { readonly rule: number; readonly fault: JwtFault | undefined },
  ): Judgement | Promise<Judgement> {
    let { fault } = from
    for (let i = from.rule; i < plan.rules.length; i++) {
      const rule = plan.rules[i]
      if (rule === undefined) break
      const tokens = findTokens(rule.places, request)
      if (tokens.length === 0) continue
      const verdict = isTooMany(tokens) ? 'badForm' : this.#judgeTokens(rule, tokens)
      if (verdict instanceof Promise) {
        const before = fault
        return verdict.then((settled) =>
          typeof settled === 'string'
            ? this.#judgeFrom(plan, request, { rule: i + 1, fault: worse(before, settled) })
            : { kind: 'verified', view: viewOf(settled, rule), tokens },
        )
      }
      if (typeof verdict !== 'string') return { kind: 'verified', view: viewOf(verdict, rule), tokens }
      fault = worse(fault, verdict)
    }
    return fault === undefined ? none : { kind: 'refused', fault }
  }

  /** The first of them if all are good: the endpoint might take any of them for the one that is (as Envoy has it). */
  #judgeTokens(rule: JwtRulePlan, tokens: readonly FoundToken[]): Verdict | Promise<Verdict> {
    const [first, ...others] = tokens
    if (first === undefined) return 'badForm'
    const verdict = this.#judgeToken(rule, first.text)
    if (others.length === 0 || typeof verdict === 'string') return verdict
    const all = [verdict, ...others.map(({ text }) => this.#judgeToken(rule, text))]
    return Promise.all(all.map((one) => Promise.resolve(one))).then(
      (verdicts) => verdicts.find((one) => typeof one === 'string') ?? verdicts[0] ?? 'badForm',
    )
  }

  #judgeToken(rule: JwtRulePlan, text: string): Verdict | Promise<Verdict> {
    if (text.length > MAX_TOKEN_LENGTH) return 'tooLarge'
    const keys = this.#deps.keys.of(rule.keys)
    const digest = hash('sha256', text, 'base64')
    const known = this.#deps.cache.get(digest)
    if (known !== undefined && known.keys === keys && !known.signer.isRetired) {
      this.#deps.counters.jwtCacheHits++
      return this.#findMisfit(known.parsed, rule) ?? known
    }
    const parsed = parseToken(text)
    if (typeof parsed === 'string') return parsed
    // Before its signature: whoever is not meant need not be asked for keys.
    return this.#findMisfit(parsed, rule) ?? this.#checkSignature(parsed, keys, digest)
  }

  #findMisfit({ issuer, comparable, expiresAt, validFrom }: ParsedToken, rule: JwtRulePlan): JwtFault | undefined {
    if (rule.issuer !== '' && issuer !== rule.issuer) return 'unknownIssuer'
    const nowS = this.#deps.clock.nowMs() / 1000
    if (validFrom !== undefined && validFrom > nowS + SKEW_S) return 'notYetValid'
    if (expiresAt !== undefined && expiresAt < nowS - SKEW_S) return 'expired'
    const { audienceSet } = rule
    if (audienceSet.size === 0 || comparable.some((audience) => audienceSet.has(audience))) return undefined
    return 'audience'
  }

  #checkSignature(parsed: ParsedToken, keys: Keys, digest: string): Verdict | Promise<Verdict> {
    const found = keys.find(parsed)
    if (found === undefined) return 'noKeys'
    if (!(found instanceof Promise) && found.length === 0) return 'noKey'
    const pending = this.#pending.get(digest)
    if (pending?.keys === keys) return pending.verdict
    const verdict = this.#check(parsed, { keys, digest, found }).finally(() => this.#pending.delete(digest))
    this.#pending.set(digest, { keys, verdict })
    return verdict
  }

  async #check(
    parsed: ParsedToken,
    { keys, digest, found }: { readonly keys: Keys; readonly digest: string; readonly found: ReturnType<Keys['find']> },
  ): Promise<Verdict> {
    const candidates = await found
    if (candidates === undefined) return 'noKeys'
    if (candidates.length === 0) return 'noKey'
    this.#deps.counters.jwtVerifications++
    const signer = await this.#deps.findSigner(parsed.text, parsed.alg, candidates)
    if (signer === undefined) return 'signature'
    const token = { parsed, keys, signer, view: undefined }
    this.#deps.cache.set(digest, token)
    return token
  }
}

/** Of two faults the one of the rule that is nearer to the token: that of another issuer says nothing. */
const worse = (before: JwtFault | undefined, next: JwtFault): JwtFault =>
  before === undefined || before === 'unknownIssuer' ? next : before

const viewOf = (token: SignedToken, rule: JwtRulePlan): TokenView => {
  const { view } = token
  return view?.rule === rule ? view : (token.view = viewToken(token.parsed, rule))
}
