import { schema } from 'fairway/filter'
import type { Schema } from 'fairway/filter'
import { token } from '../field-name.ts'
import { corsOrigin } from './origins.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', '*'] as const

const headerName = token('an HTTP header name, or *')

/** The lists of the API are sets. */
const setOf = <T extends string>(items: Schema<T>, maxItems: number): Schema<readonly T[]> =>
  schema.refine(schema.array(items, { maxItems }), (values, path) => {
    const found = values.find((value, index) => values.indexOf(value) !== index)
    return found === undefined ? [] : [{ message: 'is given twice', path, found, expected: 'each value once' }]
  })

/** Beside "all of them" nothing else has a meaning; the API server refuses it as well. */
const orAll = <T extends string>(list: Schema<readonly T[]>): Schema<readonly T[]> =>
  schema.refine(list, (values, path) =>
    values.length > 1 && values.some((value) => value === '*')
      ? [{ message: '* stands beside others', path, found: values.join(', '), expected: '* alone, or others' }]
      : [],
  )

/** HTTPCORSFilter, as an HTTPRoute has it under `cors`. */
export const corsConfig = schema.object({
  allowOrigins: schema.documented(
    schema.withDefault(orAll(setOf(corsOrigin, 64)), []),
    'Whose pages may read responses; without any, none may.',
  ),
  allowCredentials: schema.documented(
    schema.withDefault(schema.boolean(), false),
    'Whether requests may carry cookies and the like.',
  ),
  allowMethods: schema.documented(
    schema.withDefault(orAll(setOf(schema.oneOf(methods), 9)), []),
    'Methods beside GET, HEAD and POST, which need no permission.',
  ),
  allowHeaders: schema.documented(
    schema.withDefault(orAll(setOf(headerName, 64)), []),
    'Request headers that a page may set.',
  ),
  exposeHeaders: schema.documented(
    schema.withDefault(setOf(headerName, 64), []),
    'Response headers that a page may read.',
  ),
  maxAge: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: 2_147_483_647 }), 5),
    'How many seconds a browser may keep the answer to a preflight.',
  ),
})

export type CorsConfig = schema.ValueOf<typeof corsConfig>
