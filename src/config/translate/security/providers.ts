import type { AuthorizationProvider } from '../../../model/security/external-authorization.ts'
import type { MeshProvider } from '../../objects/mesh-config/provider.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { TranslateOptions } from '../options.ts'
import type { BackendScope } from '../route/resolve-backend.ts'
import { sortByKey } from '../sort-by-key.ts'
import { findProviderService } from './provider-service.ts'

/** What providers are looked for in. */
export type ProviderScope = Pick<BackendScope, 'services' | 'hosts' | 'speaksTls'>

/** Finds the extension providers of the mesh by name. */
export interface Providers {
  /** Why nobody can be asked by that name; `undefined` when somebody can. */
  readonly faultOf: (name: string) => string | undefined
  /** Whether somebody can be asked by that name, and about requests only: there is no HTTP to ask about connections. */
  readonly isForRequests: (name: string) => boolean
  /** Those of the names, sorted, each once; `want` is told of the Service ports that they listen at. */
  readonly use: (
    names: readonly string[],
    want: (service: ServiceObject, port: ServicePortObject) => void,
  ) => readonly AuthorizationProvider[]
}

interface Found {
  readonly provider: AuthorizationProvider
  readonly at?: readonly [service: ServiceObject, port: ServicePortObject]
}

/** Makes the finder for one set of objects. */
export const findProviders = (
  { mesh, clusterDomain, rootNamespace }: Pick<TranslateOptions, 'mesh' | 'clusterDomain' | 'rootNamespace'>,
  scope: ProviderScope,
): Providers => {
  const known = new Map<string, Found>()
  const find = (name: string): Found => {
    const before = known.get(name)
    if (before !== undefined) return before
    const written = mesh?.providers.find((provider) => provider.name === name)
    const found =
      written === undefined
        ? closed(name, explainMissing(name, mesh))
        : follow(written, { ...scope, clusterDomain, rootNamespace })
    known.set(name, found)
    return found
  }
  return {
    faultOf: (name) => {
      const { provider } = find(name)
      return provider.kind === 'closed' ? provider.reason : undefined
    },
    isForRequests: (name) => {
      const { provider } = find(name)
      return provider.kind === 'usable' && provider.settings.protocol !== 'grpc'
    },
    use: (names, want) =>
      sortByKey(
        [...new Set(names)].map((name) => {
          const { provider, at } = find(name)
          if (at !== undefined) want(...at)
          return provider
        }),
      ),
  }
}

const closed = (key: string, reason: string): Found => ({ provider: { key, kind: 'closed', reason } })

const explainMissing = (name: string, mesh: TranslateOptions['mesh']): string => {
  if (mesh === undefined) {
    return `nothing is known of provider ${name}: give the MeshConfig that has it in extensionProviders (--mesh-config)`
  }
  const names = mesh.providers.map((provider) => provider.name).join(', ')
  const known = names === '' ? 'has none' : `has ${names}`
  return `extensionProviders of ${mesh.source} ${known}, and not ${name}: add it there`
}

const follow = (
  { name, service, port, settings }: MeshProvider,
  scope: ProviderScope & Pick<TranslateOptions, 'clusterDomain' | 'rootNamespace'>,
): Found => {
  const found = findProviderService({ name, port, ...service }, scope)
  if ('fault' in found) return closed(name, found.fault)
  const whole = { ...settings, service: found.service, endpoints: found.endpoints }
  const { at } = found
  return { provider: { key: name, kind: 'usable', settings: whole }, ...(at === undefined ? {} : { at }) }
}
