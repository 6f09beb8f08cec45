import type { SourcedObject, TranslateOptions } from '../../config/translate/options.ts'
import { createTranslator, type Translate, type Translation } from '../../config/translate/translate.ts'
import { noNames } from '../../config/translate/entry/entry-hosts.ts'
import { isEqual } from '../../lib/is-equal.ts'
import type { FilterVersions } from '../../config/translate/filter/filter-version.ts'
import { standInSecrets, standInVersions } from './stand-ins.ts'
import type { OwnGateway, Ownership } from './ownership.ts'

/** Translates what is there for each Gateway of ours, as its waypoints do; what stayed the same is not done again. */
export type TranslateGateways = (
  objects: readonly SourcedObject[],
  gateways: readonly OwnGateway[],
  ownership: Ownership,
) => ReadonlyMap<string, Translation>

interface Known {
  readonly translate: Translate
  readonly objects: readonly SourcedObject[]
  readonly translation: Translation
}

/** Makes it for the options of each Gateway (`NAMESPACE/NAME`): what the mesh says, and what its waypoints are started with. */
export const createGatewayTranslation = (optionsOf: (gateway: string) => TranslateOptions): TranslateGateways => {
  let known = new Map<string, Known>()
  let versions: FilterVersions = new Map()
  let secrets: readonly SourcedObject[] = []
  return (objects, gateways, ownership) => {
    versions = keepEqual(versions, standInVersions(objects), (map) => [...map])
    secrets = keepEqual(secrets, standInSecrets(objects), (list) => list.map(({ read }) => read))
    const routes = Map.groupBy(objects, isRoute)
    const shared = [...(routes.get(false) ?? []), ...secrets]
    const ofGateway = new Map<string, SourcedObject[]>()
    for (const source of routes.get(true) ?? []) {
      const { read } = source
      if (read.state !== 'typed' || !('parentRefs' in read.object)) continue
      for (const key of ownership.ofRoute(read.object)) {
        const list = ofGateway.get(key)
        if (list === undefined) ofGateway.set(key, [source])
        else list.push(source)
      }
    }
    const next = new Map<string, Known>()
    for (const { key } of gateways) {
      const seen = [...shared, ...(ofGateway.get(key) ?? [])]
      next.set(key, translateOne(known.get(key), { key, seen, versions, options: optionsOf(key) }))
    }
    known = next
    return new Map(Array.from(next, ([key, { translation }]) => [key, translation]))
  }
}

interface Translating {
  readonly key: string
  readonly seen: readonly SourcedObject[]
  readonly versions: FilterVersions
  readonly options: TranslateOptions
}

const translateOne = (before: Known | undefined, { key, seen, versions, options }: Translating): Known => {
  const isSame = before?.objects.length === seen.length && before.objects.every((one, i) => one === seen[i])
  if (isSame) return before
  const [namespace = '', name = ''] = key.split('/')
  const translate = before?.translate ?? createTranslator({ ...options, gateway: { namespace, name } })
  return { translate, objects: seen, translation: translate(seen, noNames, versions) }
}

const isRoute = ({ read }: SourcedObject): boolean => read.state === 'typed' && 'parentRefs' in read.object

const keepEqual = <T>(before: T, after: T, valueOf: (one: T) => unknown): T =>
  isEqual(valueOf(before), valueOf(after)) ? before : after
