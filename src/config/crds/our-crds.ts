/**
 * The CustomResourceDefinitions of our own kinds, made from the schemas that read them. A kind that gets an entry here
 * gets its file in charts/fairway/crds/ by `npm run generate`.
 */
import { objectFilters } from '../../../filters/object-filters.ts'
import type { JsonSchema } from '../../lib/schema.ts'
import { backendPolicyJson } from '../objects/backend-policy/backend-policy.ts'
import { appJson } from '../objects/filter/app-object.ts'
import { builtInFilterJson } from '../objects/filter/built-in-filter.ts'
import { filterJson } from '../objects/filter/filter-object.ts'
import { mirrorComparisonJson } from '../objects/mirror-comparison.ts'
import { createCrd, type CrdSource } from './create-crd.ts'

const userColumns: CrdSource['columns'] = [
  { name: 'Module', type: 'string', jsonPath: '.spec.module', description: 'The file that the code begins in.' },
  {
    name: 'In force',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Programmed")].status',
    description: 'Whether it is in force as it is written.',
  },
  {
    name: 'Healthy',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Healthy")].status',
    description: 'False: it failed too often, and is not called for a while.',
  },
  { name: 'Target', type: 'string', jsonPath: '.spec.targetRefs[*].name', priority: 1 },
  { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Programmed")].message', priority: 1 },
]

const sources: readonly CrdSource[] = [
  {
    kind: 'App',
    plural: 'apps',
    policy: 'Direct',
    description:
      'A plugin of Fastify that answers requests in the waypoint: a module below the folder of --filters, what it is told, and what it acts on. What it has no route for goes on.',
    spec: appJson,
    columns: userColumns,
  },
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
  {
    kind: 'Filter',
    plural: 'filters',
    policy: 'Direct',
    description:
      'Code of yours that sees requests and responses: a module below the folder of --filters, what it is told, and what it acts on. A version is put in force when it has been tried.',
    spec: filterJson,
    columns: userColumns,
  },
  {
    kind: 'MirrorComparison',
    plural: 'mirrorcomparisons',
    policy: 'Direct',
    description:
      'Compares what mirrors answer with what the primary answers, and tells the differences that are no noise. Clients notice nothing.',
    spec: mirrorComparisonJson,
    columns: [
      { name: 'Target', type: 'string', jsonPath: '.spec.targetRefs[*].name', description: 'Whose mirrors.' },
      {
        name: 'In force',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Programmed")].status',
        description: 'Whether answers are compared.',
      },
    ],
  },
  ...objectFilters.map(({ definition, plural, description }): CrdSource => ({
    kind: definition.kind,
    plural,
    policy: 'Direct',
    description,
    spec: builtInFilterJson(definition),
    columns: [
      { name: 'Target', type: 'string', jsonPath: '.spec.targetRefs[*].name', description: 'What it acts on.' },
    ],
  })),
]

/** Each of them, ready to be applied. */
export const createOurCrds = (): readonly JsonSchema[] => sources.map(createCrd)
