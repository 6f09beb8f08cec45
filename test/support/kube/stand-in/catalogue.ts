/** Which kinds the server has at the moment: Kubernetes' own, and those that somebody defined. */
import { textAt, type JsonObject } from './json.ts'
import { apiVersionOf, resourceKey, type Resource } from './resources/resource.ts'
import { customResource } from './resources/custom.ts'

export class Catalogue {
  readonly #resources = new Map<string, Resource>()

  constructor(resources: readonly Resource[]) {
    for (const resource of resources) this.#resources.set(resourceKey(resource), resource)
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()]
  }

  find(group: string, plural: string): Resource | undefined {
    return this.#resources.get(resourceKey({ group, plural }))
  }

  /** One of Kubernetes' own; it is a mistake of ours to ask for another. */
  own(group: string, plural: string): Resource {
    const found = this.find(group, plural)
    if (found === undefined) throw new Error(`the stand-in has no ${plural} in the group "${group}"`)
    return found
  }

  define(definition: JsonObject): Resource {
    const resource = customResource(definition)
    this.#resources.set(resourceKey(resource), resource)
    return resource
  }

  /** Takes a kind away; what it was. */
  forget(definition: JsonObject): Resource | undefined {
    const found = this.find(textAt(definition, 'spec', 'group'), textAt(definition, 'spec', 'names', 'plural'))
    if (found !== undefined) this.#resources.delete(resourceKey(found))
    return found
  }
}

/** The object as a version of its kind has it. */
export const inVersion = (object: JsonObject, { group, kind }: Resource, version: string): JsonObject => {
  const apiVersion = apiVersionOf(group, version)
  return object['apiVersion'] === apiVersion ? object : { ...object, apiVersion, kind }
}
