import type { FieldChoice, NamePattern } from '../../../../model/security/external-authorization.ts'

/** Whether a field's name, in lower case, is among those that are chosen. */
export type NameTest = (name: string) => boolean

/** Makes the test once, so that exact names cost a look-up. */
export const compileNames = (choice: FieldChoice | undefined): NameTest => {
  if (choice === undefined || choice === 'all') return () => true
  const exact = new Set(choice.filter(({ kind }) => kind === 'exact').map(({ text }) => text))
  const others = choice.filter(({ kind }) => kind !== 'exact')
  if (others.length === 0) return (name) => exact.has(name)
  return (name) => exact.has(name) || others.some((pattern) => fits(pattern, name))
}

const fits = ({ kind, text }: NamePattern, name: string): boolean =>
  kind === 'prefix' ? name.startsWith(text) : name.endsWith(text)
