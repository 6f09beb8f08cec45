import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { ForwardDeps } from '../forward/forward-plan.ts'
import type { CallAnswer, CallRequest } from './provider-call.ts'

/** Puts one question of ours to endpoints of a Service; `group` is `undefined` when it is not known at the moment. */
export const callService = async (
  { group, timeoutMs }: { readonly group: EndpointGroup | undefined; readonly timeoutMs: number },
  request: CallRequest,
  deps: ForwardDeps,
): Promise<CallAnswer> => {
  const obstacle = group === undefined ? 'its endpoints are not known' : group.closed
  if (group === undefined || obstacle !== undefined) {
    return { kind: 'failed', message: obstacle ?? '', isLate: false }
  }
  // Most waypoints ask nobody.
  const { ProviderCall } = await import('./provider-call.ts')
  return new Promise((resolve) => new ProviderCall(request, { group, timeoutMs, onAnswer: resolve }, deps).start())
}
