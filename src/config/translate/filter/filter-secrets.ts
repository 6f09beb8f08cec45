import type { Issue } from '../../../lib/decoded.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import type { FilterObject } from '../../objects/filter/filter-object.ts'
import { credentialTypes } from '../../objects/secret-credentials.ts'
import type { SecretObject } from '../../objects/secret.ts'
import type { Catalog, Entry } from '../catalog.ts'

type Filters = Catalog['filters']

/** What a filter has come to with its Secrets, and with which. */
interface Known {
  readonly secrets: readonly (SecretObject | undefined)[]
  readonly object: FilterObject
}

/**
 * Makes the step that puts hashes in the place of `secretRefs`, which filters that know clients have. What cannot be found
 * is a defect of the filter, which closes what it is for. The same objects come to the same, as long as nothing of them
 * changed.
 */
export const createFilterSecrets = (): ((catalog: Pick<Catalog, 'filters' | 'secrets'>) => Filters) => {
  const known = new WeakMap<FilterObject, Known>()
  return ({ filters, secrets }) => {
    let changed: Map<string, Entry<FilterObject>> | undefined
    for (const [key, { object, source }] of filters) {
      const names = secretNames(object)
      if (names.length === 0) continue
      const found = names.map((name) => secrets.get(`${object.metadata.namespace}/${name}`))
      const before = known.get(object)
      const isSame = before?.secrets.every((secret, i) => secret === found[i]) === true
      const resolved = isSame ? before : { secrets: found, object: resolve(object, names, found) }
      known.set(object, resolved)
      changed ??= new Map(filters)
      changed.set(key, { object: resolved.object, source })
    }
    return changed ?? filters
  }
}

/** Whose filters have the field: the kinds that know of a type of Secret. */
const typeOf = (kind: string): string | undefined =>
  kind === 'ApiKey' || kind === 'BasicAuth' ? credentialTypes[kind] : undefined

const secretNames = ({ as, content }: FilterObject): readonly string[] => {
  if (content?.kind !== 'built-in' || typeOf(as) === undefined || !isPlainObject(content.config)) return []
  const refs = content.config['secretRefs']
  if (!Array.isArray(refs)) return []
  return refs.map((ref: unknown) => (isPlainObject(ref) && typeof ref['name'] === 'string' ? ref['name'] : ''))
}

const resolve = (
  object: FilterObject,
  names: readonly string[],
  secrets: readonly (SecretObject | undefined)[],
): FilterObject => {
  const defects = secrets.flatMap((secret, i) => faultOf(secret, names[i] ?? '', object, `spec.secretRefs[${i}].name`))
  if (defects.length > 0) return { ...object, content: undefined, defects }
  const { content } = object
  if (content?.kind !== 'built-in') return object
  const config = isPlainObject(content.config) ? content.config : {}
  const written: unknown = config['credentials']
  const credentials: readonly unknown[] = Array.isArray(written) ? written : []
  const more = secrets.flatMap((secret) => secret?.credentials ?? [])
  return { ...object, content: { ...content, config: { ...config, credentials: [...credentials, ...more] } } }
}

const faultOf = (
  secret: SecretObject | undefined,
  name: string,
  { as, metadata }: FilterObject,
  path: string,
): readonly Issue[] => {
  const type = typeOf(as) ?? ''
  if (secret === undefined) {
    const message = `there is no Secret ${metadata.namespace}/${name}`
    return [{ message, path, found: name, expected: `a Secret of type ${type} in its namespace` }]
  }
  if (secret.type !== type) {
    return [{ message: 'a Secret of another type', path, found: secret.type, expected: `a Secret of type ${type}` }]
  }
  const bad = as === 'BasicAuth' ? secret.credentials?.find(({ hash }) => !PASSWORD_HASH.test(hash)) : undefined
  if (bad === undefined && secret.credentials?.length !== 0) return []
  const found = bad === undefined ? 'nobody' : `another hash of ${bad.client}`
  return [{ message: `Secret ${name} has what cannot be used`, path, found, expected: EXPECTED[as] ?? '' }]
}

/** As the schema of BasicAuth has it. */
const PASSWORD_HASH = /^\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]+={0,2}$/

const EXPECTED: Readonly<Record<string, string>> = {
  ApiKey: 'a client as the name of each entry, and its key',
  BasicAuth: 'lines USER:{SHA}HASH, as htpasswd -s writes them, or {SSHA256}, {SSHA512}',
}
