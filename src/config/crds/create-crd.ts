import type { JsonSchema } from '../../lib/schema.ts'
import { kindApi } from '../objects/kind-apis.ts'
import { statusShapeOf } from '../status/kube-status.ts'
import { statusSchema } from './status-schema.ts'
import { structuralSchema } from './structural-schema.ts'

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  /** From the object's root: `.spec.module`. */
  readonly jsonPath: string
  readonly description?: string
  /** Above 0: only with `-o wide`. */
  readonly priority?: number
}

/** What a kind of ours is, beside its API in `kindApis`. */
export interface CrdSource {
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  /** How its targets get it (GEP-713), for kinds that are policies. */
  readonly policy?: 'Direct' | 'Inherited'
  /** What the kind is for, one or two sentences. */
  readonly description: string
  readonly spec: JsonSchema
  readonly columns: readonly PrinterColumn[]
}

/** The CustomResourceDefinition of a kind, as it is applied to a cluster. */
export const createCrd = (source: CrdSource): JsonSchema => {
  const { kind, plural, shortNames, policy } = source
  const api = kindApi(kind)
  if (api === undefined) throw new Error(`${kind} has no API`)
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${api.group}`,
      ...(policy === undefined ? {} : { labels: { 'gateway.networking.k8s.io/policy': policy } }),
    },
    spec: {
      group: api.group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortNames === undefined ? {} : { shortNames }),
        categories: ['fairway'],
      },
      versions: api.versions.map((name, index) => createVersion(source, name, index === 0)),
    },
  }
}

const createVersion = ({ kind, description, spec, columns }: CrdSource, name: string, storage: boolean): JsonSchema => {
  const shape = statusShapeOf(kind)
  const conditions = shape === 'conditions' ? '.status.conditions' : `.status.${shape}[0].conditions`
  return {
    name,
    served: true,
    storage,
    subresources: { status: {} },
    additionalPrinterColumns: [
      ...columns,
      {
        name: 'Accepted',
        type: 'string',
        jsonPath: `${conditions}[?(@.type=="Accepted")].status`,
        description: 'Whether it is carried out.',
      },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description,
        properties: {
          spec: structuralSchema(spec),
          status: statusSchema(shape),
        },
        required: ['spec'],
      },
    },
  }
}
