import type { KubeCondition, KubeStatus } from '../../../../config/status/kube-status.ts'
import { kindApi } from '../../../../config/objects/kind-apis.ts'
import { listAt, textAt } from '../../../../controller/manifest.ts'
import { formatFault } from '../../../../lib/format-issue.ts'
import { isFault, type Condition } from '../../../../model/condition.ts'
import type { ObjectRef } from '../../../../model/model.ts'
import { nameOf } from '../../look/live.ts'
import { servedNamespaces } from '../../look/namespaces.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

type Code = 'FW0801' | 'FW0802' | 'FW0803' | 'FW0811'

export const conditionsCheck = defineCheck({
  name: 'conditions',
  section: 'rules',
  title: 'routes and policies are in force as they are written',
  needs: ['Gateway', 'Service', 'Namespace', 'HTTPRoute', 'AuthorizationPolicy'],
  codes: {
    FW0801: {
      level: 'error',
      title: 'A route or policy is not in force',
      cause:
        'A waypoint does not carry the object out, or closes what it is about: it cannot be accepted there, refers to something that is missing, or says what cannot be done. The message is that of its condition.',
      cure: 'Put right what the message names. fairway waypoint status shows all conditions.',
    },
    FW0802: {
      level: 'warning',
      title: 'A route or policy is in force in part',
      cause:
        'Part of the object has no effect: a rule that another one always comes before, connections that an older route has, a field that is not carried out.',
      cure: 'Put right what the message names, or take the part away.',
    },
    FW0803: {
      level: 'warning',
      title: 'Something of an object is not understood',
      cause:
        'An object of a kind that waypoints read has a field or a value that this version does not know. What is not understood is left out, or the object as a whole is.',
      cure: 'Correct the field that is named; if it is right, use a version that knows it.',
    },
    FW0811: {
      level: 'error',
      title: 'A rule that should refuse never matches',
      cause:
        'An AuthorizationPolicy denies, or has somebody asked, by a rule that nothing can match: what it was written against is let through. The message names the values that fit nothing, and why.',
      cure: 'Correct the values that the message names, or take the rule away.',
    },
  },
  run: (mesh) => {
    const findings: Finding<Code>[] = []
    const told = new Set<string>()
    for (const [key, status] of mesh.facts.statuses) {
      const [kind = '', namespace = '', name = ''] = key.split('/')
      if (kind === 'BackendTLSPolicy' && mesh.readings.get('ConfigMap')?.state === 'refused') continue
      const bad = faultsOf(status)
      if (bad.length === 0) continue
      told.add(key)
      const object = { kind, namespace, name }
      const isOut = bad.some(({ condition }) => isOff(condition))
      const message = bad
        .map(({ parent, condition }) => `${parent}${condition.reason}: ${condition.message}`)
        .join('; ')
      const isOpen = bad.some(({ condition }) => condition.reason === 'NeverMatches') && isRefusal(mesh, object)
      const code = isOut ? 'FW0801' : isOpen ? 'FW0811' : 'FW0802'
      findings.push({ code, object, message, next: commandFor(object) })
    }
    const issues = misread(mesh, told)
    return found([...findings, ...issues], `${mesh.facts.statuses.size} looked at`)
  },
})

/** What has come to its end as it was to is no fault of the object's. */
const isOff = ({ type, status, reason }: KubeCondition): boolean =>
  status !== 'True' && !inPart.has(type) && reason !== 'Expired'

const inPart: ReadonlySet<string> = new Set(['Conflicted', 'PartiallyInvalid', 'Shadowed', 'Bypassed', 'Healthy'])

/** Whether it is a policy that lets through what it does not match. */
const isRefusal = (mesh: Mesh, { kind, namespace, name }: ObjectRef): boolean =>
  kind === 'AuthorizationPolicy' &&
  ['DENY', 'CUSTOM'].includes(textAt(mesh.get(kind, namespace, name), 'spec', 'action'))

interface Fault {
  /** `Service api: `, or nothing. */
  readonly parent: string
  readonly condition: KubeCondition
}

const faultsOf = (status: KubeStatus): readonly Fault[] => {
  const entries = [
    ...(status.parents ?? []).map((one) => ({ ref: one.parentRef, conditions: one.conditions })),
    ...(status.ancestors ?? []).map((one) => ({ ref: one.ancestorRef, conditions: one.conditions })),
  ]
  const ofParents = entries.flatMap(({ ref, conditions }) =>
    conditions.filter(isBad).map((condition) => ({ parent: `${ref.kind} ${ref.name}: `, condition })),
  )
  return [...ofParents, ...(status.conditions ?? []).filter(isBad).map((condition) => ({ parent: '', condition }))]
}

// What a status has was made of conditions of these types.
const isBad = ({ type, status }: KubeCondition): boolean => isFault({ type: type as Condition['type'], status })

/** Whether it is a waypoint's business: others' Gateways and routes may be of versions that nobody here has to read. */
const isJudged = (mesh: Mesh, { kind, namespace, name }: ObjectRef): boolean => {
  const group = kindApi(kind)?.group ?? ''
  if (group === 'fairway.dev') return true
  const live = mesh.get(kind, namespace, name)
  if (kind === 'Gateway') {
    return mesh.facts.classes.some((one) => nameOf(one) === textAt(live, 'spec', 'gatewayClassName'))
  }
  // Gateways and others have grants of their own.
  if (kind === 'ReferenceGrant')
    return listAt(live, 'spec', 'from').some((ref) => textAt(ref, 'group').includes('fairway'))
  const parents = listAt(live, 'spec', 'parentRefs').map((ref) => textAt(ref, 'kind'))
  if (kind.endsWith('Route')) return parents.includes('Service') || parents.includes('ServiceEntry')
  const isShared = namespace === mesh.facts.options.rootNamespace
  return group.endsWith('.istio.io') && (isShared || servedNamespaces(mesh).has(namespace))
}

const misread = (mesh: Mesh, told: ReadonlySet<string>): readonly Finding<Code>[] =>
  mesh.facts.objects.flatMap(({ read }): readonly Finding<Code>[] => {
    const { ref, issues, state } = read
    if (ref === undefined || issues.length === 0 || state === 'unsupported' || !isJudged(mesh, ref)) return []
    if (told.has(`${ref.kind}/${ref.namespace}/${ref.name}`)) return []
    const [first] = issues
    if (first === undefined) return []
    const more = issues.length > 1 ? `; ${issues.length - 1} more` : ''
    const message = `${first.path ?? ''}: ${formatFault(first)}${more}${state === 'broken' ? '; it is left out as a whole' : ''}`
    return [{ code: 'FW0803', object: ref, message, next: commandFor(ref) }]
  })

const commandFor = ({ kind, namespace, name }: ObjectRef): string =>
  `kubectl get ${kind.toLowerCase()} ${name}${namespace === '' ? '' : ` -n ${namespace}`} -o yaml`
