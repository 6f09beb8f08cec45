import { refuseRequestChanges, schema } from 'fairway/filter'
import type { Exchange, FilterDefinition, HeaderList, Issue } from 'fairway/filter'
import { changesBy, headerName, headerValue } from '../header-changes.ts'
import { compileTemplate, templateOf, type Template } from './template.ts'

const template = templateOf(headerValue)

const pairs = schema.array(
  schema.object({
    name: schema.documented(headerName, 'Of the header, in any case.'),
    value: schema.documented(template, 'Text, and in braces what is put in its place: {claims[email]}.'),
    default: schema.documented(
      schema.optional(template),
      'In place of a value that names what is not there. Left out: the header is not there either.',
    ),
  }),
  { maxItems: 16 },
)

const changes = changesBy(pairs)

type Changes = schema.ValueOf<typeof changes>

const refuseHost = ({ set }: Changes, path: string): readonly Issue[] =>
  set
    .filter(({ name }) => name.toLowerCase() === 'host')
    .map(({ value }) => ({ message: 'is not set here', path, found: value, expected: 'URLRewrite with hostname' }))

const config = schema.refine(
  schema.object({
    request: schema.documented(
      schema.optional(schema.refine(schema.refine(changes, refuseHost), refuseRequestChanges)),
      'What is done to the headers of requests.',
    ),
    response: schema.documented(schema.optional(changes), 'What is done to the headers of responses.'),
  }),
  ({ request, response }, path) =>
    (request ?? response) === undefined
      ? [{ message: 'nothing to change', path, found: 'nothing', expected: 'request or response' }]
      : [],
)

type HeaderTransformConfig = schema.ValueOf<typeof config>

/** Writes headers from what is known of the caller, its token and the message: templates in place of fixed texts. */
const headerTransform: FilterDefinition<HeaderTransformConfig> = {
  kind: 'HeaderTransform',
  stage: 'shape',
  config,
  create: ({ request, response }) => {
    const changeRequest = request === undefined ? undefined : createChanger(request)
    const changeResponse = response === undefined ? undefined : createChanger(response)
    return {
      ...(changeRequest === undefined
        ? {}
        : { onRequest: (exchange) => changeRequest(exchange.request.headers, exchange) }),
      ...(changeResponse === undefined
        ? {}
        : {
            onResponse: (exchange) => {
              if (exchange.response !== undefined) changeResponse(exchange.response.headers, exchange)
            },
          }),
    }
  },
}

type Changer = (headers: HeaderList, exchange: Exchange) => void

/** A header to be set whose value cannot be made is removed: what a client sent in its place must not count for it. */
const createChanger = (changed: Changes): Changer => {
  const set = changed.set.map(compilePair)
  const add = changed.add.map(compilePair)
  const remove = changed.remove.map((name) => name.toLowerCase())
  return (headers, exchange) => {
    for (const { name, read } of set) {
      const value = read(exchange)
      headers.removeAlike(name)
      if (value !== undefined) headers.setLower(name, value)
    }
    for (const { name, read } of add) {
      const value = read(exchange)
      if (value !== undefined) headers.add(name, value)
    }
    for (const name of remove) headers.removeLower(name)
  }
}

const compilePair = (pair: Changes['set'][number]): { readonly name: string; readonly read: Template } => {
  const name = pair.name.toLowerCase()
  const read = compiled(pair.value)
  if (pair.default === undefined) return { name, read }
  const instead = compiled(pair.default)
  return { name, read: (exchange) => read(exchange) ?? instead(exchange) }
}

/** The schema has let it pass. */
const compiled = (text: string): Template => {
  const made = compileTemplate(text)
  return typeof made === 'function' ? made : () => undefined
}

export default headerTransform
