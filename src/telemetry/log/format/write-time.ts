import {
  DEFAULT_TIME,
  parseTimeFormat,
  type TimeField,
  type TimePiece,
} from '../../../model/telemetry/log/time-format.ts'

/**
 * Writes times (milliseconds since the epoch) in UTC by a format of strftime. All but fractions is the same for a whole
 * second, and is kept that long; so is all of it for a millisecond.
 */
export const createTimeWriter = (format: string = DEFAULT_TIME): ((epochMs: number) => string) => {
  const parsed = parseTimeFormat(format)
  const pieces = mergePieces(parsed.ok ? parsed.pieces : [])
  let second = Number.NaN
  let texts: readonly string[] = []
  let moment = Number.NaN
  let text = ''
  return (epochMs) => {
    if (epochMs === moment) return text
    moment = epochMs
    const now = Math.floor(epochMs / 1000)
    if (now !== second) {
      second = now
      const date = new Date(now * 1000)
      texts = pieces.map((group) => (group.kind === 'fraction' ? '' : writeGroup(group.pieces, date)))
    }
    let line = ''
    for (let i = 0; i < pieces.length; i++) {
      const group = pieces[i]
      line += group?.kind === 'fraction' ? writeFraction(epochMs - now * 1000, group.digits) : (texts[i] ?? '')
    }
    text = line
    return line
  }
}

type Group =
  | Extract<TimePiece, { kind: 'fraction' }>
  | { readonly kind: 'steady'; readonly pieces: readonly Exclude<TimePiece, { kind: 'fraction' }>[] }

/** What stays for a second stands together. */
const mergePieces = (pieces: readonly TimePiece[]): readonly Group[] => {
  const groups: Group[] = []
  for (const piece of pieces) {
    if (piece.kind === 'fraction') {
      groups.push(piece)
      continue
    }
    const last = groups.at(-1)
    if (last?.kind === 'steady') groups[groups.length - 1] = { kind: 'steady', pieces: [...last.pieces, piece] }
    else groups.push({ kind: 'steady', pieces: [piece] })
  }
  return groups
}

/** We know milliseconds: what is finer is 0. */
const writeFraction = (ms: number, digits: number): string => {
  const whole = Math.floor(ms)
  const three = whole > 99 ? `${whole}` : whole > 9 ? `0${whole}` : `00${whole}`
  return digits === 3 ? three : three.padEnd(9, '0').slice(0, digits)
}

const writeGroup = (pieces: readonly Exclude<TimePiece, { kind: 'fraction' }>[], date: Date): string =>
  pieces.map((piece) => (piece.kind === 'text' ? piece.text : writeField[piece.field](date))).join('')

const two = (number: number): string => String(number).padStart(2, '0')

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July'].concat([
  'August',
  'September',
  'October',
  'November',
  'December',
])
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

const DAY_MS = 86_400_000

const writeField: Readonly<Record<TimeField, (date: Date) => string>> = {
  Y: (date) => String(date.getUTCFullYear()),
  y: (date) => two(date.getUTCFullYear() % 100),
  m: (date) => two(date.getUTCMonth() + 1),
  d: (date) => two(date.getUTCDate()),
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(date.getUTCHours() % 12 || 12),
  M: (date) => two(date.getUTCMinutes()),
  S: (date) => two(date.getUTCSeconds()),
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  j: (date) => {
    const day = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / DAY_MS) + 1
    return String(day).padStart(3, '0')
  },
  b: (date) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()] ?? '',
  a: (date) => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()] ?? '',
  Z: () => 'UTC',
  z: () => '+0000',
  s: (date) => String(Math.floor(date.getTime() / 1000)),
}
