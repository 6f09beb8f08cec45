/** Where on a command line the cursor is: which verb, and what may stand there. */
import type { FlagSpec, FlagTable } from '../flag-table.ts'
import type { Verb, VerbEntry } from '../verb.ts'

/** What may stand where the cursor is. */
export type Place =
  | { readonly kind: 'verb'; readonly verbs: readonly VerbEntry[]; readonly isTop: boolean }
  | { readonly kind: 'flag'; readonly flags: FlagTable }
  | {
      readonly kind: 'value'
      /** As a flag or the help names it: `PATH`. */
      readonly name: string
      readonly choices?: readonly string[] | undefined
      /** What stands before it in the same word: `--output=`. */
      readonly prefix: string
      /** What is typed of it. */
      readonly typed: string
      /** Values of the flags before it, by name: the cluster that is meant, the namespace. */
      readonly given: Given
    }
  | { readonly kind: 'nothing' }

export type Given = Readonly<Record<string, readonly string[]>>

const nothing: Place = { kind: 'nothing' }

/** Finds out what `typed` may become behind `words`, which begin behind the program's name. */
export const findPlace = async (
  verbs: readonly VerbEntry[],
  words: readonly string[],
  typed: string,
): Promise<Place> => {
  const [first, ...rest] = words
  // `fairway help waypoint status` is `fairway waypoint status --help`.
  const isHelp = first === 'help'
  return findBehind({ verbs, isTop: true, isHelp }, isHelp ? rest : words, typed)
}

interface Level {
  readonly verbs: readonly VerbEntry[]
  readonly isTop: boolean
  readonly isHelp: boolean
}

const findBehind = async (
  { verbs, isTop, isHelp }: Level,
  [first, ...rest]: readonly string[],
  typed: string,
): Promise<Place> => {
  if (first === undefined) return typed.startsWith('-') ? groupFlags(isTop) : { kind: 'verb', verbs, isTop }
  const entry = verbs.find(({ name }) => name === first)
  if (entry === undefined) return nothing
  if ('verbs' in entry) return findBehind({ verbs: entry.verbs, isTop: false, isHelp }, rest, typed)
  return isHelp ? nothing : findInVerb(await entry.load(), rest, typed)
}

const help = { type: 'boolean', short: 'h', help: 'print the help' } as const satisfies FlagSpec
const version = { type: 'boolean', short: 'V', help: 'print the version' } as const satisfies FlagSpec

const groupFlags = (isTop: boolean): Place => ({ kind: 'flag', flags: isTop ? { help, version } : { help } })

const findInVerb = ({ flags, positionals = [] }: Verb, words: readonly string[], typed: string): Place => {
  const read = readWords(flags, words)
  const valueOf = ({ value = '', choices }: FlagSpec, prefix: string): Place => ({
    kind: 'value',
    name: value,
    choices,
    prefix,
    typed: typed.slice(prefix.length),
    given: read.given,
  })
  if (read.pending !== undefined) return valueOf(read.pending, '')
  if (!read.isEnded && typed.startsWith('-')) {
    const [, prefix, name = ''] = /^(--([^=]+)=)/.exec(typed) ?? []
    if (prefix === undefined) return { kind: 'flag', flags: { ...unused(flags, read.given), help } }
    const spec = specOf(flags, name)
    return spec?.type === 'string' ? valueOf(spec, prefix) : nothing
  }
  const last = positionals.at(-1)
  const name = positionals[read.positionals] ?? (last?.endsWith('…') === true ? last : undefined)
  return name === undefined ? nothing : valueOf({ type: 'string', value: name.replace(/…$/, ''), help: '' }, '')
}

/** What flags may still be given. */
const unused = (flags: FlagTable, given: Given): FlagTable =>
  Object.fromEntries(
    Object.entries(flags).filter(([name, { multiple }]) => multiple === true || given[name] === undefined),
  )

interface ReadWords {
  readonly given: Given
  readonly positionals: number
  /** The flag whose value is next. */
  readonly pending: FlagSpec | undefined
  /** Behind `--` nothing is a flag. */
  readonly isEnded: boolean
}

/** As `parseArgs` has it, but nothing is an error: the line is not finished. */
const readWords = (flags: FlagTable, words: readonly string[]): ReadWords => {
  const given: Record<string, string[]> = {}
  let positionals = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '--')
      return { given, positionals: positionals + words.length - i - 1, pending: undefined, isEnded: true }
    if (!word.startsWith('-') || word === '-') {
      positionals++
      continue
    }
    const [name, attached] = nameOf(flags, word)
    const spec = specOf(flags, name)
    if (spec === undefined) continue
    const takesNext = spec.type === 'string' && attached === undefined
    if (takesNext && i + 1 === words.length) return { given, positionals, pending: spec, isEnded: false }
    const list = (given[name] ??= [])
    list.push(takesNext ? (words[++i] ?? '') : (attached ?? ''))
  }
  return { given, positionals, pending: undefined, isEnded: false }
}

/** `--output=json`, `-o json` and `-ojson`; of several short ones in a word the last may have a value. */
const nameOf = (flags: FlagTable, word: string): readonly [name: string, attached: string | undefined] => {
  if (word.startsWith('--')) {
    const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    return [name, value]
  }
  for (let i = 1; i < word.length; i++) {
    const found = Object.entries(flags).find(([, { short }]) => short === word[i])
    if (found?.[1].type !== 'string') continue
    return [found[0], i + 1 < word.length ? word.slice(i + 1) : undefined]
  }
  return ['', undefined]
}

const specOf = (flags: FlagTable, name: string): FlagSpec | undefined =>
  Object.hasOwn(flags, name) ? flags[name] : undefined
