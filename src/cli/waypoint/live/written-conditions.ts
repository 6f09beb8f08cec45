/** What the controller wrote into the status of an object, as the conditions that it came from. */
import { CONTROLLER_NAME, statusShapeOf } from '../../../config/status/kube-status.ts'
import { listAt, textAt, textsAt, valueAt } from '../../../controller/manifest.ts'
import type { KubeJson } from '../../../kube/client.ts'
import type { Condition, ParentReference } from '../../../model/condition.ts'
import type { ObjectRef } from '../../../model/model.ts'
import { conditionsIn } from './gateway-api.ts'

/** Types of ours; those of others say something about others. */
const known = [
  'Accepted',
  'ResolvedRefs',
  'Programmed',
  'Conflicted',
  'PartiallyInvalid',
  'Shadowed',
  'Healthy',
  'Bypassed',
] as const

/** All that our controller says of an object; what it said of an older one is not known any more. */
export const writtenConditions = (kind: string, object: KubeJson): readonly Condition[] => {
  const { namespace = '', name, generation } = object.metadata
  const about: About = { object: { kind, namespace, name }, generation }
  const { status } = object
  if (statusShapeOf(kind) === 'conditions') return readConditions(status, about)
  const entries = [...listAt(status, 'parents'), ...listAt(status, 'ancestors')]
  return [
    ...entries
      .filter((entry) => textAt(entry, 'controllerName') === CONTROLLER_NAME)
      .flatMap((entry) => readConditions(entry, { ...about, parentRef: readRef(entry) })),
    ...readConditions(status, about),
  ]
}

interface About {
  readonly object: ObjectRef
  readonly generation: number | undefined
  readonly parentRef?: ParentReference
}

const readConditions = (owner: unknown, { object, generation, parentRef }: About): readonly Condition[] =>
  conditionsIn(owner).flatMap((said): readonly Condition[] => {
    const type = known.find((one) => one === said.type)
    if (type === undefined) return []
    const parent = parentRef === undefined ? {} : { parent: formatParent(parentRef, object), parentRef }
    const isOld =
      generation !== undefined && said.observedGeneration !== undefined && said.observedGeneration < generation
    if (isOld) {
      const message = `said of generation ${said.observedGeneration}, it is ${generation} now: is the controller running? (${said.message})`
      return [{ object, ...parent, type, status: 'Unknown', reason: 'Pending', message }]
    }
    const status = said.status === 'True' || said.status === 'False' ? said.status : 'Unknown'
    return [{ object, ...parent, type, status, reason: said.reason, message: said.message }]
  })

const readRef = (entry: unknown): ParentReference => {
  const ref = valueAt(entry, 'parentRef') ?? valueAt(entry, 'ancestorRef')
  const { namespace, sectionName } = textsAt(ref)
  const port = valueAt(ref, 'port')
  return {
    group: textAt(ref, 'group'),
    kind: textAt(ref, 'kind'),
    name: textAt(ref, 'name'),
    ...(namespace === undefined ? {} : { namespace }),
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(typeof port === 'number' ? { port } : {}),
  }
}

const formatParent = ({ kind, namespace, name, port }: ParentReference, of: ObjectRef): string =>
  `${kind} ${namespace ?? of.namespace}/${name}${port === undefined ? '' : `:${port}`}`
