/**
 * Istio's MeshConfig (istio.mesh.v1alpha1), as far as a waypoint has to do with it. What it knows is read strictly; the
 * rest is for others, and named so that nobody takes it for carried out.
 */
import type { Decoded, Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { PathNormalization } from '../../../model/model.ts'
import { namespaceName } from '../metadata.ts'
import { entryVisibility, type EntryVisibilities } from './entry-visibility.ts'
import { checkMeshLog, meshTelemetryFields, meshTelemetryOf, type MeshTelemetry } from './mesh-telemetry.ts'
import { providerSchema, type MeshProvider, type ReadProvider } from './provider.ts'
import { inOwnFormat, withUsableFormats } from './usable-formats.ts'
import { findUnused } from '../find-unused.ts'

export interface MeshConfig {
  /** Those that can be asked about requests. */
  readonly providers: readonly MeshProvider[]
  /** Those that are told something, and what they are told. */
  readonly telemetry: MeshTelemetry
  readonly pathNormalization?: PathNormalization
  readonly trustDomain?: string
  readonly trustDomainAliases: readonly string[]
  readonly rootNamespace?: string
  readonly entryVisibility?: EntryVisibilities
  /** Repetitions where a route says nothing of them. */
  readonly defaultRepeats?: number
}

/** A MeshConfig, and what of it is no business of a waypoint: `accessLogFile`, `extensionProviders[1].zipkin`. */
export interface DecodedMesh {
  readonly config: MeshConfig
  readonly unused: readonly string[]
  /** What is wrong with it and leaves the rest in force: formats of logs. */
  readonly faults: readonly Issue[]
}

const trustDomain = s.string({ pattern: /[a-z0-9._-]{1,255}/, describe: 'a trust domain' })

const normalization = s.oneOf(['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'])

/** A policy without `attempts` has none, and one without any is what turns repetitions off (Istio's retry.go). */
const retryPolicy = s.object(
  { attempts: s.withDefault(s.integer({ min: -2_147_483_648, max: 2_147_483_647 }), 0) },
  { unknownFields: 'ignore' },
)

const fields = {
  extensionProviders: s.withDefault(
    s.refine(s.array(providerSchema), (providers, path) => findTwins(providers, path)),
    [],
  ),
  pathNormalization: s.optional(s.object({ normalization: s.withDefault(normalization, 'DEFAULT') })),
  trustDomain: s.optional(trustDomain),
  trustDomainAliases: s.withDefault(s.array(trustDomain), []),
  rootNamespace: s.optional(namespaceName),
  serviceEntryVisibility: s.optional(entryVisibility),
  defaultHttpRetryPolicy: s.optional(retryPolicy),
  ...meshTelemetryFields,
}

const mesh = s.object(fields, { unknownFields: 'ignore' })

const findTwins = (providers: readonly ReadProvider[], path: string): readonly Issue[] =>
  providers.flatMap((provider, index) =>
    providers.findIndex(({ name }) => name === provider.name) < index
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
  const { extensionProviders, pathNormalization: paths, trustDomain: domain, rootNamespace, ...others } = decoded.value
  const { serviceEntryVisibility: visibility, defaultHttpRetryPolicy: retries, ...rest } = others
  const mode = paths?.normalization === 'DEFAULT' ? 'BASE' : paths?.normalization
  const asked = extensionProviders.flatMap((read) => (read.use === 'authorization' ? [read.provider] : []))
  const told = extensionProviders.flatMap((read, index) =>
    read.use === 'telemetry' ? [withUsableFormats(read.provider, `extensionProviders[${index}]`)] : [],
  )
  const logFaults = checkMeshLog(rest)
  return {
    ok: true,
    value: {
      config: {
        ...(domain === undefined ? {} : { trustDomain: domain }),
        ...(rootNamespace === undefined ? {} : { rootNamespace }),
        ...(visibility === undefined ? {} : { entryVisibility: visibility }),
        ...(retries === undefined ? {} : { defaultRepeats: Math.max(0, retries.attempts) }),
        ...(mode === undefined ? {} : { pathNormalization: mode }),
        trustDomainAliases: rest.trustDomainAliases,
        providers: asked,
        telemetry: meshTelemetryOf(rest, {
          providers: told.map(({ provider }) => provider),
          hasFault: logFaults.length > 0,
        }),
      },
      faults: [...inOwnFormat(logFaults), ...told.flatMap(({ faults }) => faults)],
      unused: findUnused(written, usedFields),
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

const usedFields = {
  trustDomain: 'all',
  trustDomainAliases: 'all',
  rootNamespace: 'all',
  pathNormalization: 'all',
  serviceEntryVisibility: {
    defaultVisibility: 'all',
    applyToSidecars: 'all',
    policies: { visibility: 'all', matchingRules: { namespaceSelector: 'all' } },
  },
  defaultHttpRetryPolicy: { attempts: 'all' },
  accessLogFile: 'all',
  accessLogFormat: 'all',
  accessLogEncoding: 'all',
  defaultProviders: 'all',
  defaultConfig: { tracing: { sampling: 'all', customTags: 'all', maxPathTagLength: 'all', enableIstioTags: 'all' } },
  extensionProviders: {
    name: 'all',
    envoyExtAuthzGrpc: 'all',
    envoyExtAuthzHttp: 'all',
    prometheus: 'all',
    opentelemetry: {
      service: 'all',
      port: 'all',
      maxTagLength: 'all',
      http: { path: 'all', timeout: 'all', headers: 'all' },
      grpc: { timeout: 'all', initialMetadata: 'all' },
      resourceDetectors: { environment: 'all' },
    },
    envoyFileAccessLog: { path: 'all', logFormat: 'all', omitEmptyValues: 'all' },
    envoyOtelAls: { service: 'all', port: 'all', logName: 'all', logFormat: 'all' },
  },
} as const
