import { schema, type BodyTransform, type FilterDefinition } from 'fairway/filter'

const config = schema.object({
  keepLast: schema.documented(
    schema.withDefault(schema.integer({ min: 0, max: 4 }), 4),
    'How many digits of a number stay readable.',
  ),
})

/** Digits, alone or in groups with one blank or hyphen between. */
const RUN = /\d(?:[ -]?\d)*/g
/** A longer run of digits has no card number in it, and is passed as it is. */
const MAX_RUN = 64

/**
 * Covers payment card numbers in responses while they stream by: what goes out is as long as what came in, so that lengths
 * and pieces stay as they are, and no more than 64 bytes are ever held back.
 */
const redactResponse: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'RedactResponse',
  stage: 'shape',
  config,
  body: { response: 'stream' },
  create: ({ keepLast }, env) => {
    const covered = env.counter('numbers_covered_total', { help: 'Card numbers covered in responses.' })
    const coverRun = (run: string): string => coverCards(run, keepLast, () => covered.inc())
    return {
      onRequest({ request }) {
        // Nobody can look into a compressed body, and a number that is cut by a range would pass in two halves.
        request.headers.set('accept-encoding', 'identity')
        request.headers.remove('range')
      },
      onResponse({ response }) {
        const encoding = response?.headers.get('content-encoding') ?? 'identity'
        if (encoding === 'identity') return undefined
        return env.reply(502, { body: `a body in ${encoding} cannot be looked at\n`, reason: 'unreadable_encoding' })
      },
      transformResponse: ({ response }) =>
        isText(response?.headers.get('content-type')) ? createTransform(coverRun) : undefined,
    }
  },
}

export default redactResponse

/** Bytes are taken as Latin-1, which gives each of them back as it was, whatever they mean. */
const createTransform = (coverRun: (run: string) => string): BodyTransform => {
  /** The run at the end of what came, which may go on in the next piece. */
  let held = ''
  /** Whether `held` is but the end of a run that is too long. */
  let isTail = false
  return (bytes, isLast) => {
    const text = held + bytes.toString('latin1')
    const openAt = isLast ? text.length : startOfLastRun(text)
    const isLong = text.length - openAt > MAX_RUN
    const cutAt = isLong ? text.length - MAX_RUN : openAt
    const doneAt = isTail ? endOfFirstRun(text) : 0
    const rest = text.slice(doneAt).replaceAll(RUN, (run) => (run.length > MAX_RUN ? run : coverRun(run)))
    held = text.slice(cutAt)
    isTail = isLong || (isTail && openAt === 0)
    return Buffer.from((text.slice(0, doneAt) + rest).slice(0, cutAt), 'latin1')
  }
}

/** Where the run begins that the text ends with; by hand, since an expression would try from every digit anew. */
const startOfLastRun = (text: string): number => {
  let at = text.length
  if (isSeparator(text[at - 1])) at--
  if (!isDigit(text[at - 1])) return text.length
  while (isDigit(text[at - 1])) {
    at--
    if (isSeparator(text[at - 1]) && isDigit(text[at - 2])) at--
  }
  return at
}

const endOfFirstRun = (text: string): number => /^[ -]?(?:\d[ -]?)*/.exec(text)?.[0].length ?? 0

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9'

const isSeparator = (char: string | undefined): boolean => char === ' ' || char === '-'

/** Covers each card number in a run: whole groups that have 13 to 19 digits together, and pass the check. */
const coverCards = (run: string, keepLast: number, onCovered: () => void): string => {
  const groups = run.split(/(?<=[ -])/)
  let out = ''
  for (let first = 0; first < groups.length; first++) {
    let last = groups.length
    while (last > first && !isCardNumber(groups.slice(first, last).join(''))) last--
    if (last > first) {
      onCovered()
      out += coverDigits(groups.slice(first, last).join(''), keepLast)
      first = last - 1
    } else out += groups[first] ?? ''
  }
  return out
}

const coverDigits = (text: string, keepLast: number): string => {
  let left = text.replaceAll(/\D/g, '').length - keepLast
  return text.replaceAll(/\d/g, (digit) => (left-- > 0 ? '*' : digit))
}

/** Luhn's check, which nine of ten numbers that are no cards fail. */
const isCardNumber = (text: string): boolean => {
  const digits = text.replaceAll(/\D/g, '')
  if (digits.length < 13 || digits.length > 19) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

const isText = (contentType: string | undefined): boolean =>
  contentType === undefined || /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i.test(contentType)
