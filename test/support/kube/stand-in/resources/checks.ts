/** What the API server refuses in Kubernetes' own kinds, where it matters to a waypoint or its controller. */
import { BlockList } from 'node:net'
import type { Mistake } from '../failure.ts'
import { isObject, isSameJson, listAt, objectAt, textAt, valueAt, type JsonObject } from '../json.ts'
import { checkSchema } from './schema.ts'

const required = (field: string): Mistake => ({ field, reason: 'FieldValueRequired', message: 'Required value' })

const immutable = (field: string, value: unknown): Mistake => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: field is immutable`,
})

export const checkService = (object: JsonObject, before: JsonObject | undefined): readonly Mistake[] => {
  const mistakes: Mistake[] = []
  const isHeadless = textAt(object, 'spec', 'clusterIP') === 'None' || textAt(object, 'spec', 'type') === 'ExternalName'
  if (listAt(object, 'spec', 'ports').length === 0 && !isHeadless) mistakes.push(required('spec.ports'))
  const old = listAt(before, 'spec', 'clusterIPs')
  const now = listAt(object, 'spec', 'clusterIPs')
  if (old.length > 0 && !isSameJson(old[0], now[0])) {
    mistakes.push({
      field: 'spec.clusterIPs[0]',
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(now)}: may not change once set`,
    })
  }
  return mistakes
}

export const checkDeployment = (object: JsonObject, before: JsonObject | undefined): readonly Mistake[] => {
  const mistakes: Mistake[] = []
  const selector = valueAt(object, 'spec', 'selector')
  const wanted = objectAt(object, 'spec', 'selector', 'matchLabels')
  const labels = objectAt(object, 'spec', 'template', 'metadata', 'labels')
  if (selector === undefined) mistakes.push(required('spec.selector'))
  if (!Object.entries(wanted).every(([name, value]) => labels[name] === value)) {
    mistakes.push({
      field: 'spec.template.metadata.labels',
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
    })
  }
  if (listAt(object, 'spec', 'template', 'spec', 'containers').length === 0) {
    mistakes.push(required('spec.template.spec.containers'))
  }
  if (before !== undefined && !isSameJson(selector, valueAt(before, 'spec', 'selector'))) {
    mistakes.push(immutable('spec.selector', selector))
  }
  return mistakes
}

const notForEndpoints: readonly { readonly what: string; readonly list: BlockList }[] = [
  ['may not be in the loopback range (127.0.0.0/8, ::1/128)', ['127.0.0.0', 8], ['::1', 128]] as const,
  ['may not be in the link-local range (169.254.0.0/16, fe80::/10)', ['169.254.0.0', 16], ['fe80::', 10]] as const,
].map(([what, [v4, v4Bits], [v6, v6Bits]]) => {
  const list = new BlockList()
  list.addSubnet(v4, v4Bits, 'ipv4')
  list.addSubnet(v6, v6Bits, 'ipv6')
  return { what, list }
})

export const checkEndpointSlice = (object: JsonObject, before: JsonObject | undefined): readonly Mistake[] => {
  const type = textAt(object, 'addressType')
  const mistakes: Mistake[] = type === '' ? [required('addressType')] : []
  if (before !== undefined && textAt(before, 'addressType') !== type) mistakes.push(immutable('addressType', type))
  for (const [index, endpoint] of listAt(object, 'endpoints').entries()) {
    for (const [at, address] of listAt(endpoint, 'addresses').entries()) {
      const family = type === 'IPv6' ? 'ipv6' : 'ipv4'
      const bad = notForEndpoints.find(({ list }) => typeof address === 'string' && list.check(address, family))
      if (bad === undefined) continue
      mistakes.push({
        field: `endpoints[${index}].addresses[${at}]`,
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(address)}: ${bad.what}`,
      })
    }
  }
  return mistakes
}

/** Defaults have to be values of what they are defaults of. */
export const checkDefinition = (object: JsonObject): readonly Mistake[] =>
  listAt(object, 'spec', 'versions').flatMap((version) =>
    checkDefaults(objectAt(version, 'schema', 'openAPIV3Schema'), 'spec.validation.openAPIV3Schema'),
  )

const checkDefaults = (schema: JsonObject, field: string): readonly Mistake[] => {
  const { default: value, items } = schema
  const own =
    value === undefined
      ? []
      : checkSchema(value, schema, '').map((mistake) => ({ ...mistake, field: `${field}.default` }))
  const properties = Object.entries(objectAt(schema, 'properties')).flatMap(([name, property]) =>
    isObject(property) ? checkDefaults(property, `${field}.properties[${name}]`) : [],
  )
  return [...own, ...properties, ...(isObject(items) ? checkDefaults(items, `${field}.items`) : [])]
}
