/** Names that a cluster has, for completion: quick or not at all. */
import { resolve as resolvePath } from 'node:path'
import { kubeResources, type KubeResource } from '../../kube/resources.ts'
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../lib/clock.ts'
import { openKube } from '../kube-flags.ts'
import type { Terminal } from '../verb.ts'
import type { Given } from './command-line.ts'
import type { Candidate, LiveKind } from './candidate.ts'

/** Who types waits no longer than this. */
const DEADLINE_MS = 1500
/** More than anybody reads. */
const MAX_NAMES = 500

/**
 * Asks the cluster that the flags on the line mean (`given`). Gives what it has learnt within a second and a half, and
 * nothing where there is no cluster, no right, or no answer.
 */
export const findLiveNames = async (
  kind: LiveKind,
  given: Given,
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
): Promise<readonly Candidate[]> => {
  // A shell that is asked for completion has not put the home folder there yet.
  const kubeconfig = given['kubeconfig']?.at(-1)?.replace(/^~(?=\/)/, env['HOME'] ?? '~')
  if (kind === 'context') {
    const { readContextNames } = await import('../../kube/connect.ts')
    const file = kubeconfig === undefined ? undefined : resolvePath(cwd, kubeconfig)
    return (await readContextNames({ kubeconfig: file, env })).map((value) => ({ value }))
  }
  const late = Promise.withResolvers<readonly Candidate[]>()
  const cancel = systemClock.after(DEADLINE_MS, () => late.resolve([]))
  const client = await openKube({ kubeconfig, context: given['context']?.at(-1) }, { cwd, env })
  try {
    // A program that gives credentials may take a minute, and knows of no signal.
    return await Promise.race([askNames(client, kind, given), late.promise])
  } finally {
    cancel()
    client.close()
  }
}

const askNames = async (
  client: KubeClient,
  kind: Exclude<LiveKind, 'context'>,
  given: Given,
): Promise<readonly Candidate[]> => {
  if (kind === 'namespace') {
    return (await listNames(client, kubeResources.Namespace, undefined)).map(({ name }) => ({ value: name }))
  }
  const namespace = given['namespace']?.at(-1) ?? client.connection.namespace
  const isAnywhere = kind === 'gateway-of-any-namespace' || given['all-namespaces'] !== undefined
  const gateways = await listNames(client, kubeResources.Gateway, isAnywhere ? undefined : namespace)
  return gateways.map(({ name, namespace: of = '', about }) => ({
    value: kind === 'gateway-of-any-namespace' ? `${of}/${name}` : name,
    about,
  }))
}

interface Named {
  readonly name: string
  readonly namespace: string | undefined
  readonly about: string
}

const listNames = async (
  client: KubeClient,
  resource: KubeResource,
  namespace: string | undefined,
): Promise<readonly Named[]> => {
  const names: Named[] = []
  const enough = new AbortController()
  await client.list(resource, {
    namespace,
    // Names that are a moment old are better than waiting for the newest.
    notOlderThan: '0',
    onItem: ({ metadata, spec }) => {
      names.push({ name: metadata.name, namespace: metadata.namespace, about: classOf(spec) })
      if (names.length >= MAX_NAMES) enough.abort()
    },
    signal: AbortSignal.any([enough.signal, AbortSignal.timeout(DEADLINE_MS)]),
  })
  // What came before it failed is true as well.
  return names
}

const classOf = (spec: unknown): string =>
  typeof spec === 'object' && spec !== null && 'gatewayClassName' in spec ? String(spec.gatewayClassName) : ''
