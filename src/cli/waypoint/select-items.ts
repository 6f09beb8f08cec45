import { formatObject } from '../../config/format-object.ts'
import { statusShapeOf } from '../../config/status/kube-status.ts'
import type { Issue } from '../../lib/decoded.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { exitCodes } from '../exit-codes.ts'
import { CliError } from '../verb.ts'
import { hasFindings, type StatusItem, type StatusReport } from './status-report.ts'

/** What was asked for. */
export interface Selection {
  readonly namespace: string | undefined
  /** `NAME`, or `KIND/NAME` in capitals or not. */
  readonly name: string | undefined
}

/** The part of a report that was asked for. */
export interface SelectedStatus {
  /** Objects to tell about: those that something is said of, and those that something should be said of. */
  readonly items: readonly StatusItem[]
  /** How many more there are of each kind, which are there for others to refer to. */
  readonly silent: ReadonlyMap<string, number>
  readonly stray: readonly Issue[]
}

/** Chooses objects; an object that is asked for by name is told about in any case, and has to exist (else exit code 1). */
export const selectItems = (report: StatusReport, { namespace, name }: Selection): SelectedStatus => {
  const inNamespace = report.items.filter(({ object }) => namespace === undefined || object.namespace === namespace)
  const chosen = name === undefined ? inNamespace : inNamespace.filter((item) => isNamed(item, name))
  if (chosen.length === 0 && (name !== undefined || namespace !== undefined)) {
    throw notFound({ namespace, name }, name === undefined ? report.items : inNamespace)
  }
  const items = name === undefined ? chosen.filter(isWorthTelling) : chosen
  const isAll = name === undefined && namespace === undefined
  const told = new Set(items)
  const silent = new Map<string, number>()
  for (const item of chosen) {
    const { kind } = item.object
    if (!told.has(item)) silent.set(kind, (silent.get(kind) ?? 0) + 1)
  }
  return { items, silent, stray: isAll ? report.stray : [] }
}

/** Of a route or a policy to be silent means that it is no concern of this waypoint. */
const isWorthTelling = (item: StatusItem): boolean =>
  item.conditions.length > 0 || hasFindings(item) || statusShapeOf(item.object.kind) !== 'conditions'

const isNamed = ({ object }: StatusItem, text: string): boolean => {
  const slash = text.indexOf('/')
  if (slash < 0) return object.name === text
  return object.kind.toLowerCase() === text.slice(0, slash).toLowerCase() && object.name === text.slice(slash + 1)
}

const notFound = ({ namespace, name }: Selection, items: readonly StatusItem[]): CliError => {
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`
  if (name === undefined) {
    const near = nearestWord(
      namespace ?? '',
      items.map(({ object }) => object.namespace),
    )
    return new CliError(exitCodes.failure, `no object among the files is${where}`, {
      next: near === undefined || near === '' ? undefined : `did you mean ${near}?`,
    })
  }
  const bare = name.slice(name.indexOf('/') + 1)
  const near = nearestWord(
    bare,
    items.map(({ object }) => object.name),
  )
  const meant = items.find(({ object }) => object.name === near)
  return new CliError(exitCodes.failure, `no object among the files is named ${JSON.stringify(name)}${where}`, {
    next: meant === undefined ? 'write NAME or KIND/NAME' : `did you mean ${formatObject(meant.object)}?`,
  })
}
