import { createFolding, isSameFold, type Fold, type Form } from './folded.ts'

/** Keeps plain data folded that looks as if it were not. */
export interface Cooling<T extends object> {
  /** What reads as the same value, and is unfolded whenever somebody reads a field; the very same if it is cold already. */
  readonly cool: (value: T) => T
}

const foldOf = Symbol('foldOf')

interface Cold {
  readonly [foldOf]: Fold
}

/**
 * Makes a cooling for values of these fields, all that they may have. A cold value has them as properties that it
 * inherits: `for in` finds them, with `undefined` for those that the value lacks; a spread does not.
 */
export const createCooling = <T extends object>(fields: Readonly<Record<keyof Required<T>, true>>): Cooling<T> => {
  const { fold, unfold } = createFolding<T>()
  // There are thousands of them.
  class ColdValue implements Cold {
    readonly #form: Form | undefined
    readonly #text: string

    constructor({ form, text }: Fold) {
      this.#form = form
      this.#text = text
    }

    get [foldOf](): Fold {
      return { form: this.#form, text: this.#text }
    }
  }
  for (const field of Object.keys(fields)) {
    Object.defineProperty(ColdValue.prototype, field, {
      enumerable: true,
      get(this: ColdValue): unknown {
        // Any object can be read by any key.
        return (unfold(this[foldOf], this) as Readonly<Record<string, unknown>>)[field]
      },
    })
  }
  // It has all fields of it.
  return { cool: (value) => (isCold(value) ? value : (new ColdValue(fold(value)) as object as T)) }
}

const isCold = (value: object): value is Cold => foldOf in value

/** Whether two values are cold and the same, which is found out without unfolding them. */
export const isSameCold = (a: object, b: object): boolean => isCold(a) && isCold(b) && isSameFold(a[foldOf], b[foldOf])

/** A list with everything in it cold; the list itself when it was. */
export const coolList = <T extends object>(list: readonly T[], { cool }: Cooling<T>): readonly T[] =>
  list.every(isCold) ? list : list.map(cool)
