/**
 * The CustomResourceDefinitions of our own kinds, made from the schemas that read them. A kind that gets an entry here
 * gets its file in charts/fairway/crds/ by `npm run generate`.
 */
import type { JsonSchema } from '../../lib/schema.ts'
import { backendPolicyJson } from '../objects/backend-policy/backend-policy.ts'
import { createCrd, type CrdSource } from './create-crd.ts'

const sources: readonly CrdSource[] = [
  {
    kind: 'BackendPolicy',
    plural: 'backendpolicies',
    policy: 'Direct',
    description:
      'Says how the endpoints of Services are chosen, watched and spared. All parts are optional; a Service without a policy has the defaults.',
    spec: backendPolicyJson,
    columns: [
      { name: 'Target', type: 'string', jsonPath: '.spec.targetRefs[*].name', description: 'Whom it is about.' },
      { name: 'Algorithm', type: 'string', jsonPath: '.spec.loadBalancing.algorithm', description: 'Who is next.' },
      { name: 'Max requests', type: 'integer', jsonPath: '.spec.limits.maxRequests', priority: 1 },
    ],
  },
]

/** Each of them, ready to be applied. */
export const createOurCrds = (): readonly JsonSchema[] => sources.map(createCrd)
