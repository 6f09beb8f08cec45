import type { Exchange, HookResult, Reply, RequestView } from '../../../filter/index.ts'
import type { AuthenticationPlan } from '../../../snapshot/security/tokens/authentication-plan.ts'
import type { GuardMaker } from '../guards.ts'
import type { Authenticator, Judgement } from './authenticator.ts'
import { jwtFaults, statusOf, type JwtFault } from './jwt-fault.ts'
import { removeToken } from './token-places.ts'

/** Judges a request by its token, and changes it accordingly; nothing: it may go on. */
export type TokenJudge = (request: RequestView) => undefined | Reply | Promise<undefined | Reply>

/** Makes the guards of frontends with RequestAuthentications. */
export const createJwtGuards =
  (authenticator: Authenticator, counters: { jwtRefused: number }): GuardMaker =>
  ({ authentication }) => {
    if (authentication === undefined) return undefined
    const judge = createTokenJudge(authentication, authenticator, counters)
    return Object.assign(({ request }: Exchange): HookResult => judge(request), { kind: 'RequestAuthentication' })
  }

/** Makes the judge of a set of rules. */
export const createTokenJudge = (
  plan: AuthenticationPlan,
  authenticator: Authenticator,
  counters: { jwtRefused: number },
): TokenJudge => {
  const finish = (request: RequestView, judgement: Judgement): Reply | undefined => {
    if (judgement.kind === 'verified') takeToken(request, judgement)
    if (judgement.kind !== 'refused') return undefined
    counters.jwtRefused++
    return refuse(request, judgement.fault)
  }
  const { outputs } = plan
  return (request) => {
    // What only verified tokens may say, whoever wrote it.
    for (const output of outputs) request.headers.removeAlike(output)
    if (isPreflight(request)) return undefined
    const judgement = authenticator.judge(plan, request)
    return judgement instanceof Promise
      ? judgement.then((settled) => finish(request, settled))
      : finish(request, judgement)
  }
}

/** Browsers send no credentials with it (Fetch, CORS-preflight request). */
const isPreflight = ({ method, headers }: RequestView): boolean =>
  method === 'OPTIONS' && hasText(headers, 'origin') && hasText(headers, 'access-control-request-method')

const hasText = (headers: RequestView['headers'], name: string): boolean => (headers.getLower(name) ?? '') !== ''

/** From here on everybody sees what the endpoint will: the claims, and the token only where it is forwarded. */
const takeToken = (request: RequestView, { view, tokens }: Extract<Judgement, { kind: 'verified' }>): void => {
  if (!view.rule.forwardsToken) for (const { place } of tokens) removeToken(place, request)
  const { outputs } = view
  for (let i = 0; i < outputs.length; i += 2) request.headers.fields.push(outputs[i] ?? '', outputs[i + 1] ?? '')
  request.token = view.token
}

/** Of the address that was asked for, which is the realm. */
const MAX_REALM = 256

/** RFC 6750 section 3; what is wrong is told in the body, in Envoy's words. */
const refuse = ({ scheme, authority, path }: RequestView, fault: JwtFault): Reply => {
  const message = jwtFaults[fault]
  const asked = `${scheme}://${authority}${path}`.slice(0, MAX_REALM)
  const realm = asked.replaceAll(/[^\x20-\x7e]/g, '').replaceAll(/["\\]/g, '\\$&')
  return {
    kind: 'reply',
    status: statusOf(fault),
    headers: [
      ['www-authenticate', `Bearer realm="${realm}", error="invalid_token"`],
      ['content-type', 'text/plain'],
    ],
    body: message,
    reason: `jwt_authn_access_denied{${message.replaceAll(' ', '_')}}`,
  }
}
