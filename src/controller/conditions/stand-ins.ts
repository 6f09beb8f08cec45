import { credentialTypes } from '../../config/objects/secret-credentials.ts'
import { isUserKind, type FilterObject } from '../../config/objects/filter/filter-object.ts'
import type { SecretObject } from '../../config/objects/secret.ts'
import { versionKey, type FilterVersion, type FilterVersions } from '../../config/translate/filter/filter-version.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import { isPlainObject } from '../../lib/schema.ts'

/**
 * Secrets in the place of those that filters refer to. The controller may read none; it takes them to be there and in
 * order, and the waypoints, which may, say when they are not.
 */
export const standInSecrets = (objects: readonly SourcedObject[]): readonly SourcedObject[] => {
  const secrets = new Map<string, SourcedObject>()
  for (const { read } of objects) {
    if (read.state !== 'typed' || read.object.kind !== 'Filter') continue
    const { as, content, metadata } = read.object
    const type = as === 'ApiKey' || as === 'BasicAuth' ? credentialTypes[as] : undefined
    for (const name of type === undefined ? [] : secretNamesOf(content)) {
      const { namespace } = metadata
      const key = `${namespace}/${name}`
      if (!secrets.has(key)) secrets.set(key, standIn({ namespace, name, type: type ?? '' }))
    }
  }
  return [...secrets.values()]
}

/** The Secrets that a built-in filter refers to. */
export const secretNamesOf = (content: FilterObject['content']): readonly string[] => {
  if (content?.kind !== 'built-in' || !isPlainObject(content.config)) return []
  const refs = content.config['secretRefs']
  if (!Array.isArray(refs)) return []
  return refs.flatMap((ref: unknown) => (isPlainObject(ref) && typeof ref['name'] === 'string' ? [ref['name']] : []))
}

const standIn = ({ namespace, name, type }: { namespace: string; name: string; type: string }): SourcedObject => {
  const object: SecretObject = {
    kind: 'Secret',
    metadata: { namespace, name, labels: {}, annotations: {}, owners: [] },
    type,
    keys: [],
  }
  const ref = { kind: 'Secret', namespace, name }
  return { read: { state: 'typed', ref, object, issues: [] }, locate: () => undefined }
}

/**
 * Versions in the place of those that waypoints try: the code of Filters is where they are. It is taken to be good; what
 * became of it, the waypoints say.
 */
export const standInVersions = (objects: readonly SourcedObject[]): FilterVersions => {
  const versions = new Map<string, FilterVersion>()
  for (const { read } of objects) {
    if (read.state !== 'typed' || read.object.kind !== 'Filter' || !isUserKind(read.object.as)) continue
    const { content, failureMode, metadata } = read.object
    if (content?.kind !== 'user') continue
    const id = `${metadata.namespace}/${metadata.name}`
    const { hookMs, waitMs, isolation } = content.settings
    versions.set(versionKey(read.object), {
      inForce: {
        module: { digest: '', root: '', entry: content.module, files: {}, kind: read.object.as, stage: 'shape' },
        config: {},
        user: { id, module: '', version: '', failureMode, hookMs, waitMs, isolation },
      },
    })
  }
  return versions
}
