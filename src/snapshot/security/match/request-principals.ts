import type { RequestFacts } from '../request-facts.ts'
import { compileTexts, type TextMatcher } from './texts.ts'

/** Compiles `ISSUER/SUBJECT` patterns: what each half may be is decided apart, as Istio does it. */
export const compileRequestPrincipals = (patterns: readonly string[]): ((token: RequestFacts['token']) => boolean) => {
  const pairs = patterns.map(compilePair)
  return (token) =>
    token !== undefined && pairs.some(({ issuer, subject }) => issuer(token.issuer) && subject(token.subject))
}

interface Pair {
  readonly issuer: TextMatcher
  readonly subject: TextMatcher
}

/** Issuers are URLs, so the last slash is the one between the two. */
const compilePair = (pattern: string): Pair => {
  const slash = pattern.lastIndexOf('/')
  const [issuer, subject] = slash === -1 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)]
  if (pattern === '*') return { issuer: any, subject: any }
  if (pattern.startsWith('*')) {
    return slash === -1
      ? { issuer: any, subject: endsWith(pattern.slice(1)) }
      : { issuer: issuer === '*' ? any : endsWith(issuer.slice(1)), subject: is(subject) }
  }
  if (pattern.endsWith('*')) {
    return slash === -1
      ? { issuer: beginsWith(pattern.slice(0, -1)), subject: any }
      : { issuer: is(issuer), subject: subject === '*' ? any : beginsWith(subject.slice(0, -1)) }
  }
  return { issuer: is(issuer), subject: is(subject) }
}

const any = compileTexts(['*'])
const is =
  (wanted: string): TextMatcher =>
  (text) =>
    text === wanted
const beginsWith =
  (prefix: string): TextMatcher =>
  (text) =>
    text?.startsWith(prefix) === true
const endsWith =
  (suffix: string): TextMatcher =>
  (text) =>
    text?.endsWith(suffix) === true
