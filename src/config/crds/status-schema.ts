import type { JsonSchema } from '../../lib/schema.ts'
import type { StatusShape } from '../status/kube-status.ts'

const text = (description: string, limits: JsonSchema = {}): JsonSchema => ({ type: 'string', ...limits, description })

/** `metav1.Condition` */
const condition: JsonSchema = {
  type: 'object',
  properties: {
    type: text('What it is about.', { maxLength: 316 }),
    status: text('Whether it is so.', { enum: ['True', 'False', 'Unknown'] }),
    reason: text('Why, in one word for programs.', { minLength: 1, maxLength: 1024 }),
    message: text('Why, for people: which field, what was found, what was expected.', { maxLength: 32_768 }),
    lastTransitionTime: text('When the status last changed.', { format: 'date-time' }),
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      minimum: 0,
      description: 'The generation of the object that it is about.',
    },
  },
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
}

const conditions: JsonSchema = {
  type: 'array',
  items: condition,
  maxItems: 16,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
}

/** ParentReference of Gateway API. */
const reference: JsonSchema = {
  type: 'object',
  properties: {
    group: text('Of the API that it belongs to; empty for Services.'),
    kind: text('Service, Gateway, …'),
    namespace: text('Where it is.'),
    name: text('Its name.'),
    sectionName: text('The part of it that this is about.'),
    port: { type: 'integer', format: 'int32', description: 'The port that this is about.' },
  },
  required: ['name'],
}

const entries = (field: 'parentRef' | 'ancestorRef'): JsonSchema => ({
  type: 'array',
  maxItems: 16,
  items: {
    type: 'object',
    properties: {
      [field]: { ...reference, description: 'Whom the conditions are about.' },
      controllerName: text('Who wrote them.'),
      conditions: { ...conditions, description: 'What became of the object there.' },
    },
    required: [field, 'controllerName'],
  },
})

/** `status` of a kind whose conditions stand in that place; those that are about nobody stand beside them. */
export const statusSchema = (shape: StatusShape): JsonSchema => ({
  type: 'object',
  description: 'What became of it; written by the controller.',
  properties: {
    ...(shape === 'ancestors' ? { ancestors: { ...entries('ancestorRef'), description: 'One for each target.' } } : {}),
    ...(shape === 'parents' ? { parents: { ...entries('parentRef'), description: 'One for each parent.' } } : {}),
    conditions: { ...conditions, description: 'What became of the object as a whole.' },
  },
})
