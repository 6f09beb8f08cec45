import { isEqual } from '../../../lib/is-equal.ts'
import {
  createFolding,
  foldMentions,
  isSameFold,
  type Fold,
  type Folding,
  type Form,
} from '../../../lib/memory/folded.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { readObject, type ReadBrief, type ReadObject } from '../../objects/read-object.ts'
import type { SetObject } from '../object-set.ts'

/** An object of a cluster. */
export type KubeItem = PlainItem | FoldedItem

/**
 * There may be thousands of these, and each is looked at when it changes, when its neighbours do, and when everything is
 * translated; Services and Pods are what others are looked up in all the time.
 */
const foldedKinds: ReadonlySet<string> = new Set(['HTTPRoute', 'GRPCRoute', 'EndpointSlice'])

/** Makes items of what the API server says; `decode` gives what is kept of those that are not folded. */
export const createKubeItems = (
  decode: (value: unknown) => ReadObject,
): ((object: KubeJson, kind: string) => KubeItem) => {
  const folding = createFolding<ReadObject>()
  return (object, kind) => {
    if (!foldedKinds.has(kind)) return new PlainItem(decode(object))
    const read = readObject(object)
    // What is wrong with an object is asked of all of them each time.
    const isSound = read.state === 'typed' && read.issues.length === 0
    return isSound ? new FoldedItem(kind, read, folding) : new PlainItem(decode(object))
  }
}

/** Whether two items say the same. */
export const isSameItem = (a: KubeItem, b: KubeItem): boolean =>
  a instanceof FoldedItem && b instanceof FoldedItem ? isSameFold(a, b) : isEqual(a.read, b.read)

/** A class, since there are thousands. */
class PlainItem implements SetObject<ReadObject> {
  readonly read: ReadObject

  constructor(read: ReadObject) {
    this.read = read
  }

  get brief(): undefined {
    return undefined
  }

  get file(): string {
    return place
  }

  locate(): undefined {
    return undefined
  }
}

class FoldedItem implements SetObject<ReadObject>, ReadBrief, Fold {
  readonly kind: string
  readonly form: Form | undefined
  readonly text: string
  readonly #folding: Folding<ReadObject>

  constructor(kind: string, read: ReadObject, folding: Folding<ReadObject>) {
    const { form, text } = folding.fold(read)
    this.kind = kind
    this.form = form
    this.text = text
    this.#folding = folding
  }

  get read(): ReadObject {
    return this.#folding.unfold(this, this)
  }

  get brief(): ReadBrief {
    return this
  }

  get file(): string {
    return place
  }

  mentions(text: string): boolean {
    return foldMentions(this, text)
  }

  locate(): undefined {
    return undefined
  }
}

const place = 'the cluster'
