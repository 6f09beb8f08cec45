import { schema } from 'fairway/filter'
import type { Schema } from 'fairway/filter'

/** A client with the hash of what it shows. */
export interface Credential {
  readonly client: string
  readonly hash: string
}

/** The fields of a filter that knows clients by what they show; `hash` is the schema of its hashes. */
export const credentialFields = (hash: Schema<string>) => ({
  credentials: schema.documented(
    schema.withDefault(
      schema.array(
        schema.object({
          client: schema.documented(
            schema.string({
              minLength: 1,
              maxLength: 253,
              pattern: /[!-~]+/,
              describe: 'visible ASCII without spaces',
            }),
            'The name of the client.',
          ),
          hash: schema.documented(hash, 'The hash of what the client shows, with its algorithm before it: {SHA256}….'),
        }),
      ),
      [],
    ),
    'Clients, with hashes of what they show.',
  ),
  secretRefs: schema.documented(
    schema.withDefault(
      schema.array(
        schema.object({
          name: schema.documented(schema.string({ minLength: 1, maxLength: 253 }), 'Of a Secret of this namespace.'),
        }),
        { maxItems: 16 },
      ),
      [],
    ),
    'Secrets that have more of them.',
  ),
})

/** Somebody has to be known, or nobody could call. */
export const refuseNobody = <
  T extends { readonly credentials: readonly unknown[]; readonly secretRefs: readonly unknown[] },
>(
  config: Schema<T>,
): Schema<T> =>
  schema.refine(config, ({ credentials, secretRefs }, path) =>
    credentials.length + secretRefs.length === 0
      ? [{ message: 'no client is named', path, found: 'nothing', expected: 'credentials or secretRefs' }]
      : [],
  )
