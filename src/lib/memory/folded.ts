import { hashText } from '../hash/hash-text.ts'
import { isEqual } from '../is-equal.ts'

/**
 * JSON data of which there is much, most of it alike, and which is hardly ever looked at: routes, slices of endpoints. Of
 * each value is kept what tells it from the first one of its form, as one text: a tenth of what the objects take.
 */
export interface Folding<T extends object> {
  /** Takes only what JSON can say; properties that are `undefined` are left out, and the order of properties may be another. */
  readonly fold: (value: T) => Fold
  /**
   * What was folded, for the object that keeps the fold: until the present turn ends the very same. Parts of it belong to
   * others too, so nobody may change it.
   */
  readonly unfold: (fold: Fold, keeper: object) => T
}

/** A value that was folded. */
export interface Fold {
  /** Absent: it is like no other, and the text is its JSON. */
  readonly form: Form | undefined
  /** Its leaves, each as JSON, where they are others than those of the form; empty ones at the end are left out. */
  readonly text: string
}

/** What values have in common that differ in nothing but their leaves: texts, numbers and the like. */
export interface Form {
  /** The first one. */
  readonly sample: object
  /** Its leaves, from the first to the last. */
  readonly leaves: readonly unknown[]
}

/** Whether both came of equal values. */
export const isSameFold = (a: Fold, b: Fold): boolean =>
  a.form !== undefined && a.form === b.form ? a.text === b.text : isEqual(read(a), read(b))

/** False when none of the texts in it is this one. */
export const foldMentions = ({ form, text }: Fold, mentioned: string): boolean =>
  form === undefined || text.includes(JSON.stringify(mentioned)) || form.leaves.includes(mentioned)

/** So many forms are looked at before it is worth the time to write down which form a value has. */
const mostTried = 4
/** So many are known at a time, of a few KB each. */
const mostForms = 512
const mostSeen = 4096

/** JSON has no line break but between tokens. */
const separator = '\n'

/** Makes a folding. What is like nothing that came before takes as much as its JSON, and so does the first of a form. */
export const createFolding = <T extends object>(): Folding<T> => {
  const findForm = createForms()
  let recent: readonly Form[] = []
  const unfolded = new Map<object, T>()
  const forget = (): void => unfolded.clear()
  return {
    fold: (value) => {
      for (const form of recent) {
        const text = new Writer().write(value, form)
        if (text !== undefined) return { form, text }
      }
      const form = findForm(value)
      const text = form === undefined ? undefined : new Writer().write(value, form)
      if (form === undefined || text === undefined) return { form: undefined, text: JSON.stringify(value) }
      recent = [form, ...recent.slice(0, mostTried - 1)]
      return { form, text }
    },
    unfold: (fold, keeper) => {
      const known = unfolded.get(keeper)
      if (known !== undefined) return known
      // What is plain data comes out as the type that it went in with.
      const value = read(fold) as T
      if (unfolded.size === 0) queueMicrotask(forget)
      unfolded.set(keeper, value)
      return value
    },
  }
}

/** Finds the form of a value; `undefined` for the first of it: one that is never seen again is not worth being kept. */
const createForms = (): ((value: object) => Form | undefined) => {
  let forms = new Map<string, Form>()
  let seen = new Set<number>()
  return (value) => {
    const key = keyOf(value)
    const known = forms.get(key)
    if (known !== undefined) return known
    const number = hashText(key)
    if (!seen.has(number)) {
      if (seen.size >= mostSeen) seen = new Set()
      seen.add(number)
      return undefined
    }
    // Those that somebody has stay with him.
    if (forms.size >= mostForms) forms = new Map()
    const form = createForm(value)
    forms.set(key, form)
    return form
  }
}

const read = ({ form, text }: Fold): unknown =>
  form === undefined ? JSON.parse(text) : new Reader(text).read(form.sample)

