/**
 * Istio's MeshConfig (istio.mesh.v1alpha1), as far as a waypoint has to do with it. What it knows is read strictly; the
 * rest is for others, and named so that nobody takes it for carried out.
 */
import type { Decoded, Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { PathNormalization } from '../../../model/model.ts'
import { namespaceName } from '../metadata.ts'
import { providerSchema, type MeshProvider } from './provider.ts'

export interface MeshConfig {
  /** Those that can be asked about requests. */
  readonly providers: readonly MeshProvider[]
  readonly pathNormalization?: PathNormalization
  readonly trustDomain?: string
  readonly trustDomainAliases: readonly string[]
  readonly rootNamespace?: string
}

/** A MeshConfig, and what of it is no business of a waypoint: `accessLogFile`, `extensionProviders[1].zipkin`. */
export interface DecodedMesh {
  readonly config: MeshConfig
  readonly unused: readonly string[]
}

const trustDomain = s.string({ pattern: /[a-z0-9._-]{1,255}/, describe: 'a trust domain' })

const normalization = s.oneOf(['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'])

const fields = {
  extensionProviders: s.withDefault(
    s.refine(s.array(providerSchema), (providers, path) => findTwins(providers, path)),
    [],
  ),
  pathNormalization: s.optional(s.object({ normalization: s.withDefault(normalization, 'DEFAULT') })),
  trustDomain: s.optional(trustDomain),
  trustDomainAliases: s.withDefault(s.array(trustDomain), []),
  rootNamespace: s.optional(namespaceName),
}

const mesh = s.object(fields, { unknownFields: 'ignore' })

const findTwins = (providers: readonly (MeshProvider | undefined)[], path: string): readonly Issue[] =>
  providers.flatMap((provider, index) =>
    provider !== undefined && providers.findIndex((other) => other?.name === provider.name) < index
      ? [
          {
            message: 'wrong value',
            path: `${path}[${index}].name`,
            found: provider.name,
            expected: 'a name of its own',
          },
        ]
      : [],
  )

/** Reads a MeshConfig; an empty document says nothing. */
export const decodeMeshConfig = (value: unknown): Decoded<DecodedMesh> => {
  const written = value ?? {}
  const decoded = mesh.decode(written, '')
  const spelling = s.isPlainObject(written) ? findMisspelt(written) : []
  if (!decoded.ok) return { ok: false, issues: [...decoded.issues, ...spelling] }
  if (spelling.length > 0) return { ok: false, issues: spelling }
  const { extensionProviders, pathNormalization: paths, trustDomainAliases, ...rest } = decoded.value
  const mode = paths?.normalization === 'DEFAULT' ? 'BASE' : paths?.normalization
  return {
    ok: true,
    value: {
      config: {
        ...rest,
        providers: extensionProviders.filter((provider) => provider !== undefined),
        ...(mode === undefined ? {} : { pathNormalization: mode }),
        trustDomainAliases,
      },
      unused: s.isPlainObject(written) ? findUnused(written) : [],
    },
  }
}

const plain = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

/** A field that is meant to be one of ours must not go for one that is not. */
const findMisspelt = (written: Readonly<Record<string, unknown>>): readonly Issue[] =>
  Object.keys(written).flatMap((name) => {
    const meant = Object.keys(fields).find((known) => known !== name && plain(known) === plain(name))
    return meant === undefined ? [] : [{ message: 'unknown field', path: name, found: name, expected: meant }]
  })

const OURS: readonly string[] = ['name', 'envoyExtAuthzGrpc', 'envoyExtAuthzHttp']

const findUnused = (written: Readonly<Record<string, unknown>>): readonly string[] => {
  const providers = Array.isArray(written['extensionProviders']) ? written['extensionProviders'] : []
  const others = providers.flatMap((provider: unknown, index) =>
    s.isPlainObject(provider)
      ? Object.keys(provider)
          .filter((name) => !OURS.includes(name))
          .map((name) => `extensionProviders[${index}].${name}`)
      : [],
  )
  return [...Object.keys(written).filter((name) => !Object.hasOwn(fields, name)), ...others]
}
