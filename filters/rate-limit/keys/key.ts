import { hash } from 'node:crypto'
import { claimValues, findCookie } from 'fairway/filter'
import type { Exchange } from 'fairway/filter'
import type { KeyPart } from './key-config.ts'
import { compileTemplate } from './path-template.ts'

/** Longer ones are hashed: what is remembered of a client must not grow with what it sends. */
const LONGEST = 200
/** Neither can stand in a header. */
const SEPARATOR = '\u0000'
const ABSENT = '\u0001'

/** Reads one value of a request; `undefined` where there is none. */
export type ReadPart = (exchange: Exchange) => string | undefined

/** Makes what reads a part of a key. */
export const compilePart = (part: KeyPart): ReadPart => {
  switch (part.type) {
    case 'SourceIdentity':
      return ({ source }) => source.principal
    case 'SourceNamespace':
      return ({ source }) => source.namespace
    case 'SourceAddress':
      return ({ source }) => source.address
    case 'Method':
      return ({ request }) => request.method
    case 'Host':
      return ({ request }) => request.authority.toLowerCase()
    case 'Path':
      return ({ request }) => request.path
    case 'Header': {
      const name = part.name.toLowerCase()
      return ({ request }) => request.headers.get(name)
    }
    case 'Cookie':
      return ({ request }) => findCookie(request.headers, part.name, (value) => value)
    case 'Claim': {
      const nested = part.name.split('.')
      return ({ request: { token } }) => {
        if (token === undefined) return undefined
        const values = claimValues(token, [part.name])
        const found = values.length === 0 && nested.length > 1 ? claimValues(token, nested) : values
        return found.length === 0 ? undefined : found.join(' ')
      }
    }
    case 'PathTemplate': {
      const templates = part.templates.map((template) => ({ template, fits: compileTemplate(template) }))
      return ({ request: { path } }) => templates.find(({ fits }) => fits(path))?.template
    }
  }
}

/**
 * Makes what says whom a request counts for. A value that is not there counts like a value of its own: leaving a header
 * out is no way around a limit.
 */
export const compileKey = (parts: readonly KeyPart[]): ((exchange: Exchange) => string) => {
  const readers = parts.map((part) => compilePart(part))
  const [first] = readers
  if (first === undefined) return () => ''
  if (readers.length === 1) return (exchange) => bounded(first(exchange) ?? ABSENT)
  return (exchange) => {
    let key = ''
    for (const read of readers) key += (read(exchange) ?? ABSENT) + SEPARATOR
    return bounded(key)
  }
}

const NAMES = {
  SourceIdentity: 'source_identity',
  SourceNamespace: 'source_namespace',
  SourceAddress: 'remote_address',
  Method: 'method',
  Host: 'host',
  Path: 'path',
  PathTemplate: 'path_template',
} as const

/** The parts apart, with names that a rate limit service is configured with; what is not there is `-`. */
export const compileEntries = (
  parts: readonly KeyPart[],
): ((exchange: Exchange) => readonly (readonly [name: string, value: string])[]) => {
  const readers = parts.map((part) => ({
    name: 'name' in part ? part.name : NAMES[part.type],
    read: compilePart(part),
  }))
  return (exchange) =>
    readers.map(({ name, read }) => {
      const value = read(exchange) ?? ''
      return [name, value === '' ? '-' : value]
    })
}

const bounded = (key: string): string => (key.length > LONGEST ? hash('sha256', key, 'base64url') : key)
