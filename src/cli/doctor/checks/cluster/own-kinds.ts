import { createOurCrds } from '../../../../config/crds/our-crds.ts'
import { listAt, textAt, valueAt } from '../../../../controller/manifest.ts'
import { isPlainObject } from '../../../../lib/schema.ts'
import { someOf } from '../../look/some-of.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

export const ownKindsCheck = defineCheck({
  name: 'own-kinds',
  section: 'cluster',
  title: 'Fairway’s own kinds are installed, as new as this program',
  needs: [],
  codes: {
    FW0106: {
      level: 'warning',
      title: 'Kinds of Fairway are not installed',
      cause:
        'The definition of a kind of the group fairway.dev is missing. Objects of it cannot be made, and the controller and waypoints go on without the kind.',
      cure: 'Apply the definitions of the chart, charts/fairway/crds; Helm installs them once and never upgrades them.',
    },
    FW0107: {
      level: 'warning',
      title: 'Kinds of Fairway are older than this program',
      cause:
        'The definition that is installed lacks fields that this version has. The API server drops such fields from objects without a word, so that what they ask for is not carried out.',
      cure: 'Apply the definitions of the chart of this version, charts/fairway/crds; Helm does not upgrade them.',
    },
    FW0108: {
      level: 'info',
      title: 'Kinds of Fairway are newer than this program',
      cause: 'The definition that is installed has fields that this program does not know.',
      cure: 'Use the version of this program that the cluster runs.',
    },
  },
  run: (mesh) => {
    const next = 'kubectl apply --server-side -f charts/fairway/crds'
    const findings = createOurCrds().flatMap((ours): readonly Finding<'FW0106' | 'FW0107' | 'FW0108'>[] => {
      const name = textAt(ours, 'metadata', 'name')
      const kind = textAt(ours, 'spec', 'names', 'kind')
      const object = { kind: 'CustomResourceDefinition', namespace: '', name }
      if (mesh.served.get(`${kind}.fairway.dev`) === undefined) {
        return [{ code: 'FW0106', object, message: `${kind} is not installed`, next }]
      }
      const theirs = mesh.get('CustomResourceDefinition', '', name)
      if (theirs === undefined) return []
      const [wanted, there] = [fieldsOf(ours), fieldsOf(theirs)]
      const lacking = [...wanted.difference(there)]
      const further = [...there.difference(wanted)]
      if (lacking.length > 0) {
        return [{ code: 'FW0107', object, message: `the definition of ${kind} lacks ${someOf(lacking)}`, next }]
      }
      return further.length === 0
        ? []
        : [{ code: 'FW0108', object, message: `the definition of ${kind} also has ${someOf(further)}` }]
    })
    return found(findings)
  },
})

/** Every field of every version that is served, by its path: `v1alpha1 spec.rules[].limit`. */
const fieldsOf = (definition: unknown): ReadonlySet<string> => {
  const fields = new Set<string>()
  const visit = (schema: unknown, path: string): void => {
    const properties = valueAt(schema, 'properties')
    if (isPlainObject(properties)) {
      for (const [name, field] of Object.entries(properties)) {
        const at = `${path}.${name}`
        fields.add(at)
        visit(field, at)
      }
    }
    const items = valueAt(schema, 'items')
    if (items !== undefined) visit(items, `${path}[]`)
    const values = valueAt(schema, 'additionalProperties')
    if (isPlainObject(values)) visit(values, `${path}.*`)
  }
  for (const version of listAt(definition, 'spec', 'versions')) {
    if (valueAt(version, 'served') !== true) continue
    visit(valueAt(version, 'schema', 'openAPIV3Schema', 'properties', 'spec'), `${textAt(version, 'name')} spec`)
  }
  return fields
}
