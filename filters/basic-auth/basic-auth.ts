import { schema } from 'fairway/filter'
import type { FilterDefinition, Reply } from 'fairway/filter'
import { credentialFields, refuseNobody } from '../credentials/credentials.ts'
import { fieldName } from '../field-name.ts'
import { readPasswordHash, type PasswordCheck } from './password-hash.ts'

const hash = schema.refine(
  schema.string({
    pattern: /\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]+={0,2}/,
    describe: '{SSHA512} or one of {SSHA256}, {SSHA}, {SHA512}, {SHA256}, {SHA}, and a hash in base64',
    secret: true,
  }),
  (text, path) =>
    readPasswordHash(text) === undefined
      ? [{ message: 'a hash of another length', path, found: '(not shown)', expected: 'one that its algorithm makes' }]
      : [],
)

const config = refuseNobody(
  schema.object({
    realm: schema.documented(
      schema.withDefault(
        schema.string({ minLength: 1, maxLength: 128, pattern: /[ !#-[\]-~]+/, describe: 'ASCII without " and \\' }),
        'fairway',
      ),
      'What a browser shows when it asks for the password.',
    ),
    ...credentialFields(hash),
    userHeader: schema.documented(
      schema.optional(fieldName),
      'The header that tells the Service who it is. What a client writes there is dropped.',
    ),
    forwardAuthorization: schema.documented(
      schema.withDefault(schema.boolean(), false),
      'Whether the Service sees the password.',
    ),
  }),
)

type BasicAuthConfig = schema.ValueOf<typeof config>

/** Knows users by name and password (RFC 7617), of which it has only hashes. */
const basicAuth: FilterDefinition<BasicAuthConfig> = {
  kind: 'BasicAuth',
  stage: 'identify',
  config,
  create: ({ realm, credentials, userHeader, forwardAuthorization }, env) => {
    const checks = new Map(credentials.map(({ client, hash: text }) => [client, readPasswordHash(text) ?? nobody]))
    const [first = nobody] = checks.values()
    const header = userHeader?.toLowerCase()
    const refuse = (reason: string, body: string): Reply =>
      env.reply(401, {
        headers: [
          ['www-authenticate', `Basic realm="${realm}", charset="UTF-8"`],
          ['content-type', 'text/plain'],
        ],
        body: `User authentication failed. ${body}`,
        reason,
      })
    const missing = refuse('no_credential_for_basic_auth', 'Missing username and password.')
    const malformed = refuse('invalid_format_for_basic_auth', 'Invalid basic credential.')
    const wrong = refuse('invalid_credential_for_basic_auth', 'Invalid username/password combination.')
    return {
      onRequest: ({ request }) => {
        const { headers } = request
        if (header !== undefined) headers.removeAlike(header)
        const written = headers.getLower('authorization')
        if (written === undefined) return missing
        const login = readLogin(written)
        if (login === undefined) return malformed
        const check = checks.get(login.user)
        // A user that there is not takes as long as one that there is.
        if (!(check ?? first)(login.password) || check === undefined) return wrong
        if (!forwardAuthorization) headers.removeLower('authorization')
        if (header !== undefined) headers.setLower(header, login.user)
        return undefined
      },
    }
  },
}

const nobody: PasswordCheck = () => false

/** Longer ones are nobody's. */
const MAX_LENGTH = 4096

const readLogin = (written: string): { readonly user: string; readonly password: string } | undefined => {
  const [, encoded] = written.length > MAX_LENGTH ? [] : (/^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(written) ?? [])
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  return colon <= 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

export default basicAuth
