import type { ExchangeRecord, Source } from '../../filter/record.ts'
import type { Endpoint, Workload } from '../../model/endpoint.ts'
import { cut, quoteAll } from '../log/format/escape.ts'

/** Hubble's endpoints as JSON: who has called, and who answered. Each is put together once, as long as it is around. */
export class FlowPeers {
  readonly #sources = new WeakMap<Source, string>()
  readonly #endpoints = new WeakMap<Endpoint, string>()

  source(source: Source): string {
    let text = this.#sources.get(source)
    if (text === undefined) {
      const { workload: name, principal, address: _, ...rest } = source
      text = describe({ name, ...rest }, principal)
      this.#sources.set(source, text)
    }
    return text
  }

  /** The Service, when nobody was asked, or nobody knows more. */
  destination({ endpoint, destination, backend = destination }: ExchangeRecord): string {
    const { namespace } = backend
    if (endpoint === undefined) return quoteAll({ namespace })
    let text = this.#endpoints.get(endpoint)
    if (text === undefined) {
      const identity = endpoint.transport === 'hbone' ? endpoint.identity : undefined
      text = describe({ namespace, ...endpoint.workload }, identity)
      // What it has of a Service is not its own.
      if (endpoint.workload.namespace !== undefined) this.#endpoints.set(endpoint, text)
    }
    return text
  }
}

/** What is known of a peer; absent facts stay absent, and so does an empty list, as protobuf leaves it out. */
const describe = (
  workload: { readonly [Name in keyof Workload]?: Workload[Name] | undefined },
  principal: string | undefined,
): string => {
  const { name, namespace, app, version, canonicalName, canonicalRevision, cluster, serviceAccount } = workload
  const labels = Object.entries({
    'k8s:app': app,
    'k8s:version': version,
    'k8s:service.istio.io/canonical-name': canonicalName,
    'k8s:service.istio.io/canonical-revision': canonicalRevision,
    'k8s:io.cilium.k8s.policy.cluster': cluster,
    'k8s:io.cilium.k8s.policy.serviceaccount': serviceAccount,
    'k8s:io.kubernetes.pod.namespace': namespace,
    'spiffe:id': principal,
  }).flatMap(([label, value]) => (value === undefined ? [] : [`${label}=${cut(value, 253)}`]))
  return quoteAll({
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(name === undefined ? {} : { workloads: [{ name }] }),
  })
}
