import { nearestWord } from '../../../lib/nearest.ts'
import type { TextFault } from '../check-expression.ts'
import type { LogFormat, LogLabel, LogLabels } from '../telemetry-provider.ts'
import { operators, otherOperators, type OperatorName, type OperatorRule } from './operators.ts'

/** A piece of a format: text as it is, or an operator in the place of which a value comes. */
export type FormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'operator'
      readonly name: OperatorName
      readonly argument: string | undefined
      /** Longer values are cut to so many characters. */
      readonly maxLength: number | undefined
    }

/** The parts of a format, or what is wrong with it. */
export type ParsedFormat =
  | { readonly ok: true; readonly parts: readonly FormatPart[] }
  | { readonly ok: false; readonly fault: TextFault }

/** Longer formats, and more operators, are a mistake. */
const MAX_FORMAT = 16_384
/** How deep labels may lie in others. */
const MAX_DEPTH = 8
const MAX_LABELS = 200

const OPERATOR = /%([A-Z][A-Z0-9_]*)(?:\(([^]*?)\)(?=%|:[0-9]{1,5}%))?(?::([0-9]{1,5}))?%/y

/**
 * Reads a format as Envoy has it: `%COMMAND%`, `%COMMAND(ARGUMENT):MAX_LENGTH%`, and `%%` for a percent sign
 * (MeshConfig `accessLogFormat`, `envoyFileAccessLog.logFormat`).
 */
export const parseLogFormat = (text: string): ParsedFormat => {
  if (text.length > MAX_FORMAT) return fail(`longer than ${MAX_FORMAT} characters`, MAX_FORMAT)
  const parts: FormatPart[] = []
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('%', at)
    const end = next === -1 ? text.length : next
    if (end > at) addText(parts, text.slice(at, end))
    if (next === -1) break
    if (text[next + 1] === '%') {
      addText(parts, '%')
      at = next + 2
      continue
    }
    const found = readOperator(text, next)
    if ('fault' in found) return { ok: false, fault: found.fault }
    parts.push(found.part)
    at = found.end
  }
  return { ok: true, parts }
}

const fail = (message: string, at: number): { readonly ok: false; readonly fault: TextFault } => ({
  ok: false,
  fault: { message, column: at + 1 },
})

const addText = (parts: FormatPart[], text: string): void => {
  const last = parts.at(-1)
  if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + text }
  else parts.push({ kind: 'text', text })
}

const readOperator = (
  text: string,
  at: number,
): { readonly part: FormatPart; readonly end: number } | { readonly fault: TextFault } => {
  OPERATOR.lastIndex = at
  const found = OPERATOR.exec(text)
  if (found === null) {
    const shown = text.slice(at, at + 20)
    return fail(`${shown} is no %OPERATOR% that ends with %: write %% for a percent sign`, at)
  }
  const [whole, name = '', argument, length] = found
  if (!isOperator(name)) return fail(explainUnknown(name), at)
  const rule: OperatorRule = operators[name]
  const problem = findProblem(rule, argument)
  if (problem !== undefined) return fail(`%${name}% wants ${problem}`, at)
  const maxLength = length === undefined ? undefined : Number(length)
  return { part: { kind: 'operator', name, argument, maxLength }, end: at + whole.length }
}

const isOperator = (name: string): name is OperatorName => Object.hasOwn(operators, name)

const explainUnknown = (name: string): string => {
  const instead = Object.hasOwn(otherOperators, name) ? otherOperators[name] : undefined
  if (instead !== undefined) return `%${name}% is not known of exchanges here: use ${instead}`
  const nearest = nearestWord(name, Object.keys(operators))
  return `%${name}% is no operator that is known here${nearest === undefined ? '' : `: did you mean %${nearest}%?`}`
}

const findProblem = ({ argument: wanted, check }: OperatorRule, argument: string | undefined): string | undefined => {
  if (wanted === 'none') return argument === undefined ? undefined : 'no argument'
  if (argument === undefined || argument === '') return wanted === 'required' ? 'an argument in parentheses' : undefined
  return check?.(argument)
}

/** What is wrong with a whole format, and under which label; `undefined`: nothing. */
export const findFormatFault = (format: LogFormat): (TextFault & { readonly label?: string }) | undefined => {
  if (format.kind === 'labels') return findLabelFault(format.labels ?? {}, '', { count: 0, depth: 0 })
  const parsed = parseLogFormat(format.text)
  return parsed.ok ? undefined : parsed.fault
}

interface LabelTally {
  count: number
  depth: number
}

const findLabelFault = (
  label: LogLabel | LogLabels,
  path: string,
  tally: LabelTally,
): (TextFault & { readonly label?: string }) | undefined => {
  const named = path === '' ? {} : { label: path }
  if (++tally.count > MAX_LABELS) return { message: `more than ${MAX_LABELS} labels`, column: 1, ...named }
  if (typeof label === 'string') {
    const parsed = parseLogFormat(label)
    return parsed.ok ? undefined : { ...parsed.fault, ...named }
  }
  if (typeof label !== 'object') return undefined
  if (++tally.depth > MAX_DEPTH)
    return { message: `more than ${MAX_DEPTH} labels inside each other`, column: 1, ...named }
  for (const [key, value] of Object.entries(label)) {
    const below = Array.isArray(label) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const fault = findLabelFault(value, below, tally)
    if (fault !== undefined) return fault
  }
  tally.depth--
  return undefined
}
