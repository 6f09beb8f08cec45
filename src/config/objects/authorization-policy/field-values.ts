import { parseCidr } from '../../../lib/addresses/cidr.ts'
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { PolicyField } from '../../../model/security/authorization.ts'
import { isPathTemplate, parsePathTemplate } from '../../../model/security/path-template.ts'

const text = s.string({ minLength: 1 })

const refineText = (check: (value: string) => string | undefined): s.Schema<string> =>
  s.refine(text, (value, path): readonly Issue[] => {
    const expected = check(value)
    return expected === undefined ? [] : [{ message: 'wrong value', path, found: s.formatFound(value), expected }]
  })

const ipBlock = refineText((value) => (parseCidr(value) === undefined ? 'an IP address or a CIDR range' : undefined))

const port = refineText((value) =>
  /^[1-9][0-9]{0,4}$/.test(value) && Number(value) <= 65_535 ? undefined : 'a port number from 1 to 65535, as a string',
)

const path = refineText((value) => {
  if (isPathTemplate(value)) {
    const template = parsePathTemplate(value)
    return typeof template === 'string' ? `a path template: ${template}` : undefined
  }
  return /[{}]/.test(value) ? 'a path without { and }, other than {*} and {**}' : undefined
})

/** `NAME` or `NAMESPACE/NAME`, as long as both together may be. */
const serviceAccount = s.string({
  minLength: 1,
  maxLength: 320,
  pattern: /[^*/]+(\/[^*/]+)?/,
  describe: 'NAME or NAMESPACE/NAME of a service account, without wildcards',
})

/** How a single value of a field is read. */
export const valueSchemaOf = ({ kind }: PolicyField): s.Schema<string> => {
  switch (kind) {
    case 'source.ip':
    case 'remote.ip':
    case 'destination.ip':
      return ipBlock
    case 'destination.port':
      return port
    case 'source.serviceAccount':
      return serviceAccount
    case 'request.path':
      return path
    case 'source.principal':
    case 'source.namespace':
    case 'source.trustDomain':
    case 'request.auth.principal':
    case 'request.auth.audiences':
    case 'request.auth.presenter':
    case 'request.auth.claims':
    case 'request.headers':
    case 'request.experimental.inline.headers':
    case 'request.host':
    case 'request.method':
    case 'connection.sni':
      return text
  }
}
