import type { Exchange } from 'fairway/filter'
import { compileTemplate } from '../header-transform/template.ts'
import type { Changes } from './config.ts'
import { removeAt, renameAt, setAt, stepsOf, visit } from './json-path.ts'

/** Changes what a body says; false when a value has no place in it. */
export type ChangeJson = (root: unknown, exchange: Exchange) => boolean

/** First what goes, then new names, and what is set has the last word. */
export const compileChanges = ({ remove, rename, set }: Changes): ChangeJson => {
  const removed = remove.map(stepsOf)
  const renamed = rename.map(({ path, to }) => ({ steps: stepsOf(path), to }))
  const given = set.map(compileSet)
  return (root, exchange) => {
    for (const steps of removed) visit(root, steps, removeAt)
    for (const { steps, to } of renamed) visit(root, steps, (container, name) => renameAt(container, name, to))
    return given.every((one) => one(root, exchange))
  }
}

const compileSet = ({ path, value, template }: Changes['set'][number]): ChangeJson => {
  const steps = stepsOf(path)
  // A copy for each body: what else is set may change it.
  if (template === undefined) return (root) => setAt(root, steps, structuredClone(value))
  const read = compileTemplate(template)
  return (root, exchange) => {
    const text = typeof read === 'function' ? read(exchange) : undefined
    if (text !== undefined) return setAt(root, steps, text)
    // What the sender wrote in its place must not count for it.
    visit(root, steps, removeAt)
    return true
  }
}
