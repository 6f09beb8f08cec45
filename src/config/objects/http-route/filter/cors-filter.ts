import type { Issue } from '../../../../lib/decoded.ts'
import * as s from '../../../../lib/schema.ts'
import { token } from '../../token.ts'

/** Lists of the API are sets. */
const setOf = <T extends string>(items: s.Schema<T>, maxItems: number): s.Schema<readonly T[]> =>
  s.refine(s.array(items, { maxItems }), (values, path): readonly Issue[] => {
    const twice = values.find((value, index) => values.indexOf(value) !== index)
    return twice === undefined ? [] : [{ message: 'is given twice', path, found: twice, expected: 'each value once' }]
  })

/** `*` says everything already; only `exposeHeaders` may have others beside it. */
const orAll = <T extends string>(list: s.Schema<readonly T[]>): s.Schema<readonly T[]> =>
  s.refine(list, (values, path): readonly Issue[] =>
    values.length > 1 && values.some((value) => value === '*')
      ? [
          {
            message: '* beside other values',
            path,
            found: values.join(', '),
            expected: '* alone, or values without it',
          },
        ]
      : [],
  )

/** CORSOrigin: `*` for any, else a scheme and a host, whose first labels `*.` may stand for. */
const origin = s.refine(
  s.string({
    maxLength: 253,
    pattern: /\*|https?:\/\/(?:\*|(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::[0-9]{1,5})?/,
    describe: '* or an origin like https://example.com, https://*.example.com or http://example.com:8080',
  }),
  (found, path) => {
    const port = /:([0-9]+)$/.exec(found)?.[1]
    return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)
      ? []
      : [{ message: 'has no such port', path, found, expected: 'a port from 1 to 65535' }]
  },
)

const method = s.oneOf(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', '*'])

const headerName = token('an HTTP header name or *')

/** HTTPCORSFilter. */
export const cors = s.object({
  allowOrigins: s.optional(orAll(setOf(origin, 64))),
  allowCredentials: s.optional(s.boolean()),
  allowMethods: s.optional(orAll(setOf(method, 9))),
  allowHeaders: s.optional(orAll(setOf(headerName, 64))),
  exposeHeaders: s.optional(setOf(headerName, 64)),
  maxAge: s.optional(s.integer({ min: 1, max: 2_147_483_647 })),
})
