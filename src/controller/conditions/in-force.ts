import type { Condition } from '../../model/condition.ts'
import { keyOfRef } from './gather-conditions.ts'

/** What one Gateway of ours comes to, and whether anybody carries it out. */
export interface SaidByGateway {
  /** `NAMESPACE/NAME` */
  readonly gateway: string
  readonly conditions: readonly Condition[]
  /** Whether a replica is ready. */
  readonly isServed: boolean
}

/**
 * What all Gateways say, where nothing is in force by a Gateway that has no replica: it says nothing of what is in force
 * elsewhere, and of the rest that it will be when there is one (Programmed is False, `NoResources`, as on the Gateway).
 */
export const conditionsInForce = (all: readonly SaidByGateway[]): readonly Condition[] => {
  const served = new Set(
    all.flatMap(({ conditions, isServed }) =>
      isServed ? conditions.filter(isProgrammed).map(({ object }) => keyOfRef(object)) : [],
    ),
  )
  return all.flatMap(({ gateway, conditions, isServed }) =>
    isServed
      ? conditions
      : conditions.flatMap((one) => {
          if (!isProgrammed(one)) return [one]
          return served.has(keyOfRef(one.object)) ? [] : [withoutReplicas(one, gateway)]
        }),
  )
}

const isProgrammed = ({ type, status }: Condition): boolean => type === 'Programmed' && status === 'True'

const withoutReplicas = (condition: Condition, gateway: string): Condition => ({
  ...condition,
  status: 'False',
  reason: 'NoResources',
  message: `no replica of Gateway ${gateway} is ready to carry it out`,
})
