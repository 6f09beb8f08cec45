import type { EndpointKey } from '../../../model/endpoint.ts'
import type { BackendService } from '../../../model/route.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { TranslateOptions } from '../options.ts'
import { resolveBackend, type BackendScope } from '../route/resolve-backend.ts'

/** The Service port that a provider of the mesh listens at, or why it is not known, for people. */
export type ProviderService =
  | {
      readonly service: BackendService
      readonly endpoints: EndpointKey
      /** Absent: its endpoints are those of a ServiceEntry. */
      readonly at?: readonly [service: ServiceObject, port: ServicePortObject] | undefined
    }
  | { readonly fault: string }

/**
 * Looks up `service: [NAMESPACE/]HOSTNAME` and `port` of a provider: `NAME.NAMESPACE.svc.CLUSTER_DOMAIN` is a Service;
 * other hosts are of ServiceEntries.
 */
export const findProviderService = (
  {
    name,
    namespace,
    hostname,
    port,
  }: {
    /** For messages. */
    readonly name: string
    readonly namespace?: string | undefined
    readonly hostname: string
    readonly port: number
  },
  scope: Pick<BackendScope, 'services' | 'hosts' | 'speaksTls'> &
    Pick<TranslateOptions, 'clusterDomain' | 'rootNamespace'>,
): ProviderService => {
  const [serviceName = '', serviceNamespace = '', ...rest] = hostname.split('.')
  const isService = rest.join('.') === `svc.${scope.clusterDomain}`
  if (isService && (namespace ?? serviceNamespace) !== serviceNamespace) {
    return { fault: `${hostname} of provider ${name} is no host of namespace ${namespace}` }
  }
  let at: readonly [ServiceObject, ServicePortObject] | undefined
  const named = isService
    ? { group: '', kind: 'Service', namespace: serviceNamespace, name: serviceName }
    : { group: 'networking.istio.io', kind: 'Hostname', name: hostname }
  // Not whoever calls himself so: who is asked decides who is let in.
  const of = namespace ?? scope.rootNamespace
  const hosts = {
    get: (host: string) => scope.hosts.get(host)?.filter(({ object }) => object.metadata.namespace === of),
  }
  const found = resolveBackend(
    { ...named, port, path: 'extensionProviders' },
    { kind: 'HTTPRoute', metadata: { namespace: of } },
    { ...scope, hosts, onBackend: (...reached) => (at = reached), onBadRef: () => {} },
  )
  if ('bad' in found) {
    const wanted = isService ? 'the Service and its EndpointSlices' : `a ServiceEntry of namespace ${of}`
    return { fault: `provider ${name}: ${found.bad.message}: have ${wanted} among the objects` }
  }
  return { service: found.service, endpoints: found.endpoints, at }
}
