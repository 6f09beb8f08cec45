import type { Exchange } from 'fairway/filter'
import type { RequestMatch } from './match-config.ts'
import { compileTemplate } from './path-template.ts'

/** Whether a request is one that a limit is for. */
export type Matches = (exchange: Exchange) => boolean

/** Makes the question; `undefined` when it is always yes. */
export const compileMatches = (matches: readonly RequestMatch[]): Matches | undefined => {
  if (matches.length === 0) return undefined
  const compiled = matches.map((match) => compileOne(match))
  return (exchange) => compiled.some((tests) => tests.every((test) => test(exchange)))
}

const compileOne = (match: RequestMatch): readonly Matches[] => {
  const { methods, path, headers = [], sourceIdentities, sourceNamespaces } = match
  const tests: Matches[] = []
  if (methods !== undefined) tests.push(({ request }) => methods.includes(request.method))
  if (path !== undefined) {
    const fits = compilePath(path)
    tests.push(({ request }) => fits(request.path))
  }
  for (const { name, value } of headers) {
    tests.push(({ request }) => {
      const found = request.headers.get(name)
      return value === undefined ? found !== undefined : found === value
    })
  }
  if (sourceIdentities !== undefined) tests.push(({ source }) => includes(sourceIdentities, source.principal))
  if (sourceNamespaces !== undefined) tests.push(({ source }) => includes(sourceNamespaces, source.namespace))
  return tests
}

const compilePath = ({ type, value }: NonNullable<RequestMatch['path']>): ((path: string) => boolean) => {
  switch (type) {
    case 'Exact':
      return (path) => path === value
    case 'PathPrefix': {
      const prefix = value.endsWith('/') ? value : `${value}/`
      return (path) => path.startsWith(prefix) || `${path}/` === prefix
    }
    case 'Template':
      return compileTemplate(value)
  }
}

const includes = (values: readonly string[], value: string | undefined): boolean =>
  value !== undefined && values.includes(value)
