/** The definitions of our kinds, and how a cluster comes to have them. */
import { createOurCrds } from '../../config/crds/our-crds.ts'
import type { KubeClient, KubeJson } from '../../kube/client.ts'
import { kubeResources } from '../../kube/resources.ts'
import { isEqual } from '../../lib/is-equal.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { demand, demandOrNone } from '../cluster/api-error.ts'

/** All of them, by name. */
export const readDefinitions = (): readonly KubeJson[] =>
  createOurCrds()
    .map((crd): KubeJson => {
      const metadata = isPlainObject(crd['metadata']) ? crd['metadata'] : {}
      return { ...crd, metadata: { ...metadata, name: String(metadata['name']) } }
    })
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** What became of a definition. */
export type Outcome = 'created' | 'changed' | 'unchanged'

export interface PutOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update'>
  /** Nothing is kept, but all is checked. */
  readonly isDryRun: boolean
}

/** Somebody else may write at the same time; so often it is looked at again. */
const MAX_TRIES = 4

const resource = kubeResources.CustomResourceDefinition
const fieldManager = 'fairway-crds'

/**
 * Makes the cluster's definition what ours is. It is replaced as a whole, and not merged: fields that were ours in an
 * older version go, whoever installed it. Labels and annotations of others stay. Throws `CliError`.
 */
export const putDefinition = async (ours: KubeJson, { client, isDryRun }: PutOptions, tries = 1): Promise<Outcome> => {
  const { name } = ours.metadata
  const there = demandOrNone(await client.get(resource, { name }), `read CustomResourceDefinition ${name}`)
  if (there === undefined) {
    const created = await client.create(resource, ours, { fieldManager, isDryRun })
    if (!created.ok && created.failure.reason === 'AlreadyExists' && tries < MAX_TRIES) {
      return putDefinition(ours, { client, isDryRun }, tries + 1)
    }
    demand(created, `create CustomResourceDefinition ${name}`)
    return 'created'
  }
  const updated = await client.update(resource, withOurs(there, ours), { fieldManager, isDryRun })
  if (!updated.ok && ['Conflict', 'NotFound'].includes(updated.failure.reason) && tries < MAX_TRIES) {
    return putDefinition(ours, { client, isDryRun }, tries + 1)
  }
  const after = demand(updated, `change CustomResourceDefinition ${name}`)
  return isEqual(shownOf(after), shownOf(there)) ? 'unchanged' : 'changed'
}

const withOurs = (there: KubeJson, ours: KubeJson): KubeJson => ({
  ...ours,
  metadata: {
    ...there.metadata,
    labels: { ...there.metadata.labels, ...ours.metadata.labels },
  },
})

/** What somebody would call a change. */
const shownOf = ({ spec, metadata: { labels, annotations } }: KubeJson): object => ({
  spec,
  labels: labels ?? {},
  annotations: annotations ?? {},
})
