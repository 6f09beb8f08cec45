/**
 * What a shell asks while somebody types: `fairway __complete WORDS… TYPED`. The answer is a line for each candidate, a
 * tab before its description, and last a line with a colon and a number that says what else the shell should do: the form
 * that kubectl takes from `kubectl_complete-PLUGIN`, too.
 */
import { printable } from '../terminal/printable.ts'
import type { VerbEntry } from '../verb.ts'
import type { Candidate, LiveKind } from './candidate.ts'
import { findPlace, type Place } from './command-line.ts'
import { formatShort } from './format-short.ts'

/** What the shell should do beside offering the candidates; cobra's numbers, which kubectl knows. */
export const directives = {
  /** Names of files are candidates, too. */
  files: 0,
  error: 1,
  /** There is nothing else. */
  nothingElse: 4,
  /** Names of folders are. */
  folders: 16,
} as const

/** Names in a cluster; nothing when it does not answer in time. */
export type FindNames = (kind: LiveKind, place: ValuePlace) => Promise<readonly Candidate[]>

type ValuePlace = Extract<Place, { readonly kind: 'value' }>

/** Words by which flags name their values, and who knows of such names. */
const liveKinds: Readonly<Record<string, LiveKind>> = {
  NAMESPACE: 'namespace',
  CONTEXT: 'context',
  GATEWAY: 'gateway',
  'NS/NAME': 'gateway-of-any-namespace',
  '[KIND/]NAME': 'gateway',
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

interface Completion {
  readonly candidates: readonly Candidate[]
  readonly directive: number
}

/** Completes the last of `args`, behind the words before it. Never throws: there is nobody to read of it. */
export const complete = async (
  verbs: readonly VerbEntry[],
  args: readonly string[],
  findNames: FindNames,
): Promise<string> => {
  const typed = args.at(-1) ?? ''
  const { candidates, directive } = await completePlace(await findPlace(verbs, args.slice(0, -1), typed), findNames)
  const start = typed.startsWith('-') ? typed : typed.toLowerCase()
  const fitting = candidates.filter(
    ({ value }) => !/\p{Cc}/u.test(value) && (value.startsWith(typed) || value.toLowerCase().startsWith(start)),
  )
  const lines = fitting.map(({ value, about }) => (about === undefined ? value : `${value}\t${printable(about)}`))
  return `${[...lines, `:${directive}`].join('\n')}\n`
}

const completePlace = async (place: Place, findNames: FindNames): Promise<Completion> => {
  switch (place.kind) {
    case 'nothing':
      return { candidates: [], directive: directives.nothingElse }
    case 'verb':
      return { candidates: verbCandidates(place), directive: directives.nothingElse }
    case 'flag':
      return {
        candidates: Object.entries(place.flags).map(([name, spec]) => ({
          value: `--${name}`,
          about: formatShort(spec.help),
        })),
        directive: directives.nothingElse,
      }
    case 'value':
      return completeValue(place, findNames)
  }
}

const verbCandidates = ({ verbs, isTop }: Extract<Place, { readonly kind: 'verb' }>): readonly Candidate[] => [
  ...verbs.map(({ name, summary }) => ({ value: name, about: summary })),
  ...(isTop ? [{ value: 'help', about: 'the help of a verb' }] : []),
]

const completeValue = async (place: ValuePlace, findNames: FindNames): Promise<Completion> => {
  const { name, prefix, choices = wordsIn(name) } = place
  const only = (candidates: readonly Candidate[]): Completion => ({
    candidates: candidates.map(({ value, about }) => ({
      value: `${prefix}${value}`,
      ...(about === undefined ? {} : { about }),
    })),
    directive: directives.nothingElse,
  })
  if (choices.length > 0) return only(choices.map((value) => ({ value })))
  // What is in files is asked of no cluster.
  const live = Object.hasOwn(liveKinds, name) && place.given['file'] === undefined ? liveKinds[name] : undefined
  if (live !== undefined) return only(await findNames(live, place))
  if (/^(?:PATH|FILE)$/.test(name)) return { candidates: [], directive: directives.files }
  if (name === 'DIR') return { candidates: [], directive: directives.folders }
  return only([])
}

/** Of `json|text|off` each word, of `N|auto` what is meant as it is written. */
const wordsIn = (name: string): readonly string[] =>
  name === 'METHOD'
    ? methods
    : name.includes('|')
      ? name.split('|').filter((word) => /^[a-z][a-z0-9-]*$/.test(word))
      : []
