import { valueAt, listAt, textAt, type LiveObject } from '../../../controller/manifest.ts'
import type { ServiceObject } from '../../../config/objects/service.ts'
import { containersOf, numberAt } from './live.ts'

/** The ports of a Pod that a Service sends TCP to. */
export const targetPortsOf = ({ ports }: ServiceObject, pod: LiveObject): readonly number[] =>
  ports
    .filter(({ protocol }) => protocol === 'TCP')
    .flatMap(({ port, targetPort = port }) =>
      typeof targetPort === 'number' ? targetPort : (containerPort(pod, targetPort) ?? port),
    )

/** The port of a container by its name. */
export const containerPort = (pod: LiveObject | undefined, name: string): number | undefined => {
  for (const container of containersOf(valueAt(pod, 'spec'))) {
    const found = listAt(container, 'ports').find((one) => textAt(one, 'name') === name)
    if (found !== undefined) return numberAt(found, ['containerPort'], 0)
  }
  return undefined
}
