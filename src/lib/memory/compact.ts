/**
 * JSON data in the form that takes the least memory: lists without room to grow, texts that hold on to no larger ones,
 * and whatever equals its counterpart in `like` is that very part. So nothing of it may ever be changed.
 */
export const compact = <T>(value: T, like: unknown): T => {
  // What is plain data reads as the same type again.
  const fresh = JSON.parse(JSON.stringify(value)) as T
  return share(fresh, like) as T
}

const emptyList: readonly unknown[] = []
const emptyRecord = {}

const share = (node: unknown, like: unknown): unknown => {
  // Texts are compared by content: the older one stays.
  if (node === like) return like
  if (typeof node !== 'object' || node === null) return node
  return Array.isArray(node) ? shareList(node, like) : shareRecord(node, like)
}

const shareList = (list: unknown[], like: unknown): readonly unknown[] => {
  if (list.length === 0) return emptyList
  const others: readonly unknown[] = Array.isArray(like) ? like : emptyList
  let isSame = others.length === list.length
  for (let i = 0; i < list.length; i++) {
    // Items of one list are often alike too.
    const item = share(list[i], i < others.length ? others[i] : list[i - 1])
    list[i] = item
    if (item !== others[i]) isSame = false
  }
  return isSame ? others : list
}

const shareRecord = (record: object, like: unknown): object => {
  // Fresh from `JSON.parse`, every key is its own; and any object can be read by any key.
  const fields = record as Record<string, unknown>
  const others = (isRecord(like) ? like : emptyRecord) as Readonly<Record<string, unknown>>
  let surplus = 0
  let isSame = true
  for (const key in fields) {
    const other = Object.hasOwn(others, key) ? others[key] : undefined
    const field = share(fields[key], other)
    fields[key] = field
    if (field !== other) isSame = false
    surplus--
  }
  for (const _ in others) surplus++
  return isSame && surplus === 0 ? others : record
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
