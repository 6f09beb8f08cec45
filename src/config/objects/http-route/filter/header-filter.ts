import { refuseRequestChanges } from '../../../../filter/request-changes.ts'
import type { Issue } from '../../../../lib/decoded.ts'
import * as s from '../../../../lib/schema.ts'
import { fieldName } from '../../token.ts'

/** Headers that frame the message: a route that changed them would break the connection. */
const framing = new Set([
  ...[
    'connection',
    'content-length',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
])

const headerName = s.refine(fieldName, (value, path) =>
  framing.has(value.toLowerCase())
    ? [
        {
          message: 'cannot be changed by a route',
          path,
          found: value,
          expected: 'a header that does not frame the message',
        },
      ]
    : [],
)

const header = s.object({
  name: headerName,
  value: s.string({
    maxLength: 4096,
    pattern: /[!-~]+(?:[ \t]+[!-~]+)*/,
    describe: 'a header value of visible ASCII, with spaces and tabs only inside',
  }),
})

const headers = s.withDefault(s.array(header, { maxItems: 16 }), [])

/** HTTPHeaderFilter, which requests and responses share. */
export const headerFilter = s.refine(
  s.object({ set: headers, add: headers, remove: s.withDefault(s.array(headerName, { maxItems: 16 }), []) }),
  ({ set, add, remove }, path): readonly Issue[] => {
    const names = [...set.map((item) => item.name), ...add.map((item) => item.name), ...remove].map((n) =>
      n.toLowerCase(),
    )
    return names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((found) => ({ message: 'header is changed twice', path, found, expected: 'one action per header' }))
  },
)

/** The same for requests, of which not everything can be changed. */
export const requestHeaderFilter = s.refine(headerFilter, refuseRequestChanges)
