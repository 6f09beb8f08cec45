import type { JsonList, JsonObject } from './json.ts'

/** What an answer of the API server says beside its message. */
export interface FailureDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly causes?: JsonList
  readonly retryAfterSeconds?: number
}

/** A request that is refused, as the API server tells it: a `Status` object. */
export class Failure extends Error {
  readonly code: number
  readonly reason: string
  readonly details: FailureDetails

  constructor(code: number, reason: string, message: string, details: FailureDetails = {}) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }

  get status(): JsonObject {
    const { causes, ...details } = this.details
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: { ...details, ...(causes === undefined ? {} : { causes }) },
      code: this.code,
    }
  }
}

/** A resource and the name asked for, as messages spell them. */
export interface Named {
  readonly group: string
  readonly plural: string
  readonly kind?: string
  readonly name: string
}

const detailsOf = ({ group, plural, name }: Named): FailureDetails => ({ name, group, kind: plural })

const formatNamed = ({ group, plural, name }: Named): string =>
  `${group === '' ? plural : `${plural}.${group}`} "${name}"`

export const notFound = (named: Named): Failure =>
  new Failure(404, 'NotFound', `${formatNamed(named)} not found`, detailsOf(named))

export const alreadyExists = (named: Named): Failure =>
  new Failure(409, 'AlreadyExists', `${formatNamed(named)} already exists`, detailsOf(named))

export const conflict = (named: Named, why: string): Failure =>
  new Failure(409, 'Conflict', `Operation cannot be fulfilled on ${formatNamed(named)}: ${why}`, detailsOf(named))

export const changedMeanwhile = (named: Named): Failure =>
  conflict(named, 'the object has been modified; please apply your changes to the latest version and try again')

export const badRequest = (message: string): Failure => new Failure(400, 'BadRequest', message)

export const expired = (message: string): Failure => new Failure(410, 'Expired', message)

/** A field whose value is not allowed. */
export interface Mistake {
  readonly field: string
  readonly reason: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueNotSupported' | 'FieldValueForbidden'
  readonly message: string
}

export const invalid = (named: Named, mistakes: readonly Mistake[]): Failure => {
  const list = mistakes.map(({ field, message }) => `${field}: ${message}`)
  const text = list.length === 1 ? list.join('') : `[${list.join(', ')}]`
  const head = `${named.kind ?? named.plural}${named.group === '' ? '' : `.${named.group}`} "${named.name}" is invalid`
  return new Failure(422, 'Invalid', `${head}: ${text}`, {
    name: named.name,
    group: named.group,
    kind: named.kind ?? named.plural,
    causes: mistakes.map(({ field, reason, message }) => ({ reason, message, field })),
  })
}
