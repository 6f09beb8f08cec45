import { dirname, resolve as resolvePath } from 'node:path'
import type { Decoded, Issue } from '../../lib/decoded.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import * as s from '../../lib/schema.ts'
import { readText } from './fresh-file.ts'

const text = s.optional(s.string())
const secret = s.optional(s.string({ secret: true }))
const lax = { unknownFields: 'ignore' } as const

const cluster = s.object(
  {
    server: s.string({ minLength: 1 }),
    'certificate-authority': text,
    'certificate-authority-data': text,
    'insecure-skip-tls-verify': s.withDefault(s.boolean(), false),
    'tls-server-name': text,
    'proxy-url': text,
  },
  lax,
)

const exec = s.object(
  {
    apiVersion: s.string(),
    command: s.string({ minLength: 1 }),
    args: s.withDefault(s.array(s.string()), []),
    env: s.withDefault(s.array(s.object({ name: s.string(), value: s.string({ secret: true }) }, lax)), []),
    installHint: text,
    provideClusterInfo: s.withDefault(s.boolean(), false),
    interactiveMode: text,
  },
  lax,
)

const user = s.object(
  {
    'client-certificate': text,
    'client-certificate-data': text,
    'client-key': text,
    'client-key-data': secret,
    token: secret,
    tokenFile: text,
    username: text,
    password: secret,
    exec: s.optional(exec),
    'auth-provider': s.optional(s.anything()),
    as: text,
    'as-groups': s.optional(s.array(s.string())),
    'as-uid': text,
    'as-user-extra': s.optional(s.anything()),
  },
  lax,
)

const context = s.object({ cluster: s.string(), user: s.withDefault(s.string(), ''), namespace: text }, lax)

/** The parts of a kubeconfig that one context means. */
export interface KubeconfigContext {
  readonly name: string
  readonly namespace: string
  readonly cluster: Placed<typeof cluster>
  readonly user: Placed<typeof user>
}

export type ExecConfig = s.ValueOf<typeof exec>

/** An entry, and the folder that its paths count from. */
interface Placed<S> {
  readonly value: s.ValueOf<S>
  readonly folder: string
}

/** A context, or what is wrong with the files. */
export type KubeconfigResult =
  | { readonly ok: true; readonly context: KubeconfigContext }
  | { readonly ok: false; readonly message: string }

/** An entry as it was written, and where. */
interface Entry {
  readonly value: unknown
  readonly file: string
}

interface Merged {
  readonly sections: Readonly<Record<Section, ReadonlyMap<string, Entry>>>
  readonly current: string | undefined
}

type Section = 'clusters' | 'users' | 'contexts'
const fieldOf = { clusters: 'cluster', users: 'user', contexts: 'context' } as const

/**
 * Reads kubeconfig files as kubectl does: of several the first that says something wins, and paths count from the file
 * that they stand in. `contextName` wins over `current-context`. Only what the context means is looked at closer.
 */
export const readKubeconfig = async (
  files: readonly string[],
  contextName: string | undefined,
): Promise<KubeconfigResult> => {
  const merged = await readMerged(files)
  return merged.ok ? chooseContext(merged.value, contextName, files) : merged
}

/** The names of all contexts of some kubeconfig files; none when they cannot be read. */
export const readContexts = async (files: readonly string[]): Promise<readonly string[]> => {
  const merged = await readMerged(files)
  return merged.ok ? [...merged.value.sections.contexts.keys()] : []
}

type MergedResult = { readonly ok: true; readonly value: Merged } | { readonly ok: false; readonly message: string }

const readMerged = async (files: readonly string[]): Promise<MergedResult> => {
  const texts = await Promise.all(files.map(async (file) => ({ file, ...(await readText(file)) })))
  const found = texts.flatMap((read) => (read.ok ? [read] : []))
  const [unread] = texts.flatMap((read) => (read.ok ? [] : [read.message]))
  // Of a list not every file has to be there.
  if (found.length === 0) return { ok: false, message: unread ?? 'no kubeconfig is named' }
  const documents: { readonly file: string; readonly value: unknown }[] = []
  for (const { file, text: written } of found) {
    try {
      documents.push({ file, value: await parseText(written) })
    } catch (error) {
      // The parser quotes lines of what it could not read, and there are keys in it.
      const [what = ''] = error instanceof Error ? error.message.split(/ at line|:/) : []
      return { ok: false, message: `${file} is no YAML: ${what}` }
    }
  }
  return { ok: true, value: merge(documents) }
}

/** JSON is YAML, and needs no parser of its own. */
const parseText = async (written: string): Promise<unknown> => {
  try {
    return JSON.parse(written)
  } catch {
    const { parse } = await import('yaml')
    return parse(written)
  }
}

const merge = (documents: readonly Entry[]): Merged => {
  const sections: Record<Section, Map<string, Entry>> = { clusters: new Map(), users: new Map(), contexts: new Map() }
  let current: string | undefined
  for (const { file, value } of documents) {
    if (!s.isPlainObject(value)) continue
    const written = value['current-context']
    if (current === undefined && typeof written === 'string' && written !== '') current = written
    for (const section of ['clusters', 'users', 'contexts'] as const) {
      const list = value[section]
      for (const entry of Array.isArray(list) ? list : []) {
        if (!s.isPlainObject(entry) || typeof entry['name'] !== 'string') continue
        const known = sections[section]
        if (!known.has(entry['name'])) known.set(entry['name'], { value: entry[fieldOf[section]], file })
      }
    }
  }
  return { sections, current }
}

const chooseContext = (
  { sections, current }: Merged,
  contextName: string | undefined,
  files: readonly string[],
): KubeconfigResult => {
  const name = contextName ?? current
  const names = [...sections.contexts.keys()].join(', ') || 'none'
  if (name === undefined) {
    return {
      ok: false,
      message: `${files.join(', ')}: no current-context: name one with --context (there are: ${names})`,
    }
  }
  const find = <T>(section: Section, key: string, schema: s.Schema<T>): Found<T> => {
    const entry = sections[section].get(key)
    if (entry === undefined) {
      const message = `${files.join(', ')}: there is no ${fieldOf[section]} ${JSON.stringify(key)}`
      return { ok: false, message: section === 'contexts' ? `${message} (there are: ${names})` : message }
    }
    const decoded = schema.decode(entry.value ?? {}, `${section}[${key}].${fieldOf[section]}`)
    if (!decoded.ok) return { ok: false, message: `${entry.file}: ${formatFirst(decoded)}` }
    return { ok: true, value: decoded.value, folder: dirname(resolvePath(entry.file)) }
  }
  const chosen = find('contexts', name, context)
  if (!chosen.ok) return chosen
  const ofCluster = find('clusters', chosen.value.cluster, cluster)
  if (!ofCluster.ok) return ofCluster
  // Without a user one is anonymous, as with kubectl.
  const ofUser: Found<s.ValueOf<typeof user>> =
    chosen.value.user === '' ? { ok: true, value: {}, folder: '' } : find('users', chosen.value.user, user)
  if (!ofUser.ok) return ofUser
  const { namespace = 'default' } = chosen.value
  return { ok: true, context: { name, namespace, cluster: ofCluster, user: ofUser } }
}

type Found<T> =
  | { readonly ok: true; readonly value: T; readonly folder: string }
  | { readonly ok: false; readonly message: string }

const formatFirst = (decoded: Decoded<unknown>): string => {
  const [first]: readonly Issue[] = decoded.ok ? [] : decoded.issues
  return first === undefined ? '' : formatIssue(first)
}
