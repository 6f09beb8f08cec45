import type { ObjectRef } from '../model/model.ts'

/** `HTTPRoute shop/api`; cluster-scoped objects have no namespace: `Namespace shop`. */
export const formatObject = ({ kind, namespace, name }: ObjectRef): string =>
  namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
