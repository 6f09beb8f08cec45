/** Lists, whole or in pages, and what selects their items. */
import { randomUUID } from 'node:crypto'
import { badRequest, expired } from './failure.ts'
import { objectAt, textAt, valueAt, type JsonObject } from './json.ts'
import type { Resource } from './resources/resource.ts'
import type { Store } from './store.ts'

export type Select = (object: JsonObject) => boolean

export interface Page {
  readonly items: readonly JsonObject[]
  readonly revision: number
  readonly next: string | undefined
  readonly remaining: number | undefined
}

export interface ListRequest {
  readonly resource: Resource
  readonly select: Select
  /** 0: all. */
  readonly limit: number
  readonly token: string
  /** Without a selector the answer says how many are left. */
  readonly isWhole: boolean
}

interface Rest {
  readonly items: readonly JsonObject[]
  readonly revision: number
}

/** Gives pages of one moment, however long it takes to fetch them all, until the history is compacted. */
export class Lists {
  readonly #store: Store
  readonly #rests = new Map<string, Rest>()

  constructor(store: Store) {
    this.#store = store
  }

  page({ resource, select, limit, token, isWhole }: ListRequest): Page {
    const { items, revision } = token === '' ? this.#now(resource, select) : this.#restOf(token)
    const page = limit === 0 ? items : items.slice(0, limit)
    const left = items.slice(page.length)
    if (left.length === 0) return { items: page, revision, next: undefined, remaining: undefined }
    const next = Buffer.from(randomUUID()).toString('base64url')
    this.#rests.set(next, { items: left, revision })
    return { items: page, revision, next, remaining: isWhole ? left.length : undefined }
  }

  #now(resource: Resource, select: Select): Rest {
    return { items: this.#store.all(resource).filter(select), revision: this.#store.revision }
  }

  #restOf(token: string): Rest {
    const rest = this.#rests.get(token)
    if (rest === undefined) throw badRequest('continue key is not valid')
    if (rest.revision >= this.#store.compacted) return rest
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  }
}

/** What `namespace`, `labelSelector` and `fieldSelector` let through. */
export const selector = (namespace: string, labels: string, fields: string): Select => {
  const wantedLabels = splitSelector(labels).map(parseLabels)
  const wantedFields = splitSelector(fields).map(parseField)
  return (object) =>
    (namespace === '' || textAt(object, 'metadata', 'namespace') === namespace) &&
    wantedLabels.every((fits) => fits(objectAt(object, 'metadata', 'labels'))) &&
    wantedFields.every((fits) => fits(object))
}

/** At the commas that stand in no brackets. */
const splitSelector = (text: string): readonly string[] =>
  text.split(/,(?![^(]*\))/).filter((part) => part.trim() !== '')

const parseLabels = (text: string): ((labels: JsonObject) => boolean) => {
  const within = /^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(text)
  if (within !== null) {
    const [, name = '', operator, list = ''] = within
    const values = list.split(',').map((value) => value.trim())
    return (labels) => values.includes(textAt(labels, name)) === (operator === 'in')
  }
  const comparison = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(\S*)\s*$/.exec(text)
  if (comparison !== null) {
    const [, name = '', operator, value] = comparison
    return (labels) => (labels[name] === value) === (operator !== '!=')
  }
  const presence = /^\s*(!?)\s*([^=!\s]+)\s*$/.exec(text)
  if (presence === null) throw badRequest(`unable to parse requirement: ${text}`)
  const [, not, name = ''] = presence
  return (labels) => (labels[name] !== undefined) === (not === '')
}

const parseField = (text: string): Select => {
  const [, path = '', operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text) ?? []
  if (operator === undefined) throw badRequest(`invalid field selector: ${text}`)
  return (object) => (String(valueAt(object, ...path.split('.')) ?? '') === value) === (operator !== '!=')
}
