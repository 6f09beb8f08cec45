import type { Mesh } from '../mesh/mesh.ts'

/**
 * The Service that a host of Istio's own kinds means: `NAME`, `NAME.NAMESPACE`, `NAME.NAMESPACE.svc`, or its full name.
 * `NAMESPACE/NAME`; `undefined` for a host outside of the cluster, or a pattern.
 */
export const serviceOfHost = (host: string, home: string, { settings }: Pick<Mesh, 'settings'>): string | undefined => {
  if (host === '' || host.includes('*')) return undefined
  const end = `.svc.${settings.clusterDomain}`
  const short = host.endsWith(end) ? host.slice(0, -end.length) : host.replace(/\.svc$/, '')
  const [name = '', namespace = home, ...more] = short.split('.')
  return more.length > 0 ? undefined : `${namespace}/${name}`
}