const createForm = (value: object): Form => {
  // What is plain data reads as the same again.
  const sample = JSON.parse(JSON.stringify(value)) as object
  const leaves: unknown[] = []
  listLeaves(sample, leaves)
  return { sample, leaves: leaves.slice() }
}

const isLeaf = (node: unknown): boolean => typeof node !== 'object' || node === null

/** Widening only: any object can be read by any key. */
const fieldsOf = (node: unknown): Readonly<Record<string, unknown>> => node as Readonly<Record<string, unknown>>

const listLeaves = (node: unknown, leaves: unknown[]): void => {
  if (isLeaf(node)) leaves.push(node)
  else if (Array.isArray(node)) for (const item of node) listLeaves(item, leaves)
  else for (const key in fieldsOf(node)) listLeaves(fieldsOf(node)[key], leaves)
}

/** Says how a value is made, without its leaves; the order of properties counts. */
const keyOf = (node: unknown): string => {
  if (isLeaf(node)) return '.'
  if (Array.isArray(node)) return `[${node.map(keyOf).join('')}]`
  const fields = fieldsOf(node)
  let key = '{'
  for (const name in fields) if (fields[name] !== undefined) key += `${JSON.stringify(name)}${keyOf(fields[name])}`
  return `${key}}`
}

/** Lays a value beside the sample of a form. */
class Writer {
  #position = 0
  readonly #own: string[] = []

  /** What is different; `undefined` when the value is of another form. */
  write(value: object, { sample, leaves }: Form): string | undefined {
    if (!this.#add(value, sample) || this.#position !== leaves.length) return undefined
    // In one piece: a text that grew would be kept as all that it grew from.
    return this.#own.join(separator)
  }

  #add(node: unknown, like: unknown): boolean {
    if (isLeaf(like)) return isLeaf(node) && this.#addLeaf(node, like)
    if (isLeaf(node)) return false
    if (Array.isArray(like)) return Array.isArray(node) && this.#addList(node, like)
    return !Array.isArray(node) && this.#addRecord(fieldsOf(node), fieldsOf(like))
  }

  #addLeaf(leaf: unknown, like: unknown): boolean {
    const position = this.#position++
    if (leaf === like) return true
    while (this.#own.length < position) this.#own.push('')
    this.#own.push(JSON.stringify(leaf) ?? 'null')
    return true
  }

  #addList(list: readonly unknown[], like: readonly unknown[]): boolean {
    if (list.length !== like.length) return false
    for (let i = 0; i < like.length; i++) if (!this.#add(list[i], like[i])) return false
    return true
  }

  #addRecord(fields: Readonly<Record<string, unknown>>, like: Readonly<Record<string, unknown>>): boolean {
    let surplus = 0
    for (const key in fields) if (fields[key] !== undefined) surplus++
    for (const key in like) {
      if (!Object.hasOwn(fields, key) || fields[key] === undefined || !this.#add(fields[key], like[key])) return false
      surplus--
    }
    return surplus === 0
  }
}

/** Makes a value of the sample of its form, and shares with it whatever is the same. */
class Reader {
  readonly #own: readonly string[]
  #position = 0

  constructor(text: string) {
    this.#own = text.split(separator)
  }

  read(like: unknown): unknown {
    if (isLeaf(like)) {
      const own = this.#own[this.#position++]
      return own === undefined || own === '' ? like : JSON.parse(own)
    }
    return Array.isArray(like) ? this.#readList(like) : this.#readRecord(fieldsOf(like))
  }

  #readList(like: readonly unknown[]): unknown {
    let list: unknown[] | undefined
    for (let i = 0; i < like.length; i++) {
      const item = this.read(like[i])
      if (item === like[i]) continue
      list ??= like.slice()
      list[i] = item
    }
    return list ?? like
  }

  #readRecord(like: Readonly<Record<string, unknown>>): unknown {
    let record: Record<string, unknown> | undefined
    for (const key in like) {
      const field = this.read(like[key])
      if (field === like[key]) continue
      record ??= { ...like }
      record[key] = field
    }
    return record ?? like
  }
}
