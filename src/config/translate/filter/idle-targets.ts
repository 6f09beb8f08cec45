import { isUserKind, type FilterObject } from '../../objects/filter/filter-object.ts'
import type { ServicePortObject } from '../../objects/service.ts'
import { frontendProtocolOf, mayCarryRequests } from '../service/port-protocol.ts'
import { tcpPortsOf } from '../service/service-facts.ts'
import type { FilterTarget, TargetFault, TargetScope } from './filter-targets.ts'
import type { FilterVersion } from './filter-version.ts'

interface IdleScope extends Pick<TargetScope, 'services' | 'parents'> {
  /** Whether rules refer to a Filter, by its key. */
  readonly isReferred: (key: string) => boolean
}

/**
 * What of a Filter in force does nothing where it is: one for requests at ports of which none has any, or one that nobody names. The
 * others as they are.
 */
export const judgeIdle = (
  filter: FilterObject,
  targets: readonly (FilterTarget | TargetFault)[],
  { key, version, scope }: { readonly key: string; readonly version: FilterVersion; readonly scope: IdleScope },
): readonly (FilterTarget | TargetFault)[] => {
  if (filter.targetRefs.length === 0) return scope.isReferred(key) ? targets : [unnamed]
  if (takesConnections(filter, version)) return targets
  return targets.map((target, i) => {
    if ('reason' in target || target.kind !== 'service') return target
    const service = scope.services.get(target.key)?.object
    if (service === undefined) return target
    const ports = tcpPortsOf(service).filter(({ port }) => target.port === undefined || target.port === port)
    const mayAct = (port: ServicePortObject): boolean =>
      mayCarryRequests(frontendProtocolOf(port, scope.parents.speaksTls(service, port)))
    if (ports.length === 0 || ports.some(mayAct)) return target
    const message = `${target.name} is declared as TCP or TLS (appProtocol or port name), where it has no requests to act on`
    return { reason: 'TargetNotFound', message, path: filter.targetRefs[i]?.path ?? 'spec.targetRefs' }
  })
}

const unnamed: TargetFault = {
  reason: 'TargetNotFound',
  message: 'there are none, and no rule refers to it by an extensionRef: it acts nowhere',
  path: 'spec.targetRefs',
}

/** Whether it has something to say to connections, or may have: which hooks there are is known once it was tried. */
const takesConnections = ({ as, content }: FilterObject, { inForce }: FilterVersion): boolean => {
  if (!isUserKind(as)) return content === undefined
  const hooks = inForce?.user.hooks
  return hooks === undefined || hooks.includes('onTunnel')
}
